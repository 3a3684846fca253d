import type { ScalarGroupName, TableName } from '../../src/mib/bind.ts';

/** What snmp_exporter collects in one scrape, by the parts of the MIBs. */
export interface SnmpModule {
  readonly name: string;
  /** What it is for, as a comment. */
  readonly purpose: string;
  readonly parts: readonly (ScalarGroupName | TableName)[];
  /** Info families whose texts it has, each as a metric of its own. */
  readonly texts: readonly string[];
}

/** Rows of one answer. 100 VMs take half as many requests as with 25; more saves little, and answers get fragments. */
export const maxRepetitions = 50;

/** Of one request; a scrape has hundreds. */
export const timeout = '5s';

export const snmpModules: readonly SnmpModule[] = [
  {
    name: 'libvirt',
    purpose: 'The agent, the host, and of each VM its state, CPU, memory, disks and interfaces.',
    parts: [
      'lveAgent',
      'lveEvent',
      'lveNotify',
      'vmHypervisor',
      'lveHost',
      'lveDomTable',
      'vmTable',
      'lveDomCpuTable',
      'lveMemTable',
      'lveDiskTable',
      'vmStorageTable',
      'lveDiskErrTable',
      'lveNicTable',
    ],
    texts: [],
  },
  {
    name: 'libvirt_guest',
    purpose: 'Of each VM its vCPUs, definition, jobs, and what its guest agent reports.',
    parts: [
      'lveSpecTable',
      'lveVcpuTable',
      'vmCpuTable',
      'lveBlockJobTable',
      'lveGuestTable',
      'lveFsTable',
      'lveJobTable',
    ],
    texts: [
      'libvirt_domain_info',
      'libvirt_domain_block_stats_info',
      'libvirt_domain_interface_stats_info',
      'libvirt_domain_guest_info',
    ],
  },
  {
    name: 'libvirt_infra',
    purpose: 'Storage pools, networks, the processors and cells of the host, and how the agent fares.',
    parts: [
      'lveCollectorTable',
      'lveWarningTable',
      'lveHostCpuTable',
      'lveNumaTable',
      'lveHugePageTable',
      'lvePoolTable',
      'lveNetTable',
    ],
    texts: ['libvirt_agent_info', 'libvirt_storage_pool_info', 'libvirt_network_info'],
  },
];
