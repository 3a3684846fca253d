import type { TableName } from '../mib/bind.ts';
import type { LabelSources } from './family-table.ts';

/** Texts are labels of a constant 1, so that they are joined where they are wanted and burden no other series. */
export interface InfoFamily {
  readonly name: string;
  readonly table: TableName | undefined;
  readonly help: string;
  /** What it is joined on. */
  readonly labels: LabelSources;
  /** What it tells. */
  readonly texts: LabelSources;
}

export const infoFamilies: readonly InfoFamily[] = [
  {
    name: 'libvirt_agent_info',
    table: undefined,
    help: 'The agent, its connection and the host.',
    labels: {},
    texts: {
      version: 'lveAgentVersion',
      uri: 'lveConnUri',
      libvirt_version: 'lveLibvirtVersion',
      hypervisor: 'vmHvSoftware',
      hypervisor_version: 'vmHvVersion',
      hostname: 'lveHostName',
    },
  },
  {
    name: 'libvirt_domain_info',
    table: 'lveDomTable',
    help: 'The domain and the machine it is.',
    labels: { domain: 'lveDomName' },
    texts: {
      uuid: 'lveDomUuid',
      title: 'lveDomTitle',
      os_type: 'vmOSType',
      os_type_arch: 'lveSpecArch',
      os_type_machine: 'lveSpecMachine',
      virt_type: 'lveSpecVirtType',
      state: 'lveDomStateText',
    },
  },
  {
    name: 'libvirt_domain_openstack_info',
    table: 'lveNovaTable',
    help: 'The metadata of OpenStack Nova.',
    labels: { domain: 'lveDomName' },
    texts: {
      instance_name: 'lveNovaInstanceName',
      instance_id: 'lveDomUuid',
      flavor_name: 'lveNovaFlavor',
      user_name: 'lveNovaUserName',
      user_id: 'lveNovaUserId',
      project_name: 'lveNovaProjectName',
      project_id: 'lveNovaProjectId',
      image_id: 'lveNovaImageId',
    },
  },
  {
    name: 'libvirt_domain_block_stats_info',
    table: 'lveDiskTable',
    help: 'What the definition says of the disk.',
    labels: { domain: 'lveDomName', target_device: 'lveDiskTarget' },
    texts: {
      device: 'lveDiskDevice',
      disk_type: 'lveDiskType',
      target_bus: 'lveDiskBus',
      driver_type: 'lveDiskFormat',
      driver_cache: 'lveDiskCache',
      driver_discard: 'lveDiskDiscard',
      source_file: 'lveDiskSource',
      serial: 'lveDiskSerial',
    },
  },
  {
    name: 'libvirt_domain_interface_stats_info',
    table: 'lveNicTable',
    help: 'What the definition says of the interface.',
    labels: { domain: 'lveDomName', target_device: ['lveNicTarget', 'lveNicMac'] },
    texts: {
      interface_type: 'lveNicType',
      source_bridge: 'lveNicSource',
      mac_address: 'lveNicMac',
      model_type: 'lveNicModel',
    },
  },
  {
    name: 'libvirt_domain_guest_info',
    table: 'lveGuestTable',
    help: 'What the guest agent tells of the guest.',
    labels: { domain: 'lveDomName' },
    texts: {
      hostname: 'lveGuestHostname',
      os_id: 'lveGuestOsId',
      os_name: 'lveGuestOsName',
      os_version: 'lveGuestOsVersion',
      kernel: 'lveGuestKernel',
      machine: 'lveGuestMachine',
      timezone: 'lveGuestTimezone',
    },
  },
  {
    name: 'libvirt_storage_pool_info',
    table: 'lvePoolTable',
    help: 'The storage pool.',
    labels: { storage_pool: 'lvePoolName' },
    texts: {
      uuid: 'lvePoolUuid',
      type: 'lvePoolType',
      path: 'lvePoolPath',
    },
  },
  {
    name: 'libvirt_network_info',
    table: 'lveNetTable',
    help: 'The virtual network.',
    labels: { network: 'lveNetName' },
    texts: {
      uuid: 'lveNetUuid',
      bridge: 'lveNetBridge',
      forward: 'lveNetForward',
    },
  },
];
