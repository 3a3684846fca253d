import { z } from 'zod';
import { isSeverityKey } from '../events/severity.ts';
import { eventKindByName } from './event-names.ts';
import { isStatSelector, resolveSelectors, selectorSets, statSelectorNames } from './selectors.ts';
import { didYouMean } from './suggest.ts';

/**
 * Every setting: its place in the TOML file, type, default, limits and help text. Tables in the documentation,
 * `--help`, the flags and the environment variables are all made from it.
 */

/** What the documentation and the command line need to know of a setting beside its schema. */
export interface SettingMeta {
  readonly help: string;
  readonly unit?: string;
  /** Long option of the command line, for the settings people change often. */
  readonly flag?: string;
}

const unitSeconds: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds as a number, or a text such as "10s", "5m", "1h". */
function seconds(min: number, max: number) {
  return z
    .union([z.number(), z.string()], {
      error: 'expected seconds as a number, or a text such as "10s" or "5m"',
    })
    .transform((value, context) => {
      const match =
        typeof value === 'string' ? /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)?$/.exec(value.trim()) : undefined;
      const number =
        typeof value === 'number'
          ? value
          : match === null || match === undefined
            ? Number.NaN
            : Number(match[1]) * (unitSeconds[match[2] ?? 's'] ?? 1);
      if (!(number >= min && number <= max)) {
        context.addIssue({ code: 'custom', message: `expected ${min} to ${max} seconds` });
        return z.NEVER;
      }
      return number;
    });
}

const integer = (min: number, max: number) =>
  z.number({ error: 'expected a whole number' }).int('expected a whole number').min(min).max(max);

const flag = () => z.boolean({ error: 'expected true or false' });

/** Up to the 128 sub-identifiers an OID may have, with room left for tables and indexes. */
const maxRootSubIds = 100;

const oid = () =>
  z.string({ error: 'expected an OID in quotes' }).transform((text, context): readonly number[] => {
    const subIds = text.replace(/^\./, '').split('.').map(Number);
    const valid =
      /^\.?\d+(\.\d+)+$/.test(text) &&
      subIds.length <= maxRootSubIds &&
      subIds.every((subId) => Number.isInteger(subId) && subId <= 0xffff_ffff);
    if (!valid) {
      context.addIssue({ code: 'custom', message: 'expected an OID such as "1.3.6.1.4.1.99999.1"' });
      return z.NEVER;
    }
    return subIds;
  });

const pattern = () =>
  z.string({ error: 'expected a regular expression in quotes' }).transform((text, context): RegExp => {
    try {
      return new RegExp(text);
    } catch {
      context.addIssue({ code: 'custom', message: `${JSON.stringify(text)} is not a regular expression` });
      return z.NEVER;
    }
  });

const selectors = () =>
  z.array(z.string({ error: 'expected the name of a selector' })).transform((words, context) => {
    const known = [...statSelectorNames, ...Object.keys(selectorSets)];
    for (const word of words) {
      const name = word.replace(/^-/, '');
      if (isStatSelector(name) || Object.hasOwn(selectorSets, name)) continue;
      context.addIssue({
        code: 'custom',
        message: `unknown selector ${JSON.stringify(word)}${didYouMean(name, known)}`,
      });
    }
    return resolveSelectors(words.filter((word) => known.includes(word.replace(/^-/, ''))));
  });

const events = () =>
  z.array(z.string({ error: 'expected the name of an event' })).transform((names, context) => {
    const kinds = names.map((name) => {
      const kind = eventKindByName.get(name);
      if (kind === undefined) {
        context.addIssue({
          code: 'custom',
          message: `unknown event ${JSON.stringify(name)}${didYouMean(name, eventKindByName.keys())}`,
        });
      }
      return kind;
    });
    return new Set(kinds.filter((kind) => kind !== undefined));
  });

const severities = () =>
  z
    .record(
      z.string(),
      z.enum(['okay', 'warning', 'failure'], { error: 'expected "okay", "warning" or "failure"' }),
    )
    .superRefine((overrides, context) => {
      for (const key of Object.keys(overrides)) {
        if (isSeverityKey(key)) continue;
        context.addIssue({
          code: 'custom',
          path: [key],
          message: 'expected a state ("paused"), a state and reason ("paused/ioerror") or "event:NAME"',
        });
      }
    });

