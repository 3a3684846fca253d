import type { Nic } from '../../model/nic.ts';
import type { TableBinding } from '../bind.ts';
import { partOf } from '../part.ts';
import { macOctets } from '../values/octets.ts';
import { domainsOf, nicFacts, nicRows } from './domain-rows.ts';

const links = partOf((nic: Nic) => nic.links);

/** VM-MIB: the network interfaces of the present domains. */
export const vmNetworkTable: TableBinding<'vmNetworkTable', Nic> = {
  table: 'vmNetworkTable',
  source: domainsOf,
  rows: nicRows,
  columns: {
    vmNetworkIfIndex: links(({ ifIndex }) => ifIndex),
    vmNetworkParent: links(({ parentIfIndex }) => parentIfIndex),
    vmNetworkModel: nicFacts(({ model }) => model),
    vmNetworkPhysAddress: nicFacts(({ mac }) => macOctets(mac)),
  },
};
