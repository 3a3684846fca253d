import { z } from 'zod';
import { isStateSeverityKey } from '../domain-state/severity.ts';
import { stateKeys } from '../domain-state/state-text.ts';
import { isEventSeverityKey } from '../events/event-severity.ts';
import { eventKindByName } from './event-names.ts';
import {
  absolutePath,
  agentxAddress,
  choice,
  contextNames,
  eventNames,
  flag,
  fractionalSeconds,
  integer,
  type Kind,
  libvirtUri,
  oid,
  patterns,
  selectors,
  wholeSeconds,
} from './setting-kinds.ts';
import { didYouMean } from './suggest.ts';

/**
 * Every setting: its place in the TOML file, type, default, limits and help text. Tables in the documentation,
 * `--help`, the options and the environment variables are all made from it.
 */

/** What people are told of a setting beside its kind. */
interface SettingText {
  readonly help: string;
  /** Long option of the command line, for the settings people change often. */
  readonly flag?: string;
}

/** One row of the table. */
export interface SettingRow<S extends z.ZodType = z.ZodType> extends Omit<Kind<S>, 'schema'>, SettingText {
  readonly schema: S;
  /** As it would stand in the file; undefined if there is none. */
  readonly fallback: unknown;
}

function setting<O, I>(
  kind: Kind<z.ZodType<O, I>>,
  fallback: NoInfer<I>,
  text: SettingText,
): SettingRow<z.ZodPrefault<z.ZodType<O, I>>> {
  return { ...kind, ...text, schema: kind.schema.prefault(fallback as never), fallback };
}

/** A setting whose default is found at run time. */
function optional<O, I>(
  kind: Kind<z.ZodType<O, I>>,
  text: SettingText,
): SettingRow<z.ZodOptional<z.ZodType<O, I>>> {
  return { ...kind, ...text, schema: kind.schema.optional(), fallback: undefined };
}

const defaultEvents = [
  'defined',
  'undefined',
  'reboot',
  'watchdog',
  'io-error',
  'io-error-reason',
  'control-error',
  'block-job',
  'block-job-2',
  'disk-change',
  'device-removal-failed',
  'memory-failure',
  'nic-mac-change',
  'vcpu-removed',
  'events-lost',
];

/** The kernel's counters of KVM: some fifty a vCPU, of use to developers of hypervisors. */
const defaultStatExclude = ['^vcpu\\.\\d+\\..*\\.(sum|cur|max)$', '^vm\\..*\\.(sum|cur|max)$'];