function setting<T extends z.ZodType>(schema: T, meta: SettingMeta): T {
  return schema.meta({ ...meta }) as T;
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
].filter((name) => eventKindByName.has(name));

/** The kernel's counters of KVM: some fifty a vCPU, of use to developers of hypervisors. */
const defaultStatExclude = ['^vcpu\\.\\d+\\..*\\.(sum|cur|max)$', '^vm\\..*\\.(sum|cur|max)$'];

export const sections = {
  libvirt: {
    uri: setting(z.string().min(1).optional(), {
      help: 'Connection to libvirt. Default: LIBVIRT_DEFAULT_URI, else qemu:///system.',
      flag: 'uri',
    }),
    read_write: setting(flag().default(false), {
      help: 'Open one more, read-write connection. Needed for guest agent data (selectors guest, fs_info) only; it is as powerful as root.',
    }),
    call_timeout: setting(seconds(0.1, 300).default(3), {
      help: 'A call that is not answered within this time is given up, and its domain left alone until it is answered.',
      unit: 'seconds',
    }),
    batch_size: setting(integer(1, 100).default(20), {
      help: 'Domains asked for in one call.',
      unit: 'domains',
    }),
    calls_in_flight: setting(integer(1, 8).default(2), {
      help: 'Statistics calls under way at a time.',
      unit: 'calls',
    }),
    max_unanswered_calls: setting(integer(1, 20).default(3), {
      help: 'With this many unanswered calls, only calls that cannot block are made.',
      unit: 'calls',
    }),
    control_grace: setting(seconds(0, 60).default(1), {
      help: 'A domain whose control interface is busy for longer is asked only for what needs no hypervisor process.',
      unit: 'seconds',
    }),
  },
  collect: {
    interval: setting(seconds(1, 3600).default(10), {
      help: 'Time between two refreshes.',
      unit: 'seconds',
      flag: 'interval',
    }),
    retention: setting(seconds(0, 604_800).default(600), {
      help: 'How long the row of a domain that ceased to exist is kept.',
      unit: 'seconds',
    }),
    extra_stats: setting(selectors().prefault(['default']), {
      help: 'Selectors of statistics (see docs/configuration.md); "default", "all" and "none" stand for sets, -name takes one out.',
      flag: 'extra-stats',
    }),
    stat_exclude: setting(z.array(pattern()).prefault(defaultStatExclude), {
      help: 'Parameters that lveStatTable leaves out (regular expressions on their names).',
    }),
    affinity: setting(z.enum(['dense', 'compact', 'off']).default('compact'), {
      help: 'vmCpuAffinityTable: a row for each vCPU and host CPU (dense), only for CPUs a vCPU may run on and only where it is pinned (compact), or none (off).',
    }),
    include: setting(z.array(pattern()).prefault([]), {
      help: 'Monitor only domains whose name matches one of these regular expressions; empty is all.',
    }),
    exclude: setting(z.array(pattern()).prefault([]), {
      help: 'Do not monitor domains whose name matches one of these regular expressions.',
    }),
  },
  intervals: {
    inventory: setting(seconds(5, 86_400).default(60), {
      help: 'Definitions: pace of re-reading them where no event announced a change.',
      unit: 'seconds',
    }),
    pinning: setting(seconds(1, 86_400).default(30), {
      help: 'vCPU, emulator and IOThread pinning.',
      unit: 'seconds',
    }),
    disk_errors: setting(seconds(1, 86_400).default(10), { help: 'Disks in error.', unit: 'seconds' }),
    jobs: setting(seconds(1, 86_400).default(10), {
      help: 'Job statistics and block jobs.',
      unit: 'seconds',
    }),
    guest_agent: setting(seconds(5, 86_400).default(60), { help: 'Guest agent data.', unit: 'seconds' }),
    snapshots: setting(seconds(5, 86_400).default(300), {
      help: 'Snapshots, checkpoints, messages.',
      unit: 'seconds',
    }),
    tuning: setting(seconds(5, 86_400).default(60), {
      help: 'Limits of disks and interfaces, scheduler parameters.',
      unit: 'seconds',
    }),
    pools: setting(seconds(5, 86_400).default(60), { help: 'Storage pools.', unit: 'seconds' }),
    networks: setting(seconds(5, 86_400).default(60), { help: 'Virtual networks.', unit: 'seconds' }),
    host: setting(seconds(5, 86_400).default(60), { help: 'NUMA cells, huge pages, KSM.', unit: 'seconds' }),
  },
  agentx: {
    address: setting(z.string().min(1).default('unix:/var/agentx/master'), {
      help: "The master agent's socket: unix:PATH or tcp:HOST:PORT (agentXSocket of snmpd.conf).",
      flag: 'agentx',
    }),
    contexts: setting(z.array(z.string()).prefault([]), {
      help: 'SNMP contexts to register in besides the default one.',
    }),
    priority: setting(integer(1, 255).default(127), {
      help: 'Registration priority (RFC 2741): the lowest number answers. For a standby agent, a higher number.',
    }),
  },
  mib: {
    root: setting(oid().prefault('1.3.6.1.4.1.8072.9999.9999.16514'), {
      help: 'Where LIBVIRT-EXT-MIB is registered. `libvirt-agentx mib --root OID` prints the module to match.',
      flag: 'mib-root',
    }),
    vm_mib: setting(flag().default(true), { help: 'Serve VM-MIB (RFC 7666) as well.' }),
    hv_object_id: setting(oid().prefault('1.3.6.1.4.1.36957'), { help: 'vmHvObjectID.' }),
  },
  state: {
    directory: setting(z.string().min(1).optional(), {
      help: 'Where indexes and the event log are kept. Default: $STATE_DIRECTORY, else /var/lib/libvirt-agentx.',
      flag: 'state-dir',
    }),
  },
  notifications: {
    enabled: setting(flag().default(true), { help: 'Start value of lveNotifyEnable.' }),
    per_vm: setting(flag().default(true), { help: 'Start value of vmPerVMNotificationsEnabled.' }),
    bulk: setting(flag().default(true), { help: 'Start value of vmBulkNotificationsEnabled.' }),
    bulk_window: setting(seconds(0, 60).default(3), {
      help: 'Changes to the same state within this time make one bulk notification.',
      unit: 'seconds',
    }),
    bulk_threshold: setting(integer(1, 100_000).default(5), {
      help: 'With notifications per virtual machine on, a bulk notification needs this many virtual machines.',
    }),
    holdoff: setting(seconds(0, 86_400).default(5), {
      help: 'Least time between two notifications of one type about one entity.',
      unit: 'seconds',
    }),
    max_per_minute: setting(integer(0, 100_000).default(120), {
      help: 'Most notifications a minute in all; 0 is no limit.',
    }),
    queue: setting(integer(1, 100_000).default(1000), {
      help: 'Notifications kept while the master is away; the oldest are dropped, and counted.',
    }),
    events: setting(events().prefault(defaultEvents), {
      help: 'Events sent as lveDomainEvent, by the names of docs/configuration.md. What has a notification of its own needs no entry.',
    }),
  },
  events: {
    max_entries: setting(integer(1, 100_000).default(1000), { help: 'Entries of the event log.' }),
    max_age: setting(seconds(0, 31_536_000).default(0), {
      help: 'Entries that are older are removed; 0 is no limit.',
      unit: 'seconds',
    }),
    persistent: setting(flag().default(true), { help: 'Keep the event log across restarts.' }),
  },
  log: {
    level: setting(z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'), {
      help: 'Least level that is logged.',
      flag: 'log-level',
    }),
    format: setting(z.enum(['auto', 'json', 'human']).default('auto'), {
      help: 'auto is human-readable on a terminal and JSON elsewhere.',
      flag: 'log-format',
    }),
  },
} as const;

export type SectionName = keyof typeof sections;

/** The whole file. Severities, labels and namespaces are tables whose keys are the user's. */
export const fileSchema = z.strictObject({
  libvirt: z.strictObject(sections.libvirt).prefault({}),
  collect: z.strictObject(sections.collect).prefault({}),
  intervals: z.strictObject(sections.intervals).prefault({}),
  agentx: z.strictObject(sections.agentx).prefault({}),
  mib: z.strictObject(sections.mib).prefault({}),
  state: z.strictObject(sections.state).prefault({}),
  notifications: z.strictObject(sections.notifications).prefault({}),
  events: z.strictObject(sections.events).prefault({}),
  log: z.strictObject(sections.log).prefault({}),
  severity: severities().prefault({}),
  labels: z
    .array(z.strictObject({ name: z.string().min(1).max(64), xpath: z.string().min(1).max(1000) }))
    .prefault([]),
  namespaces: z.record(z.string(), z.string()).prefault({}),
});

export type FileContent = z.output<typeof fileSchema>;
