import type { FamilyTable } from '../family-table.ts';

export const nicFamilies: FamilyTable<'lveNicTable'> = {
  table: 'lveNicTable',
  prefix: 'libvirt_domain_interface_',
  labels: { domain: 'lveDomName', target_device: ['lveNicTarget', 'lveNicMac'] },
  rest: 'stats_',
  families: {
    lveNicLink: 'stats_link_state',
    lveNicRxBytes: 'stats_receive_bytes_total',
    lveNicRxPackets: 'stats_receive_packets_total',
    lveNicRxErrors: 'stats_receive_errors_total',
    lveNicRxDrops: 'stats_receive_drops_total',
    lveNicTxBytes: 'stats_transmit_bytes_total',
    lveNicTxPackets: 'stats_transmit_packets_total',
    lveNicTxErrors: 'stats_transmit_errors_total',
    lveNicTxDrops: 'stats_transmit_drops_total',
    lveNicInAverage: 'limit_receive_bytes_per_second',
    lveNicOutAverage: 'limit_transmit_bytes_per_second',
    lveNicAddressSource: null,
    lveNicAddressAge: null,
  },
};

export const vmNetworkFamilies: FamilyTable<'vmNetworkTable'> = {
  table: 'vmNetworkTable',
  prefix: 'libvirt_domain_interface_',
  labels: {},
  rest: null,
  families: {},
};
