import { definitions } from '../src/mib/definitions.ts';
import { modules, notifications } from '../src/mib/objects.gen.ts';

type NotificationName = keyof typeof notifications;

/** Severity words as most users of snmptt have them. */
type Severity = 'Normal' | 'Warning' | 'Critical';

/** One EVENT of snmptt: for all notifications of a name, or for those that one object tells apart. */
interface Event {
  readonly severity: Severity;
  /** Objects in braces. */
  readonly format: string;
  /** What this EVENT is for; all of it. */
  readonly matches?: readonly Match[];
}

/** An object and its labels (of a number: its values), or with `not`, all others. */
interface Match {
  readonly object: string;
  readonly labels: readonly string[];
  readonly not?: boolean;
}

const bySeverity = (object: string, format: string): readonly Event[] =>
  (
    [
      ['okay', 'Normal'],
      ['warning', 'Warning'],
      ['failure', 'Critical'],
    ] as const
  ).map(([label, severity]) => ({ severity, format, matches: [{ object, labels: [label] }] }));

/** Good labels of an object are Normal, all others have another severity. */
const goodOr = (object: string, good: readonly string[], bad: Severity, format: string): readonly Event[] => [
  { severity: 'Normal', format, matches: [{ object, labels: good }] },
  { severity: bad, format, matches: [{ object, labels: good, not: true }] },
];

/** The value of a size that is not known. */
const unknownSize = '18446744073709551615';

/** Each EVENT twice: with the sizes, and without them where they are not known. */
const withSizes = (object: string, sizes: string, events: readonly Event[]): readonly Event[] =>
  events.flatMap((event) => {
    const unknown = { object, labels: [unknownSize] };
    const { matches = [] } = event;
    return [
      { ...event, format: `${event.format}${sizes}`, matches: [...matches, { ...unknown, not: true }] },
      { ...event, matches: [...matches, unknown] },
    ];
  });

const perVm = (severity: Severity, what: string): readonly Event[] => [
  { severity, format: `Virtual machine {vmName} ${what}, state before: {vmOperState}` },
];

const bulk = (severity: Severity, what: string): readonly Event[] => [
  { severity, format: `Virtual machines ${what} (octet n has vmIndex 8n+1 to 8n+8): {vmAffectedVMs}` },
];

const events: Readonly<Record<NotificationName, readonly Event[]>> = {
  lveDomainStateChange: bySeverity(
    'lveDomSeverity',
    'Domain {lveDomName} is now {lveDomStateText}, state before: {lveNotifyOldState}, UUID {lveDomUuid}',
  ),
  lveDomainEvent: bySeverity(
    'lveEventSeverity',
    'Event {lveEventName} of {lveEventDomName}: {lveEventText}, UUID {lveEventDomUuid}',
  ),
  lveDomainDiskError: [
    {
      severity: 'Critical',
      format: 'Disk {lveDiskErrTarget} of domain {lveDomName} has an error: {lveDiskErrCode}',
    },
  ],
  lveDomainDiskErrorCleared: [
    { severity: 'Normal', format: 'Disk {lveDiskTarget} of domain {lveDomName} no longer has an error' },
  ],
  lveDomainJobCompleted: goodOr(
    'lveJobSuccess',
    ['true'],
    'Warning',
    'Job {lveJobOperation} of domain {lveDomName} ended after {lveJobElapsed} ms, success: {lveJobSuccess} {lveJobErrorText}',
  ),
  lveDomainBlockThreshold: [
    {
      severity: 'Warning',
      format:
        'Disk {lveDiskTarget} of domain {lveDomName} ({lveDiskSource}) exceeded its threshold of {lveDiskThreshold} bytes by {lveNotifyExcess}',
    },
  ],
  lveDomainGuestAgentChange: goodOr(
    'lveGuestAgentState',
    ['connected'],
    'Warning',
    'Guest agent of domain {lveDomName} is now {lveGuestAgentState}',
  ),
  lveConnectionChange: goodOr(
    'lveNotifyConnUp',
    ['true'],
    'Critical',
    'Connection to libvirt ({lveConnUri}) is now {lveConnState} {lveConnLastError}',
  ),
  lvePoolStateChange: withSizes(
    'lvePoolCapacity',
    ', {lvePoolAvailable} of {lvePoolCapacity} bytes available',
    goodOr(
      'lvePoolState',
      ['running', 'inactive', 'building'],
      'Critical',
      'Storage pool {lvePoolName} is now {lvePoolState}',
    ),
  ),
  lveNotificationsSuppressed: [
    {
      severity: 'Warning',
      format:
        '{lveNotifySuppressed} notifications suppressed so far, newest event in lveEventTable: {lveEventNewestSeq}',
    },
  ],
  lveNotificationTest: [
    { severity: 'Normal', format: 'Test notification, nothing has happened: {lveNotifyTestText}' },
  ],
  vmRunning: perVm('Normal', 'is running'),
  vmShuttingdown: perVm('Normal', 'is shutting down'),
  vmShutdown: perVm('Normal', 'is shut down'),
  vmPaused: perVm('Warning', 'is paused'),
  vmSuspending: perVm('Normal', 'is being suspended'),
  vmSuspended: perVm('Normal', 'is suspended'),
  vmResuming: perVm('Normal', 'is being resumed'),
  vmMigrating: perVm('Normal', 'is migrating'),
  vmCrashed: perVm('Critical', 'has crashed'),
  vmDeleted: [
    { severity: 'Normal', format: 'Virtual machine {vmName} was deleted, state before: {vmOperState}' },
  ],
  vmBulkRunning: bulk('Normal', 'are running'),
  vmBulkShuttingdown: bulk('Normal', 'are shutting down'),
  vmBulkShutdown: bulk('Normal', 'are shut down'),
  vmBulkPaused: bulk('Warning', 'are paused'),
  vmBulkSuspending: bulk('Normal', 'are being suspended'),
  vmBulkSuspended: bulk('Normal', 'are suspended'),
  vmBulkResuming: bulk('Normal', 'are being resumed'),
  vmBulkMigrating: bulk('Normal', 'are migrating'),
  vmBulkCrashed: bulk('Critical', 'have crashed'),
  vmBulkDeleted: bulk('Normal', 'were deleted'),
};

