import { parseNetworkXml } from '../../definition/network-xml.ts';
import { ConnectionLostError } from '../../errors.ts';
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
    const networks: Network[] = [];
    for (const ref of listed) {
      if (pass.signal.aborted) return;
      try {
        networks.push(await this.#read(pass, ref));
      } catch (error) {
        if (error instanceof ConnectionLostError) throw error;
        pass.failed(error, ref.name);
        const before = known.get(ref.uuid);
        if (before !== undefined) networks.push(before);
      }
    }
    pass.indexes.retainNetworks(new Set(listed.map((ref) => ref.uuid)));
    pass.infrastructure.networks = networks.sort((a, b) => a.index - b.index);
  }

  async #read(pass: CollectorPass, network: NamedRef): Promise<Network> {
    const { libvirt } = pass;
    const active = await libvirt.call(networkIsActive, { network });
    const definition = parseNetworkXml(await libvirt.call(networkGetXmlDesc, { network, flags: 0 }));
    const leases =
      active && definition.hasDhcp
        ? (await libvirt.call(networkGetDhcpLeases, { network, mac: undefined, flags: 0 })).length
        : undefined;
    return {
      index: pass.indexes.network(network.uuid),
      name: network.name,
      uuid: network.uuid,
      active,
      autostart: await libvirt.call(networkGetAutostart, { network }),
      bridge: definition.bridge,
      forward: definition.forward,
      leases,
      ports: connectedTo(network.name, pass.domains.active),
    };
  }
}

/** The number of interfaces of active domains that name the network as their source. */
function connectedTo(name: string, records: readonly DomainRecord[]): number {
  let ports = 0;
  for (const record of records) {
    for (const nic of record.definition?.nics ?? []) {
      if (nic.type === 'network' && nic.source === name) ports += 1;
    }
  }
  return ports;
}
