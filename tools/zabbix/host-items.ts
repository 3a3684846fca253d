import type { Item, Rule, Trigger } from './item.ts';
import { label } from './label.ts';
import { isListed } from './listed.ts';

/** What is watched of the agent and of the host: scalars. */
export const hostItems: readonly Item[] = [
  { object: 'lveAgentVersion', name: 'Version of the agent', text: true, component: 'agent' },
  { object: 'lveAgentUpTime', name: 'Uptime of the agent', units: 'uptime', scale: 0.01, component: 'agent' },
  { object: 'lveConnState', name: 'Connection to libvirt', component: 'agent' },
  { object: 'lveConnLastError', name: 'Last error of the connection', text: true, component: 'agent' },
  { object: 'lveLibvirtVersion', name: 'Version of libvirt', text: true, component: 'agent' },
  { object: 'lveRefreshAge', name: 'Age of the data', units: 's', component: 'data' },
  { object: 'lveRefreshInterval', name: 'Interval of the refreshes', units: 's', component: 'data' },
  {
    object: 'lveRefreshDuration',
    name: 'Duration of a refresh',
    units: 's',
    scale: 0.001,
    component: 'data',
  },
  { object: 'lveRefreshErrors', name: 'Refreshes with errors', component: 'data' },
  { object: 'lveRefreshOverruns', name: 'Refreshes left out', component: 'data' },
  { object: 'lveDomainsActive', name: 'VMs active', component: 'vms' },
  { object: 'lveDomainsInactive', name: 'VMs off', component: 'vms' },
  { object: 'lveDomainsOkay', name: 'VMs okay', component: 'vms' },
  { object: 'lveDomainsWarning', name: 'VMs with a warning', component: 'vms' },
  { object: 'lveDomainsFailure', name: 'VMs failed', component: 'vms' },
  { object: 'lveDomainsBlocked', name: 'VMs without fresh statistics', component: 'vms' },
  { object: 'lveDomainsFailureText', name: 'VMs failed, names', text: true, component: 'vms' },
  { object: 'lveHostCpuUtil', name: 'CPU used', units: '%', scale: 0.01, component: 'cpu' },
  { object: 'lveHostCpuOvercommit', name: 'CPU overcommitment', scale: 0.01, component: 'cpu' },
  { object: 'lveHostVcpusActive', name: 'Virtual CPUs of active VMs', component: 'cpu' },
  { object: 'lveHostCpus', name: 'Processors', component: 'cpu' },
  { object: 'lveHostMemTotal', name: 'Memory, total', units: 'B', component: 'memory' },
  { object: 'lveHostMemAvailable', name: 'Memory available', units: 'B', component: 'memory' },
  { object: 'lveHostMemUsedPercent', name: 'Memory used', units: '%', scale: 0.01, component: 'memory' },
  { object: 'lveHostMemOvercommit', name: 'Memory overcommitment', scale: 0.01, component: 'memory' },
  { object: 'lveHostMemRss', name: 'Memory resident, all VMs', units: 'B', component: 'memory' },
];

/** Whether snmpd answers: an item that Zabbix keeps itself. */
export const availableKey = 'zabbix[host,snmp,available]';

/** Of the template of a hypervisor. */
export function unreachable(template: string): Trigger {
  return {
    name: 'No SNMP data collection',
    expression: `max(/${template}/${availableKey},{$SNMP.TIMEOUT})=0`,
    priority: 'WARNING',
    scope: 'availability',
    description: 'snmpd does not answer. Check it, the address and the credentials.',
  };
}

const lost = 'libvirt is not connected';

/** Not while libvirt is away, nor for what was counted while it was. */
const connectedThroughout = `count(@lveConnState,{$LIBVIRT.ERRORS.TIME},"ne","${label('lveConnState', 'connected')}")=0`;

