import type { Item, Rule, Trigger } from './item.ts';
import { label } from './label.ts';
import { isListed } from './listed.ts';

/** What is watched of each virtual machine: as rows of the host, or of a host of its own. */
export const domainItems: readonly Item[] = [
  { object: 'lveDomState', name: 'State', component: 'state' },
  { object: 'lveDomStateText', name: 'State and reason', text: true, component: 'state' },
  { object: 'lveDomSeverity', name: 'Severity of the state', component: 'state' },
  { object: 'lveDomPresence', name: 'Presence', component: 'state' },
  { object: 'lveDomUptime', name: 'Uptime', units: 'uptime', component: 'state' },
  { object: 'vmAutoStart', name: 'Autostart', component: 'state' },
  { object: 'lveDomStatsStatus', name: 'Status of the statistics', component: 'data' },
  { object: 'lveDomStatsAge', name: 'Age of the statistics', units: 's', component: 'data' },
  { object: 'lveDomSnapshots', name: 'Snapshots', component: 'storage' },
  { object: 'lveDomSnapshotOldestAge', name: 'Age of the oldest snapshot', units: 's', component: 'storage' },
  { object: 'lveDomMessages', name: 'Messages of libvirt', component: 'state' },
  { object: 'lveSpecPendingChange', name: 'Change waits for a restart', component: 'state' },
  { object: 'vmCurCpuNumber', name: 'Virtual CPUs', component: 'cpu' },
  { object: 'lveDomCpuPercent', name: 'CPU used', units: '%', scale: 0.01, component: 'cpu' },
  {
    object: 'lveDomCpuHostPercent',
    name: 'CPU used, of the host',
    units: '%',
    scale: 0.01,
    component: 'cpu',
  },
  { object: 'lveDomCpuStealPercent', name: 'CPU stolen', units: '%', scale: 0.01, component: 'cpu' },
  { object: 'lveMemCurrent', name: 'Memory assigned', units: 'B', component: 'memory' },
  { object: 'lveMemMaximum', name: 'Memory, maximum', units: 'B', component: 'memory' },
  { object: 'lveMemRss', name: 'Memory resident on the host', units: 'B', component: 'memory' },
  { object: 'lveMemUsable', name: 'Memory the guest can use', units: 'B', component: 'memory' },
  {
    object: 'lveMemUsedPercent',
    name: 'Memory used in the guest',
    units: '%',
    scale: 0.01,
    component: 'memory',
  },
  {
    object: 'lveMemMajorFaults',
    name: 'Major page faults',
    units: '!faults/s',
    rate: true,
    component: 'memory',
  },
  { object: 'lveGuestAgentState', name: 'Guest agent', component: 'guest' },
];

const failure = label('lveDomSeverity', 'failure');
const warning = label('lveDomSeverity', 'warning');

/** Not of a machine that has gone: it keeps its last state for a while, and has no values then. */
const isPresent = `last(@lveDomPresence)=${label('lveDomPresence', 'present')}`;
/** What is told of running machines only keeps its last value while one is off. */
const isRunning = `last(@lveDomState)=${label('lveDomState', 'running')}`;