/** The settings by section, in the order of the documentation. */
export const sections = {
  libvirt: {
    uri: optional(libvirtUri(), {
      help: 'Connection to libvirt. Default: LIBVIRT_DEFAULT_URI, else qemu:///system.',
      flag: 'uri',
    }),
    read_write: setting(flag(), false, {
      help: 'Open one more, read-write connection. Needed for guest agent data (selectors guest, fs_info) only; it is as powerful as root.',
    }),
    call_timeout: setting(fractionalSeconds(0.1, 300), 3, {
      help: 'A call that is not answered within this time is given up, and its domain left alone until it is answered.',
    }),
    batch_size: setting(integer(1, 100, 'domains'), 20, {
      help: 'Domains asked for in one call.',
    }),
    calls_in_flight: setting(integer(1, 8, 'calls'), 2, {
      help: 'Statistics calls under way at a time.',
    }),
    max_unanswered_calls: setting(integer(1, 20, 'calls'), 3, {
      help: 'With this many unanswered calls, only calls that cannot block are made.',
    }),
    control_grace: setting(fractionalSeconds(0, 60), 1, {
      help: 'A domain whose control interface is busy for longer is asked only for what needs no hypervisor process.',
    }),
  },
  collect: {
    interval: setting(wholeSeconds(1, 3600), 10, {
      help: 'Time between two refreshes.',
      flag: 'interval',
    }),
    retention: setting(wholeSeconds(0, 604_800), 600, {
      help: 'How long the row of a domain that ceased to exist is kept.',
    }),
    extra_stats: setting(selectors(), ['default'], {
      help: 'Selectors of statistics (see docs/configuration.md); "default", "all" and "none" stand for sets, -name takes one out.',
      flag: 'extra-stats',
    }),
    stat_exclude: setting(patterns(), defaultStatExclude, {
      help: 'Parameters that lveStatTable leaves out (regular expressions on their names).',
    }),
    affinity: setting(choice(['dense', 'compact', 'off']), 'compact', {
      help: 'vmCpuAffinityTable: a row for each vCPU and host CPU (dense), only for CPUs a vCPU may run on and only where it is pinned (compact), or none (off).',
    }),
    include: setting(patterns(), [], {
      help: 'Monitor only domains whose name matches one of these regular expressions; empty is all.',
    }),
    exclude: setting(patterns(), [], {
      help: 'Do not monitor domains whose name matches one of these regular expressions.',
    }),
  },
  intervals: {
    inventory: setting(wholeSeconds(5, 86_400), 60, {
      help: 'Definitions: pace of re-reading them where no event announced a change, and of asking again for statistics that a domain has nothing in (IOThreads, dirty rate).',
    }),
    pinning: setting(wholeSeconds(1, 86_400), 30, {
      help: 'vCPU, emulator and IOThread pinning.',
    }),
    disk_errors: setting(wholeSeconds(1, 86_400), 10, { help: 'Disks in error.' }),
    jobs: setting(wholeSeconds(1, 86_400), 10, {
      help: 'Job statistics and block jobs.',
    }),
    guest_agent: setting(wholeSeconds(5, 86_400), 60, { help: 'Guest agent data.' }),
    snapshots: setting(wholeSeconds(5, 86_400), 300, {
      help: 'Snapshots, checkpoints, messages.',
    }),
    tuning: setting(wholeSeconds(5, 86_400), 60, {
      help: 'Limits of disks and interfaces, scheduler parameters.',
    }),
    pools: setting(wholeSeconds(5, 86_400), 60, { help: 'Storage pools.' }),
    networks: setting(wholeSeconds(5, 86_400), 60, { help: 'Virtual networks.' }),
    host: setting(wholeSeconds(5, 86_400), 60, {
      help: 'Names, versions and topology of the host, NUMA cells, huge pages, KSM.',
    }),
  },
  agentx: {
    address: setting(agentxAddress(), 'unix:/var/agentx/master', {
      help: "The master agent's socket: unix:PATH or tcp:HOST:PORT (agentXSocket of snmpd.conf).",
      flag: 'agentx',
    }),
    contexts: setting(contextNames(), [], {
      help: 'SNMP contexts to register in besides the default one.',
    }),
    priority: setting(integer(1, 255), 127, {
      help: 'Registration priority (RFC 2741): the lowest number answers. For a standby agent, a higher number.',
    }),
  },
  mib: {
    root: setting(oid(), '1.3.6.1.4.1.8072.9999.9999.16514', {
      help: 'Where LIBVIRT-EXT-MIB is registered. `libvirt-agentx mib --root OID` prints the module to match.',
      flag: 'mib-root',
    }),
    vm_mib: setting(flag(), true, { help: 'Serve VM-MIB (RFC 7666) as well.' }),
    hv_object_id: setting(oid(), '1.3.6.1.4.1.36957', { help: 'vmHvObjectID.' }),
  },
  state: {
    directory: optional(absolutePath(), {
      help: 'Where indexes and the event log are kept. Default: $STATE_DIRECTORY, else /var/lib/libvirt-agentx.',
      flag: 'state-dir',
    }),
  },
  notifications: {
    enabled: setting(flag(), true, { help: 'Start value of lveNotifyEnable.' }),
    per_vm: setting(flag(), true, { help: 'Start value of vmPerVMNotificationsEnabled.' }),
    bulk: setting(flag(), true, { help: 'Start value of vmBulkNotificationsEnabled.' }),
    bulk_window: setting(fractionalSeconds(0, 60), 3, {
      help: 'Changes to the same state within this time make one bulk notification.',
    }),
    bulk_threshold: setting(integer(1, 100_000), 5, {
      help: 'With notifications per virtual machine on, a bulk notification needs this many virtual machines.',
    }),
    holdoff: setting(wholeSeconds(0, 86_400), 1, {
      help: 'Least time between two notifications that say the same about one entity. A state held off follows later.',
    }),
    max_per_minute: setting(integer(0, 100_000), 120, {
      help: 'Most notifications a minute in all; 0 is no limit.',
    }),
    queue: setting(integer(1, 100_000), 1000, {
      help: 'Notifications kept while the master is away; the oldest are dropped, and counted.',
    }),
    events: setting(eventNames(), defaultEvents, {
      help: 'Events sent as lveDomainEvent, by the names of docs/configuration.md. What has a notification of its own needs no entry.',
    }),
  },
  events: {
    max_entries: setting(integer(1, 100_000), 1000, { help: 'Entries of the event log.' }),
    max_age: setting(wholeSeconds(0, 31_536_000), 0, {
      help: 'Entries that are older are removed; 0 is no limit.',
    }),
    persistent: setting(flag(), true, { help: 'Keep the event log across restarts.' }),
  },
  log: {
    level: setting(choice(['trace', 'debug', 'info', 'warn', 'error']), 'info', {
      help: 'Least level that is logged.',
      flag: 'log-level',
    }),
    format: setting(choice(['auto', 'json', 'human']), 'auto', {
      help: 'auto is human-readable on a terminal and JSON elsewhere.',
      flag: 'log-format',
    }),
  },
} as const;