export function hostTriggers(template: string): readonly Trigger[] {
  return [
    {
      name: 'The agent does not answer',
      expression: `nodata(@lveAgentUpTime,{$SNMP.TIMEOUT})=1 and last(/${template}/${availableKey})=1`,
      priority: 'HIGH',
      scope: 'availability',
      description:
        'snmpd answers, but has no values of libvirt-agentx: it does not run, has no session, or a view hides them.',
      dependsOn: ['No SNMP data collection'],
    },
    {
      name: lost,
      // The second part is always true: operational data can show only what the expression names.
      expression: `last(@lveConnState)<>${label('lveConnState', 'connected')} and length(last(@lveConnLastError))>=0`,
      opdata: '{ITEM.LASTVALUE2}',
      priority: 'HIGH',
      scope: 'availability',
      description:
        'The agent has lost libvirt. Values stay as they were; lveRefreshAge tells how old they are.',
    },
    {
      name: 'Data is old',
      eventName: 'Data is old (over {$LIBVIRT.DATA.AGE.MAX} and two intervals)',
      // An agent that asks libvirt every ten minutes has data of ten minutes.
      // When libvirt is back, that may be known before the age of the data is.
      expression: `last(@lveRefreshAge)-2*last(@lveRefreshInterval)>{$LIBVIRT.DATA.AGE.MAX} and count(@lveConnState,3m,"ne","${label('lveConnState', 'connected')}")=0`,
      priority: 'AVERAGE',
      scope: 'availability',
      description: 'The agent has not completed a refresh for long.',
      opdata: 'Age: {ITEM.LASTVALUE1}',
      dependsOn: [lost],
    },
    {
      name: 'The agent was restarted',
      expression: 'last(@lveAgentUpTime)<10m',
      priority: 'INFO',
      scope: 'notice',
      description: 'The agent started less than 10 minutes ago.',
      manualClose: true,
    },
    {
      name: 'Refreshes fail in part',
      expression: `max(@lveRefreshErrors,{$LIBVIRT.ERRORS.TIME})-min(@lveRefreshErrors,{$LIBVIRT.ERRORS.TIME})>{$LIBVIRT.REFRESH.ERRORS.MAX} and ${connectedThroughout}`,
      priority: 'INFO',
      scope: 'notice',
      description: 'Some calls to libvirt fail at each refresh: the items of the collectors tell which.',
      manualClose: true,
      dependsOn: [lost],
    },
    {
      name: 'Refreshes take longer than their interval',
      expression: `max(@lveRefreshOverruns,{$LIBVIRT.ERRORS.TIME})-min(@lveRefreshOverruns,{$LIBVIRT.ERRORS.TIME})>{$LIBVIRT.REFRESH.OVERRUNS.MAX} and ${connectedThroughout}`,
      priority: 'WARNING',
      scope: 'performance',
      description: 'libvirt answers slowly. Raise collect.interval of the agent or look for what holds it.',
      dependsOn: [lost],
    },
    {
      name: 'VMs without fresh statistics',
      expression: 'min(@lveDomainsBlocked,5m)>0',
      priority: 'WARNING',
      scope: 'availability',
      description: 'The hypervisor processes of some virtual machines do not answer.',
      opdata: '{ITEM.LASTVALUE1} VMs',
      dependsOn: [lost],
    },
    {
      name: 'CPU use of the host is high',
      eventName: 'CPU use of the host is high (over {$LIBVIRT.HOST.CPU.MAX}% for 5m)',
      expression: 'min(@lveHostCpuUtil,5m)>{$LIBVIRT.HOST.CPU.MAX}',
      priority: 'WARNING',
      scope: 'performance',
      description: 'The processors of the host have been busy for five minutes.',
      opdata: 'Now: {ITEM.LASTVALUE1}',
    },
    {
      name: 'Memory use of the host is high',
      eventName: 'Memory use of the host is high (over {$LIBVIRT.HOST.MEM.MAX}% for 5m)',
      expression: 'min(@lveHostMemUsedPercent,5m)>{$LIBVIRT.HOST.MEM.MAX}',
      priority: 'AVERAGE',
      scope: 'capacity',
      description: 'The host has little memory left.',
      opdata: 'Now: {ITEM.LASTVALUE1}',
    },
    {
      name: 'CPU overcommitment is high',
      eventName: 'CPU overcommitment is high (over {$LIBVIRT.HOST.CPU.OVERCOMMIT.MAX})',
      expression: 'last(@lveHostCpuOvercommit)>{$LIBVIRT.HOST.CPU.OVERCOMMIT.MAX}',
      priority: 'INFO',
      scope: 'capacity',
      description: 'Active virtual machines have many more virtual CPUs than the host has processors.',
      opdata: 'Now: {ITEM.LASTVALUE1}',
      manualClose: true,
    },
    {
      name: 'Memory overcommitment is high',
      eventName: 'Memory overcommitment is high (over {$LIBVIRT.HOST.MEM.OVERCOMMIT.MAX})',
      expression: 'last(@lveHostMemOvercommit)>{$LIBVIRT.HOST.MEM.OVERCOMMIT.MAX}',
      priority: 'WARNING',
      scope: 'capacity',
      description: 'Active virtual machines may take more memory than the host has.',
      opdata: 'Now: {ITEM.LASTVALUE1}',
      manualClose: true,
    },
  ];
}

