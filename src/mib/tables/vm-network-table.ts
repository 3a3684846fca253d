import type { Nic } from '../../model/nic.ts';
import type { TableBinding } from '../bind.ts';
import { macOctets } from '../octets.ts';
import { presentDomains } from './present-domains.ts';

/** VM-MIB: the network interfaces of the present domains. */
export const vmNetworkTable: TableBinding<'vmNetworkTable', Nic> = {
  table: 'vmNetworkTable',
  source: (snapshot) => snapshot.domains,
  rows: (snapshot, add) => {
    for (const domain of presentDomains(snapshot)) {
      for (const nic of domain.nics) add(nic, domain.index, nic.index);
    }
  },
  columns: {
    vmNetworkIfIndex: (nic) => nic.ifIndex,
    vmNetworkParent: (nic) => nic.parentIfIndex,
    vmNetworkModel: (nic) => nic.model,
    vmNetworkPhysAddress: (nic) => macOctets(nic.mac),
  },
};