export type SectionName = keyof typeof sections;

type Shape<T> = { readonly [K in keyof T]: T[K] extends SettingRow<infer S> ? S : never };

function tableOf<const T extends Readonly<Record<string, SettingRow>>>(rows: T) {
  const shape = Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, row.schema]));
  return z.strictObject(shape as Shape<T>).prefault({} as never);
}

const severityWord = z.enum(['okay', 'warning', 'failure']);

/** Event kinds may be written as the documentation names them: `event:io-error` is `event:ioError`. */
function severityKey(key: string): string {
  const [, name, detail = ''] = /^event:([^/]*)(\/.*)?$/.exec(key) ?? [];
  return name === undefined ? key : `event:${eventKindByName.get(name) ?? name}${detail}`;
}

const severityTable = z.record(z.string(), z.unknown()).transform((given, context) => {
  const known = [
    ...stateKeys(),
    'control/error',
    ...[...eventKindByName.keys()].map((name) => `event:${name}`),
  ];
  const overrides: Record<string, z.output<typeof severityWord>> = {};
  for (const [name, value] of Object.entries(given)) {
    const key = severityKey(name);
    const severity = severityWord.safeParse(value);
    if (!isStateSeverityKey(key) && !isEventSeverityKey(key)) {
      const message = `is no state ("paused"), state with reason ("paused/ioerror") or event ("event:watchdog")${didYouMean(name, known)}`;
      context.addIssue({ code: 'custom', path: [name], message });
    } else if (!severity.success) {
      const message = `must be "okay", "warning" or "failure", not ${JSON.stringify(value)}`;
      context.addIssue({ code: 'custom', path: [name], message });
    } else {
      overrides[key] = severity.data;
    }
  }
  return overrides;
});

const labelName = 'must be 1 to 64 letters, digits, "_", "." or "-"';
const labelXpath = 'must be an XPath expression in quotes, such as "string(/domain/title)"';

const labelRules = z
  .array(
    z.strictObject({
      name: z.string({ error: labelName }).regex(/^[\w.-]{1,64}$/, { error: labelName }),
      xpath: z.string({ error: labelXpath }).min(1, { error: labelXpath }).max(1000, { error: labelXpath }),
    }),
    { error: 'must be a list of tables: [[labels]] with name and xpath' },
  )
  .max(100, { error: 'must be at most 100 rules' });

const namespaces = z.record(
  z.string().regex(/^[A-Za-z_][\w.-]*$/, { error: 'is no XML prefix' }),
  z.string({ error: 'must be the URI of a namespace in quotes' }).min(1, {
    error: 'must be the URI of a namespace in quotes',
  }),
);

/** Tables of the file whose keys are the operator's own. */
export const freeTables = {
  severity: {
    schema: severityTable.prefault({}),
    help: 'Severity of states and events, where the built-in one does not suit. Keys are a state (paused), a state with its reason ("paused/user"), "control/error", or "event:NAME"; values okay, warning or failure.',
    example: '[severity]\n"paused/user" = "okay"\n"event:watchdog" = "failure"',
  },
  labels: {
    schema: labelRules.prefault([]),
    help: 'Rules for lveLabelTable: what to take from the definition of every domain (XPath 1.0), and what to call it.',
    example: '[[labels]]\nname = "cluster"\nxpath = "string(/domain/metadata/ovirt:vm/ovirt:clusterVersion)"',
  },
  namespaces: {
    schema: namespaces.prefault({}),
    help: 'Prefixes that the rules of labels use beside nova, nova10, ovirt, ovirt-tune, libosinfo, qemu and cockpit.',
    example: '[namespaces]\nacme = "https://acme.example/vm/1.0"',
  },
} as const;

/** The whole file. */
export const fileSchema = z.strictObject({
  libvirt: tableOf(sections.libvirt),
  collect: tableOf(sections.collect),
  intervals: tableOf(sections.intervals),
  agentx: tableOf(sections.agentx),
  mib: tableOf(sections.mib),
  state: tableOf(sections.state),
  notifications: tableOf(sections.notifications),
  events: tableOf(sections.events),
  log: tableOf(sections.log),
  severity: freeTables.severity.schema,
  labels: freeTables.labels.schema,
  namespaces: freeTables.namespaces.schema,
});

export type FileContent = z.output<typeof fileSchema>;
