import type { ObjectName } from '../../src/mib/bind.ts';
import { definitions } from '../../src/mib/definitions.ts';
import { modules, notifications } from '../../src/mib/objects.gen.ts';
import type { Element } from './elements.ts';
import { macroElements } from './elements.ts';
import type { Macro } from './item.ts';
import type { Release } from './release.ts';
import { templateUuid } from './template-uuid.ts';

const template = 'libvirt traps by SNMP';

/** Holds the end of the root of LIBVIRT-EXT-MIB, as it stands in regular expressions. */
const rootMacro = '{$LIBVIRT.TRAP.ROOT}';

/** Holds the name of a hypervisor: all of an agent's notifications come from one address. */
const hypervisorMacro = '{$LIBVIRT.TRAP.HYPERVISOR}';

const macros: readonly Macro[] = [
  {
    macro: rootMacro,
    value: modules['LIBVIRT-EXT-MIB'].root.slice(-4).join('[.]'),
    description: 'The last four numbers of mib.root of the agent, with [.] between them.',
  },
  {
    macro: hypervisorMacro,
    value: '.*',
    description:
      'Of an agent with several hypervisors: the name of the one whose notifications are taken. A regular expression.',
  },
];

type NotificationName = keyof typeof notifications;

/*
 * What a trap looks like depends on the receiver (Zabbix' perl script prints "OID type=2 value=INTEGER: 3" line by line,
 * its shell script "OID = 3" in one line, others "OID 3") and on whether snmptrapd has the MIB modules (names and labels
 * instead of numbers). The patterns below take each of these. They are written without backslashes and braces, which
 * would need escapes in keys, expressions and macros.
 *
 * A name of a virtual machine is text that its owner chose. It could be made to look like a field. So the kind of a trap
 * is taken only from before the name, and a field only where no other of its kind follows: the real one is always last.
 */

function pattern(names: readonly string[], numbers: readonly string[]): string {
  return `(?:${[...names, ...numbers].join('|')})`;
}

/** The end of the name and of the number of an object: parameters and tags have room for 255 characters. */
function tail(object: ObjectName): string {
  return pattern([object.replace('lve', '')], [definitions[object].oid.join('[.]')]);
}

/** A field with one of the labels of its enumeration; the last of its kind. An index may have several parts, and labels. */
function labelled(object: ObjectName, labels: readonly string[]): string {
  const known = definitions[object].labels ?? {};
  const values = labels.flatMap((name) => {
    if (known[name] === undefined) throw new Error(`${object} has no label ${name}`);
    return [name, String(known[name])];
  });
  return `${tail(object)}[.][0-9a-z.]+[ =]+(?:type=2 +value=)?(?:INTEGER: )?${pattern(values, [])}(?:[^0-9A-Za-z]|$)(?!(?s:.*)${tail(object)}[.])`;
}

/** A text: everything up to the last field of the object that follows. */
function textBefore(object: ObjectName, next: ObjectName): string {
  return `${tail(object)}[.][0-9]+[ =]+(?:type=4 +value=)?(?:[A-Za-z-]+: )?"?(.*[^"[:space:]])["[:space:]]+[^ ]*${tail(next)}[.]`;
}

/** A UUID; the last of its kind. */
function uuid(object: ObjectName): string {
  return `(?s).*${tail(object)}[.][^-]+?([0-9a-f]+-[0-9a-f-]+)`;
}

/**
 * The kind of a trap: before any field of ours. A name can hold a line break where a receiver expands escapes, so the
 * beginning of the whole text is meant, not that of a line.
 */
function kind(names: readonly NotificationName[]): string {
  const own = names.map((name) => `${rootMacro}[.]${notifications[name].oid.join('[.]')}`);
  return `(?-m:^)(?s:(?!lve[A-Za-z]+[.][0-9]|${rootMacro}[.]1[.]).)*${pattern(names, own)}(?:[^0-9A-Za-z.]|$)`;
}

/**
 * What is not of another hypervisor. lveNotifyHypervisor is behind all other fields, and is sent by agents with several
 * hypervisors only. No part of its field is given back once it matched (`++`, `?+`), so that the name is what is left;
 * `[!-#]` is a quotation mark, which would need an escape.
 */
const ofHypervisor = `(?!(?s:.*)${tail('lveNotifyHypervisor')}[.]0[ =]++(?:type=4 ++value=)?+(?:[A-Za-z-]+: )?+[!-#]?+(?!(?:${hypervisorMacro})(?:[!-#[:space:]]|$))(?!(?s:.*)${tail('lveNotifyHypervisor')}[.]))`;

/** The key of an item that takes the traps in which a pattern is found. */
function trapKey(found: string): string {
  return `snmptrap["(?-m:^)${ofHypervisor}${found}"]`;
}

interface TrapTrigger {
  readonly name: string;
  readonly problem: string;
  /** Closes the problem of the same thing; absent: a person does. */
  readonly recovery?: string;
  readonly priority: 'INFO' | 'WARNING' | 'AVERAGE' | 'HIGH';
  readonly scope: string;
  readonly description: string;
}

