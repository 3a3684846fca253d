import type { Nic } from '../../model/nic.ts';
import type { TableBinding } from '../bind.ts';
import { macOctets } from '../octets.ts';
import { domainsOf, nicRows } from './domain-rows.ts';

/** VM-MIB: the network interfaces of the present domains. */
export const vmNetworkTable: TableBinding<'vmNetworkTable', Nic> = {
  table: 'vmNetworkTable',
  source: domainsOf,
  rows: nicRows,
  columns: {
    vmNetworkIfIndex: (nic) => nic.ifIndex,
    vmNetworkParent: (nic) => nic.parentIfIndex,
    vmNetworkModel: (nic) => nic.model,
    vmNetworkPhysAddress: (nic) => macOctets(nic.mac),
  },
};