const ofPresent: readonly Trigger[] = [
  {
    name: 'Failed',
    // The second part is always true: operational data can show only what the expression names.
    expression: `last(@lveDomSeverity)=${failure} and length(last(@lveDomStateText))>0`,
    opdata: '{ITEM.LASTVALUE2}',
    priority: 'HIGH',
    scope: 'availability',
    description: 'The state of the virtual machine is a failure, such as crashed, or stopped by an error.',
  },
  {
    name: 'State needs attention',
    expression: `last(@lveDomSeverity)=${warning} and length(last(@lveDomStateText))>0`,
    opdata: '{ITEM.LASTVALUE2}',
    priority: 'WARNING',
    scope: 'availability',
    description: 'The state of the virtual machine is a warning, such as paused.',
    dependsOn: ['Failed'],
  },
  {
    name: 'Should run, but is off',
    expression: `last(@vmAutoStart)=${label('vmAutoStart', 'enabled')} and max(@lveDomState,{$LIBVIRT.VM.OFF.TIME})=${label('lveDomState', 'shutoff')} and min(@lveDomState,{$LIBVIRT.VM.OFF.TIME})=${label('lveDomState', 'shutoff')}`,
    priority: 'AVERAGE',
    scope: 'availability',
    description: 'The virtual machine is marked for autostart and has been off for {$LIBVIRT.VM.OFF.TIME}.',
    dependsOn: ['Failed'],
  },
  {
    name: 'Has been restarted',
    eventName: 'Has been restarted (uptime < 10m)',
    expression: `last(@lveDomUptime)<10m and ${isRunning}`,
    priority: 'INFO',
    scope: 'notice',
    description: 'The virtual machine was started less than 10 minutes ago.',
    manualClose: true,
  },
  {
    name: 'CPU use is high',
    eventName: 'CPU use is high (over {$LIBVIRT.VM.CPU.MAX:"{#VM.NAME}"}% for 5m)',
    expression: 'min(@lveDomCpuPercent,5m)>{$LIBVIRT.VM.CPU.MAX:"{#VM.NAME}"}',
    priority: 'WARNING',
    scope: 'performance',
    description: 'The virtual machine has used most of its virtual CPUs for five minutes.',
    opdata: 'Now: {ITEM.LASTVALUE1}',
  },
  {
    name: 'CPU is taken by others',
    eventName: 'CPU is taken by others (steal over {$LIBVIRT.VM.STEAL.MAX:"{#VM.NAME}"}% for 5m)',
    expression: 'min(@lveDomCpuStealPercent,5m)>{$LIBVIRT.VM.STEAL.MAX:"{#VM.NAME}"}',
    priority: 'WARNING',
    scope: 'performance',
    description: 'The virtual CPUs have waited for a processor of the host: it has too much to do.',
    opdata: 'Now: {ITEM.LASTVALUE1}',
  },
  {
    name: 'Memory use is high',
    eventName: 'Memory use is high (over {$LIBVIRT.VM.MEM.MAX:"{#VM.NAME}"}% for 5m)',
    expression: 'min(@lveMemUsedPercent,5m)>{$LIBVIRT.VM.MEM.MAX:"{#VM.NAME}"}',
    priority: 'WARNING',
    scope: 'capacity',
    description: 'The guest has little memory left. Known only with a balloon driver in the guest.',
    opdata: 'Now: {ITEM.LASTVALUE1}',
  },
  {
    name: 'No fresh statistics',
    // What is held has some fresh figures, and no age. While libvirt is away the data of all is stale, which the
    // hypervisor says once.
    expression: `(min(@lveDomStatsStatus,5m)>=${label('lveDomStatsStatus', 'blocked')} and max(@lveDomStatsStatus,5m)<=${label('lveDomStatsStatus', 'stale')} or min(@lveDomStatsAge,5m)-2*last(@lveRefreshInterval)>{$LIBVIRT.DATA.AGE.MAX}) and count(@lveConnState,5m,"ne","${label('lveConnState', 'connected')}")=0`,
    priority: 'WARNING',
    scope: 'availability',
    description: 'Its hypervisor process does not answer, or a job holds it: see `virsh domcontrol`.',
    opdata: '{ITEM.LASTVALUE1}',
  },
  {
    name: 'Old snapshot',
    eventName: 'Old snapshot (over {$LIBVIRT.VM.SNAPSHOT.AGE.MAX:"{#VM.NAME}"})',
    expression:
      'last(@lveDomSnapshots)>0 and last(@lveDomSnapshotOldestAge)>{$LIBVIRT.VM.SNAPSHOT.AGE.MAX:"{#VM.NAME}"}',
    priority: 'INFO',
    scope: 'capacity',
    description: 'A snapshot has been kept for long: it grows, and slows its disks down.',
    manualClose: true,
  },
  {
    name: 'Change waits for a restart',
    expression: `last(@lveSpecPendingChange)=${label('lveSpecPendingChange', 'true')} and last(@lveDomState)<>${label('lveDomState', 'shutoff')}`,
    priority: 'INFO',
    scope: 'notice',
    description: 'The definition has a change that takes effect at the next start only.',
    manualClose: true,
  },
  {
    name: 'Guest agent does not answer',
    // A channel in which nobody has ever answered is usual, and no problem.
    expression: `min(@lveGuestAgentState,{$LIBVIRT.VM.AGENT.TIME})>=${label('lveGuestAgentState', 'disconnected')} and count(@lveGuestAgentState,1h,"eq","${label('lveGuestAgentState', 'connected')}")>0 and ${isRunning}`,
    recovery: `last(@lveGuestAgentState)<${label('lveGuestAgentState', 'disconnected')} or not (${isRunning}) or not (${isPresent})`,
    priority: 'INFO',
    scope: 'availability',
    description: 'The guest agent of the virtual machine has answered before, and does not any more.',
    manualClose: true,
  },
];