interface Trap {
  readonly name: string;
  readonly kinds: readonly NotificationName[];
  readonly component: string;
  /** Tags by pattern; the first tells whose problem it is. */
  readonly tags: Readonly<Record<string, string>>;
  readonly triggers: readonly TrapTrigger[];
}

const domain = {
  'vm.uuid': uuid('lveDomUuid'),
  vm: textBefore('lveDomName', 'lveDomUuid'),
};

const traps: readonly Trap[] = [
  {
    name: 'State of a virtual machine',
    kinds: ['lveDomainStateChange'],
    component: 'state',
    tags: domain,
    triggers: [
      {
        name: 'failed',
        problem: labelled('lveDomSeverity', ['failure']),
        recovery: labelled('lveDomSeverity', ['okay', 'warning']),
        priority: 'HIGH',
        scope: 'availability',
        description: 'The virtual machine is in a state of failure.',
      },
      {
        name: 'needs attention',
        problem: labelled('lveDomSeverity', ['warning']),
        recovery: labelled('lveDomSeverity', ['okay', 'failure']),
        priority: 'WARNING',
        scope: 'availability',
        description: 'The virtual machine is in a state that deserves a warning.',
      },
    ],
  },
  {
    name: 'Event of a virtual machine',
    kinds: ['lveDomainEvent'],
    component: 'event',
    tags: { 'vm.uuid': uuid('lveEventDomUuid'), vm: textBefore('lveEventDomName', 'lveEventDomUuid') },
    triggers: [
      {
        name: 'event of severity failure',
        problem: labelled('lveEventSeverity', ['failure']),
        priority: 'HIGH',
        scope: 'availability',
        description: 'Something failed: a watchdog, an I/O error, memory. Nothing tells that it is over.',
      },
      {
        name: 'event of severity warning',
        problem: labelled('lveEventSeverity', ['warning']),
        priority: 'WARNING',
        scope: 'notice',
        description: 'Something deserves a look. Nothing tells that it is over.',
      },
    ],
  },
  {
    name: 'Disk in error, or well again',
    kinds: ['lveDomainDiskError', 'lveDomainDiskErrorCleared'],
    component: 'disk',
    tags: {
      // Of one virtual machine several disks may be in error, and are well again one by one.
      'vm.disk': `${uuid('lveDomUuid')}.*?(?:Target|1[.]6[.][12][.]1[.]2)[.][0-9.]+[ =]+(?:type=4 +value=)?(?:STRING: )?"?([a-z0-9]+)`,
      'vm.uuid': uuid('lveDomUuid'),
      vm: textBefore('lveDomName', 'lveDomUuid'),
    },
    triggers: [
      {
        name: 'disk in error',
        problem: kind(['lveDomainDiskError']),
        recovery: kind(['lveDomainDiskErrorCleared']),
        priority: 'HIGH',
        scope: 'availability',
        description: 'A disk has an error: there is no space left, or the storage fails.',
      },
    ],
  },
  {
    name: 'Job of a virtual machine ended',
    kinds: ['lveDomainJobCompleted'],
    component: 'job',
    tags: domain,
    triggers: [
      {
        name: 'job failed',
        problem: labelled('lveJobSuccess', ['false']),
        priority: 'WARNING',
        scope: 'notice',
        description: 'A migration, save, dump or backup did not succeed.',
      },
    ],
  },
  {
    name: 'Write threshold of a disk',
    kinds: ['lveDomainBlockThreshold'],
    component: 'disk',
    tags: domain,
    triggers: [
      {
        name: 'write threshold passed',
        problem: kind(['lveDomainBlockThreshold']),
        priority: 'WARNING',
        scope: 'capacity',
        description: 'A thin disk has grown past its threshold: give it room.',
      },
    ],
  },
  {
    name: 'Guest agent',
    kinds: ['lveDomainGuestAgentChange'],
    component: 'guest',
    tags: domain,
    triggers: [
      {
        name: 'guest agent is gone',
        problem: labelled('lveGuestAgentState', ['disconnected', 'notResponding']),
        recovery: labelled('lveGuestAgentState', ['connected']),
        priority: 'INFO',
        scope: 'availability',
        description: 'The guest agent has left its channel, or does not answer.',
      },
    ],
  },
  {
    name: 'Connection to libvirt',
    kinds: ['lveConnectionChange'],
    component: 'agent',
    tags: { connection: textBefore('lveConnUri', 'lveConnState') },
    triggers: [
      {
        name: 'connection to libvirt is lost',
        problem: labelled('lveConnState', [
          'connecting',
          'disconnected',
          'authenticationFailed',
          'notResponding',
        ]),
        recovery: labelled('lveConnState', ['connected']),
        priority: 'HIGH',
        scope: 'availability',
        description: 'The agent has lost libvirt.',
      },
    ],
  },
  {
    name: 'Storage pool',
    kinds: ['lvePoolStateChange'],
    component: 'storage',
    tags: { pool: textBefore('lvePoolName', 'lvePoolState') },
    triggers: [
      {
        name: 'pool is not usable',
        problem: labelled('lvePoolState', ['inactive', 'degraded', 'inaccessible']),
        recovery: labelled('lvePoolState', ['running']),
        priority: 'AVERAGE',
        scope: 'availability',
        description: 'A storage pool is inactive, degraded or cannot be reached.',
      },
    ],
  },
  {
    name: 'Notifications held back',
    kinds: ['lveNotificationsSuppressed'],
    component: 'agent',
    tags: {},
    triggers: [
      {
        name: 'notifications were held back',
        problem: kind(['lveNotificationsSuppressed']),
        priority: 'WARNING',
        scope: 'notice',
        description:
          'There were more notifications than may be sent. lveEventTable on the host has them all.',
      },
    ],
  },
];