/** Rows of the host that are no virtual machines. */
export const hostRules: readonly Rule[] = [
  {
    name: 'Collector discovery',
    key: 'libvirt.collector.discovery',
    description: 'Sources of data of the agent.',
    macros: { '{#COLLECTOR}': 'lveCollectorName' },
    prefix: 'Collector {#COLLECTOR}',
    filters: { '{#COLLECTOR}': 'LIBVIRT.COLLECTOR' },
    items: [
      { object: 'lveCollectorSupport', name: 'Support', component: 'data' },
      { object: 'lveCollectorAge', name: 'Age of its data', units: 's', component: 'data' },
      { object: 'lveCollectorErrors', name: 'Errors', component: 'data' },
      { object: 'lveCollectorLastError', name: 'Last error', text: true, component: 'data' },
    ],
    triggers: [
      {
        name: 'Fails',
        expression: `min(@lveCollectorErrors,{$LIBVIRT.ERRORS.TIME})<last(@lveCollectorErrors) and ${connectedThroughout}`,
        priority: 'INFO',
        scope: 'notice',
        description: 'A source of data has had errors within {$LIBVIRT.ERRORS.TIME}. See its last error.',
        manualClose: true,
      },
    ],
  },
  {
    name: 'Warning discovery',
    key: 'libvirt.warning.discovery',
    description: 'Conditions that the agent warns of.',
    passing: true,
    macros: { '{#WARNING}': 'lveWarningText', '{#WARNING.CODE}': 'lveWarningCode' },
    prefix: 'Warning {#SNMPINDEX}',
    filters: { '{#WARNING}': 'LIBVIRT.WARNING', '{#WARNING.CODE}': 'LIBVIRT.WARNING.CODE' },
    // Whoever has not set mib.root would have this one for ever.
    leftOut: { 'LIBVIRT.WARNING.CODE': `^${label('lveWarningCode', 'rootIsExperimental')}$` },
    items: [{ object: 'lveWarningText', name: 'Text', text: 'always', component: 'agent' }],
    triggers: [
      {
        name: 'The agent warns',
        eventName: 'The agent warns: {#WARNING}',
        ...isListed('lveWarningText'),
        priority: 'INFO',
        scope: 'notice',
        description: 'See lveWarningTable; `libvirt-agentx check` on the host tells the remedy.',
        manualClose: true,
      },
    ],
  },
  {
    name: 'Storage pool discovery',
    key: 'libvirt.pool.discovery',
    description: 'Storage pools. Their figures are as old as the last refresh of the pool by libvirt.',
    macros: { '{#POOL}': 'lvePoolName' },
    prefix: 'Pool {#POOL}',
    filters: { '{#POOL}': 'LIBVIRT.POOL' },
    items: [
      { object: 'lvePoolState', name: 'State', component: 'storage' },
      { object: 'lvePoolCapacity', name: 'Capacity', units: 'B', component: 'storage' },
      { object: 'lvePoolAllocation', name: 'Allocated', units: 'B', component: 'storage' },
      { object: 'lvePoolAvailable', name: 'Available', units: 'B', component: 'storage' },
      { object: 'lvePoolUsedPercent', name: 'Used', units: '%', scale: 0.01, component: 'storage' },
      { object: 'lvePoolAutostart', name: 'Autostart', component: 'storage' },
    ],
    triggers: [
      {
        name: 'Space is critically low',
        eventName: 'Space is critically low (used > {$LIBVIRT.POOL.USED.MAX.CRIT:"{#POOL}"}%)',
        expression: 'min(@lvePoolUsedPercent,5m)>{$LIBVIRT.POOL.USED.MAX.CRIT:"{#POOL}"}',
        priority: 'AVERAGE',
        scope: 'capacity',
        description: 'The pool is nearly full: thin disks in it will stop.',
        opdata: 'Used: {ITEM.LASTVALUE1}',
      },
      {
        name: 'Space is low',
        eventName: 'Space is low (used > {$LIBVIRT.POOL.USED.MAX.WARN:"{#POOL}"}%)',
        expression: 'min(@lvePoolUsedPercent,5m)>{$LIBVIRT.POOL.USED.MAX.WARN:"{#POOL}"}',
        priority: 'WARNING',
        scope: 'capacity',
        description: 'The pool fills up.',
        opdata: 'Used: {ITEM.LASTVALUE1}',
        dependsOn: ['Space is critically low'],
      },
      {
        name: 'Should be active, but is not',
        expression: `last(@lvePoolAutostart)=${label('lvePoolAutostart', 'true')} and last(@lvePoolState)=${label('lvePoolState', 'inactive')}`,
        priority: 'AVERAGE',
        scope: 'availability',
        description: 'The pool is marked for autostart and is not active.',
      },
    ],
  },
  {
    name: 'Network discovery',
    key: 'libvirt.network.discovery',
    description: 'Virtual networks of libvirt.',
    macros: { '{#NETWORK}': 'lveNetName' },
    prefix: 'Network {#NETWORK}',
    filters: { '{#NETWORK}': 'LIBVIRT.NETWORK' },
    items: [
      { object: 'lveNetActive', name: 'Active', component: 'network' },
      { object: 'lveNetAutostart', name: 'Autostart', component: 'network' },
      { object: 'lveNetLeases', name: 'DHCP leases', component: 'network' },
    ],
    triggers: [
      {
        name: 'Should be active, but is not',
        expression: `last(@lveNetAutostart)=${label('lveNetAutostart', 'true')} and last(@lveNetActive)=${label('lveNetActive', 'false')}`,
        priority: 'AVERAGE',
        scope: 'availability',
        description: 'The network is marked for autostart and is not active.',
      },
    ],
  },
];