const header = `# EVENT definitions of SNMPTT (https://snmptt.sourceforge.net) for the notifications of LIBVIRT-EXT-MIB
# and VM-MIB. Made from the modules by tools/write-snmptt-conf.ts.
#
# Name this file in snmptt_conf_files of snmptt.ini, and have snmptrapd hand over the numbers of objects and
# notifications, whether it has the modules loaded or not, by its option -OnU (Debian: TRAPDOPTS in
# /etc/default/snmptrapd, or \`systemctl edit snmptrapd\`):
#   snmptrapd -OnU ...                     traphandle default /usr/sbin/snmptthandler
# U keeps it from writing units after numbers, which the texts below have already.
# Without -On a snmptrapd that has the modules hands over names, and every notification is unknown to SNMPTT unless
# its net_snmp_perl_enable is 1 and it can load the modules too. With the modules loaded (-M and -m as in
# contrib/snmptrapd) enumerations and names with other letters than a to z are readable. Enumerations are matched
# by their names and by their numbers, so that it works with and without translate_integers.
#
# A virtual machine's name and an event's text are what others wrote: do not put $1, $6 or $* into EXEC lines.
# If the agent's mib.root is not the one of the module as distributed, replace .1.3.6.1.4.1.8072.9999.9999.16514 by that
# root.
`;

/** contrib/snmptt/libvirt-agentx.conf */
export function snmpttConf(): string {
  const parts = [header];
  for (const name of Object.keys(notifications) as NotificationName[]) {
    const { module, oid, objects, summary } = notifications[name];
    const trapOid = `.${[...modules[module].root, ...oid].join('.')}`;
    const position = (object: string): string => {
      const at = (objects as readonly string[]).indexOf(object);
      if (at < 0) throw new Error(`${name} does not carry ${object}`);
      return `$${at + 1}`;
    };
    for (const { severity, format, matches = [] } of events[name]) {
      const lines = [
        `EVENT ${name} ${trapOid} "libvirt" ${severity}`,
        `FORMAT ${format.replaceAll(/\{(\w+)\}/g, (_whole, object: string) => position(object)).trim()}`,
      ];
      if (matches.length > 0) lines.push('MATCH MODE=and');
      for (const { object, labels, not } of matches) {
        const words = labels.flatMap((label) => wordsFor(object, label));
        lines.push(`MATCH ${position(object)}: ${not ? '!' : ''}(^(${words.join('|')})$)`);
      }
      lines.push('SDESC', summary, `Variables: ${objects.join(', ')}`, 'EDESC');
      parts.push(`${lines.join('\n')}\n`);
    }
  }
  return parts.join('\n');
}

/** What a receiver may show for a label of an object, or for the value of a number. */
function wordsFor(object: string, label: string): readonly string[] {
  const labels: Readonly<Record<string, number>> | undefined =
    definitions[object as keyof typeof definitions].labels;
  // The units of a number may follow it.
  if (labels === undefined) return [`${label}( .*)?`];
  const number = labels[label];
  if (number === undefined) throw new Error(`${object} has no label ${label}`);
  return [label, String(number)];
}