function item(key: string, name: string, component: string, description: string): Element {
  return {
    uuid: templateUuid(template, key),
    name,
    type: 'SNMP_TRAP',
    key,
    delay: '0',
    history: '14d',
    trends: '0',
    value_type: 'LOG',
    description,
    tags: [{ tag: 'component', value: component }],
  };
}

function trapItem(trap: Trap): Element {
  const key = trapKey(kind(trap.kinds));
  const found = (expression: string): string =>
    `find(/${template}/${key},,"regexp","${expression.replaceAll('"', '\\"')}")=1`;
  const [whose] = Object.keys(trap.tags);
  const tags = Object.entries(trap.tags).map(([tag, regex]) => ({
    tag,
    value: `{{ITEM.VALUE}.regsub("${regex.replaceAll('"', '\\"')}","\\1${tag === 'vm.disk' ? ' \\2' : ''}")}`,
  }));
  const subject = trap.tags['vm'] ?? trap.tags['pool'] ?? trap.tags['connection'];
  return {
    ...item(key, trap.name, trap.component, trap.kinds.map((name) => `LIBVIRT-EXT-MIB::${name}`).join(', ')),
    triggers: trap.triggers.map((declared) => ({
      uuid: templateUuid(template, 'trigger', declared.name),
      expression: found(declared.problem),
      ...(declared.recovery === undefined
        ? { recovery_mode: 'NONE' }
        : { recovery_mode: 'RECOVERY_EXPRESSION', recovery_expression: found(declared.recovery) }),
      ...(declared.recovery !== undefined && whose !== undefined
        ? { correlation_mode: 'TAG_VALUE', correlation_tag: whose }
        : {}),
      name: `libvirt: ${declared.name}`,
      event_name:
        subject === undefined
          ? undefined
          : `libvirt: {{ITEM.VALUE}.regsub("${subject.replaceAll('"', '\\"')}","\\1")}: ${declared.name}`,
      priority: declared.priority,
      // One problem for each thing, not one for the template.
      type: trap.tags === undefined || whose === undefined ? undefined : 'MULTIPLE',
      description: declared.description,
      manual_close: 'YES',
      tags: [{ tag: 'scope', value: declared.scope }, ...tags],
    })),
  };
}

/** The file with the template for notifications. */
export function trapFile(release: Release): Element {
  const group = { uuid: '02e4df4f20b848e79267641790f241da', name: 'Templates/Virtualization' };
  return {
    zabbix_export: {
      version: release,
      [release === '6.0' ? 'groups' : 'template_groups']: [group],
      templates: [
        {
          uuid: templateUuid(template),
          template,
          name: template,
          description: [
            'Notifications of libvirt-agentx through snmpd and snmptrapd. A problem is of one virtual machine, disk or pool,',
            'and is closed by the notification that tells its end. The host needs an SNMP interface with the address that the',
            'traps come from. It does not matter which receiver writes them or whether snmptrapd has the MIB modules.',
          ].join('\n'),
          ...(release === '6.0' ? {} : { vendor: { name: 'libvirt-agentx', version: '7.0-0' } }),
          groups: [{ name: group.name }],
          items: [
            ...traps.map(trapItem),
            item(
              trapKey(`(?s:.*)${pattern(['VM-MIB::vm'], ['1[.]2[.]1[.]236[.]0[.]'])}`),
              'Notifications of VM-MIB',
              'state',
              'vmRunning, vmPaused and the others of RFC 7666: the same changes in another form.',
            ),
            item(
              trapKey(kind(['lveNotificationTest'])),
              'Test notifications',
              'agent',
              'lveNotificationTest: somebody has tried whether notifications arrive (libvirt-agentx notify-test).',
            ),
            item('snmptrap.fallback', 'Other traps', 'network', 'Traps that no other item takes.'),
          ],
          tags: [
            { tag: 'class', value: 'software' },
            { tag: 'target', value: 'libvirt' },
          ],
          macros: macroElements(macros),
        },
      ],
    },
  };
}
