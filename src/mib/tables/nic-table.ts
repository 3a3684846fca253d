import type { Nic } from '../../model/nic.ts';
import type { TableBinding } from '../bind.ts';
import { domainsOf, nicRows } from './domain-rows.ts';

/** The network interfaces of the present domains; directions are those of the guest. */
export const nicTable: TableBinding<'lveNicTable', Nic> = {
  table: 'lveNicTable',
  source: domainsOf,
  rows: nicRows,
  columns: {
    lveNicMac: (nic) => nic.mac,
    lveNicTarget: (nic) => nic.target,
    lveNicType: (nic) => nic.type,
    lveNicSource: (nic) => nic.source,
    lveNicModel: (nic) => nic.model,
    lveNicAlias: (nic) => nic.alias,
    lveNicPortId: (nic) => nic.portId,
    lveNicMtu: (nic) => nic.mtuBytes,
    lveNicLink: (nic) => nic.link,
    lveNicRxBytes: (nic) => nic.rxBytes,
    lveNicRxPackets: (nic) => nic.rxPackets,
    lveNicRxErrors: (nic) => nic.rxErrors,
    lveNicRxDrops: (nic) => nic.rxDrops,
    lveNicTxBytes: (nic) => nic.txBytes,
    lveNicTxPackets: (nic) => nic.txPackets,
    lveNicTxErrors: (nic) => nic.txErrors,
    lveNicTxDrops: (nic) => nic.txDrops,
    lveNicInAverage: (nic) => nic.inAverageBytes,
    lveNicOutAverage: (nic) => nic.outAverageBytes,
    lveNicAddresses: (nic) => nic.addresses,
    lveNicAddressSource: (nic) => nic.addressSource,
  },
};
