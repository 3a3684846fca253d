import type { Network } from '../../model/network.ts';
import type { TableBinding } from '../bind.ts';

/** The virtual networks. */
export const netTable: TableBinding<'lveNetTable', Network> = {
  table: 'lveNetTable',
  source: (snapshot) => snapshot.networks,
  rows: (snapshot, add) => {
    for (const network of snapshot.networks) add(network, network.index);
  },
  columns: {
    lveNetName: (network) => network.name,
    lveNetUuid: (network) => network.uuid,
    lveNetActive: (network) => network.active,
    lveNetAutostart: (network) => network.autostart,
    lveNetBridge: (network) => network.bridge,
    lveNetForward: (network) => network.forward,
    lveNetLeases: (network) => network.leases,
    lveNetPorts: (network) => network.ports,
  },
};