export const domainTriggers: readonly Trigger[] = [
  ...ofPresent.map((trigger) => ({ ...trigger, expression: `${trigger.expression} and ${isPresent}` })),
  {
    name: 'Vanished from the host',
    expression: `last(@lveDomPresence)=${label('lveDomPresence', 'gone')}`,
    priority: 'AVERAGE',
    scope: 'availability',
    description: 'libvirt does not know the virtual machine any more: it was undefined or migrated.',
    manualClose: true,
  },
];

/**
 * A latency is that of the latest requests and stays while there are none: one slow request of a disk that is idle since
 * then is no trouble.
 */
const hasLongRequests = (latency: string, requests: string): string =>
  `min(@${latency},5m)>{$LIBVIRT.DISK.LATENCY.MAX:"{#DISK}"} and count(@${requests},5m,"gt","0")>2`;

/** Put before the name of each thing of a virtual machine; a row name tells the machine as well: `web-1:vda`. */
export const deviceRules: readonly Rule[] = [
  {
    name: 'Disk discovery',
    key: 'libvirt.disk.discovery',
    description: 'Disks of the virtual machines.',
    macros: { '{#DISK}': 'lveDiskRowName', '{#DISK.DEVICE}': 'lveDiskDevice' },
    prefix: 'Disk {#DISK}',
    filters: { '{#DISK}': 'LIBVIRT.DISK' },
    items: [
      { object: 'vmStorageReadOctets', name: 'Read', units: 'Bps', rate: true, component: 'disk' },
      { object: 'vmStorageWriteOctets', name: 'Written', units: 'Bps', rate: true, component: 'disk' },
      { object: 'vmStorageReadIOs', name: 'Read requests', units: '!r/s', rate: true, component: 'disk' },
      { object: 'vmStorageWriteIOs', name: 'Write requests', units: '!w/s', rate: true, component: 'disk' },
      { object: 'lveDiskReadLatency', name: 'Read latency', units: 's', scale: 0.000001, component: 'disk' },
      {
        object: 'lveDiskWriteLatency',
        name: 'Write latency',
        units: 's',
        scale: 0.000001,
        component: 'disk',
      },
      {
        object: 'lveDiskFlushLatency',
        name: 'Flush latency',
        units: 's',
        scale: 0.000001,
        component: 'disk',
      },
      { object: 'lveDiskCapacity', name: 'Capacity', units: 'B', component: 'disk' },
      { object: 'lveDiskAllocation', name: 'Allocated', units: 'B', component: 'disk' },
      { object: 'lveDiskPhysical', name: 'Physical size', units: 'B', component: 'disk' },
      {
        object: 'lveDiskAllocPercent',
        name: 'Allocated, percent',
        units: '%',
        scale: 0.01,
        component: 'disk',
      },
      { object: 'lveDiskIoErrors', name: 'I/O errors', component: 'disk' },
    ],
    triggers: [
      {
        name: 'Latency is high',
        eventName: 'Latency is high (over {$LIBVIRT.DISK.LATENCY.MAX:"{#DISK}"} s for 5m)',
        expression: `${hasLongRequests('lveDiskReadLatency', 'vmStorageReadIOs')} or ${hasLongRequests('lveDiskWriteLatency', 'vmStorageWriteIOs')}`,
        priority: 'WARNING',
        scope: 'performance',
        description: 'Requests of the disk have taken long for five minutes.',
        opdata: 'Read: {ITEM.LASTVALUE1}, write: {ITEM.LASTVALUE3}',
      },
      {
        name: 'I/O errors',
        expression: 'last(@lveDiskIoErrors)>min(@lveDiskIoErrors,{$LIBVIRT.ERRORS.TIME})',
        priority: 'HIGH',
        scope: 'availability',
        description:
          'Errors of the disk were counted within {$LIBVIRT.ERRORS.TIME}. Not with QEMU, which does not count them.',
        manualClose: true,
      },
    ],
    graphs: [
      { name: 'Throughput', objects: ['vmStorageReadOctets', 'vmStorageWriteOctets'] },
      { name: 'Latency', objects: ['lveDiskReadLatency', 'lveDiskWriteLatency', 'lveDiskFlushLatency'] },
    ],
  },
  {
    name: 'Disk error discovery',
    key: 'libvirt.disk.error.discovery',
    description: 'Disks that are in error, while they are.',
    passing: true,
    macros: { '{#DISK}': 'lveDiskErrRowName' },
    prefix: 'Disk {#DISK}',
    filters: { '{#DISK}': 'LIBVIRT.DISK' },
    items: [{ object: 'lveDiskErrCode', name: 'Error', component: 'disk' }],
    triggers: [
      {
        name: 'In error',
        ...isListed('lveDiskErrCode'),
        priority: 'HIGH',
        scope: 'availability',
        description: 'The virtual machine has stopped because of the disk: no space is left, or it fails.',
        opdata: '{ITEM.LASTVALUE1}',
      },
    ],
  },
  {
    name: 'Network interface discovery',
    key: 'libvirt.nic.discovery',
    description: 'Network interfaces of the virtual machines.',
    macros: { '{#NIC}': 'lveNicRowName' },
    prefix: 'Interface {#NIC}',
    filters: { '{#NIC}': 'LIBVIRT.NIC' },
    items: [
      {
        object: 'lveNicRxBytes',
        name: 'Bits received',
        units: 'bps',
        scale: 8,
        rate: true,
        component: 'network',
      },
      {
        object: 'lveNicTxBytes',
        name: 'Bits sent',
        units: 'bps',
        scale: 8,
        rate: true,
        component: 'network',
      },
      {
        object: 'lveNicRxPackets',
        name: 'Packets received',
        units: '!pps',
        rate: true,
        component: 'network',
      },
      { object: 'lveNicTxPackets', name: 'Packets sent', units: '!pps', rate: true, component: 'network' },
      { object: 'lveNicRxErrors', name: 'Inbound errors', units: '!pps', rate: true, component: 'network' },
      { object: 'lveNicTxErrors', name: 'Outbound errors', units: '!pps', rate: true, component: 'network' },
      {
        object: 'lveNicRxDrops',
        name: 'Inbound packets dropped',
        units: '!pps',
        rate: true,
        component: 'network',
      },
      {
        object: 'lveNicTxDrops',
        name: 'Outbound packets dropped',
        units: '!pps',
        rate: true,
        component: 'network',
      },
    ],
    triggers: [
      {
        name: 'Errors',
        eventName: 'Errors (over {$LIBVIRT.NIC.ERRORS.MAX:"{#NIC}"} a second for 5m)',
        expression:
          // Not the least: the rate is 0 whenever the agent has not refreshed between two looks of Zabbix.
          'avg(@lveNicRxErrors,5m)>{$LIBVIRT.NIC.ERRORS.MAX:"{#NIC}"} or avg(@lveNicTxErrors,5m)>{$LIBVIRT.NIC.ERRORS.MAX:"{#NIC}"}',
        priority: 'WARNING',
        scope: 'availability',
        description: 'The interface has had so many errors, on average of five minutes.',
      },
    ],
    graphs: [{ name: 'Traffic', objects: ['lveNicRxBytes', 'lveNicTxBytes'] }],
  },
  {
    name: 'Virtual CPU discovery',
    key: 'libvirt.vcpu.discovery',
    description: 'Virtual CPUs of running virtual machines.',
    macros: { '{#VCPU}': 'lveVcpuRowName' },
    prefix: 'vCPU {#VCPU}',
    filters: { '{#VCPU}': 'LIBVIRT.VCPU' },
    items: [
      { object: 'lveVcpuPercent', name: 'Used', units: '%', scale: 0.01, component: 'cpu' },
      {
        object: 'lveVcpuDelayTime',
        name: 'Waited for a processor',
        units: '%',
        scale: 0.0001,
        rate: true,
        component: 'cpu',
      },
      { object: 'lveVcpuState', name: 'State', component: 'cpu' },
    ],
    triggers: [],
  },
  {
    name: 'File system discovery',
    key: 'libvirt.fs.discovery',
    description: 'File systems in the guests, as their agents tell: selector fs_info of the agent.',
    macros: { '{#FS}': 'lveFsRowName', '{#FS.TYPE}': 'lveFsType' },
    prefix: 'FS {#FS}',
    filters: { '{#FS}': 'LIBVIRT.FS' },
    items: [
      { object: 'lveFsTotal', name: 'Total', units: 'B', component: 'storage' },
      { object: 'lveFsUsed', name: 'Used', units: 'B', component: 'storage' },
      { object: 'lveFsUsedPercent', name: 'Used, percent', units: '%', scale: 0.01, component: 'storage' },
    ],
    triggers: [
      {
        name: 'Space is critically low',
        eventName: 'Space is critically low (used > {$LIBVIRT.FS.USED.MAX.CRIT:"{#FS}"}%)',
        expression: 'min(@lveFsUsedPercent,5m)>{$LIBVIRT.FS.USED.MAX.CRIT:"{#FS}"}',
        priority: 'AVERAGE',
        scope: 'capacity',
        description: 'The file system in the guest is nearly full.',
        opdata: 'Used: {ITEM.LASTVALUE1}',
      },
      {
        name: 'Space is low',
        eventName: 'Space is low (used > {$LIBVIRT.FS.USED.MAX.WARN:"{#FS}"}%)',
        expression: 'min(@lveFsUsedPercent,5m)>{$LIBVIRT.FS.USED.MAX.WARN:"{#FS}"}',
        priority: 'WARNING',
        scope: 'capacity',
        description: 'The file system in the guest fills up.',
        opdata: 'Used: {ITEM.LASTVALUE1}',
        dependsOn: ['Space is critically low'],
      },
    ],
  },
];

export const domainRule: Rule = {
  name: 'Virtual machine discovery',
  key: 'libvirt.vm.discovery',
  description: 'All virtual machines, whether they run or not.',
  macros: { '{#VM.NAME}': 'lveDomName', '{#VM.UUID}': 'lveDomUuid' },
  prefix: 'VM {#VM.NAME}',
  filters: { '{#VM.NAME}': 'LIBVIRT.VM.NAME' },
  items: domainItems,
  triggers: domainTriggers,
  graphs: [
    { name: 'CPU', objects: ['lveDomCpuPercent', 'lveDomCpuStealPercent'] },
    { name: 'Memory', objects: ['lveMemMaximum', 'lveMemCurrent', 'lveMemRss', 'lveMemUsable'] },
  ],
};
