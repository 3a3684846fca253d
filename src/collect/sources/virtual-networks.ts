import { parseNetworkXml } from '../../definition/network-xml.ts';
import {
  connectListAllNetworks,
  networkGetAutostart,
  networkGetDhcpLeases,
  networkGetXmlDesc,
  networkIsActive,
} from '../../libvirt/procedures.ts';
import type { NamedRef } from '../../libvirt/protocol.ts';
import type { Network } from '../../model/network.ts';
import type { DomainRecord } from '../records/domain-record.ts';
import type { Collector, CollectorKind, CollectorPass } from './collector.ts';
import { eachMember, readMember } from './each-member.ts';
import { inNumberingOrder } from './numbering-order.ts';

export const virtualNetworks: CollectorKind = {
  name: 'virtual-networks',
  id: 'networks',
  selectors: ['network'],
  stage: 'background',
  interval: ({ intervals }) => intervals.networks,
  promptedBy: ['networkLifecycle'],
  make: () => new VirtualNetworks(),
};

/** Virtual networks with their leases and the interfaces connected to them. */
export class VirtualNetworks implements Collector {
  async collect(pass: CollectorPass): Promise<void> {
    const listed = await pass.libvirt.call(connectListAllNetworks, { flags: 0 });
    const known = new Map(pass.infrastructure.networks.map((network) => [network.uuid, network]));
    const networks = await eachMember(pass, inNumberingOrder(listed), {
      nameOf: ({ name }) => name,
      known: ({ uuid }) => known.get(uuid),
      read: (ref) => this.#read(pass, ref, known.get(ref.uuid)),
    });
    pass.indexes.retainNetworks(new Set(listed.map((ref) => ref.uuid)));
    pass.infrastructure.networks = networks.sort((a, b) => a.index - b.index);
  }

  async #read(pass: CollectorPass, network: NamedRef, known: Network | undefined): Promise<Network> {
    const { libvirt } = pass;
    const active = await libvirt.call(networkIsActive, { network });
    const definition = await parseNetworkXml(await libvirt.call(networkGetXmlDesc, { network, flags: 0 }));
    return {
      index: pass.indexes.network(network.uuid),
      name: network.name,
      uuid: network.uuid,
      active,
      autostart: await libvirt.call(networkGetAutostart, { network }),
      bridge: definition.bridge,
      forward: definition.forward,
      // What hands out no addresses has no leases.
      leases: active && definition.hasDhcp ? await this.#leases(pass, network, known) : 0,
      ports: connectedTo(network.name, pass.domains.active),
    };
  }

  /** A network whose leases cannot be read is shown without their number. */
  async #leases(
    pass: CollectorPass,
    network: NamedRef,
    known: Network | undefined,
  ): Promise<number | undefined> {
    return await readMember(pass, `leases of ${network.name}`, {
      known: known?.leases,
      read: async () => {
        const all = await pass.libvirt.call(networkGetDhcpLeases, {
          network,
          mac: undefined,
          flags: 0,
        });
        return all.length;
      },
      partOf: network.name,
    });
  }
}

/** The number of interfaces of active domains that name the network as their source; unknown without all definitions. */
function connectedTo(name: string, records: readonly DomainRecord[]): number | undefined {
  let ports = 0;
  for (const { definition } of records) {
    if (definition === undefined) return undefined;
    for (const nic of definition.nics) {
      if (nic.type === 'network' && nic.source === name) ports += 1;
    }
  }
  return ports;
}
