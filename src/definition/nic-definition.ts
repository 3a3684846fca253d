import type { NicFacts } from '../model/nic.ts';
import { pciName } from './disk-definition.ts';
import { attributeOf, childOf, childrenOf, descend, integerOf, type XmlElement } from './xml-tree.ts';

/** One network interface of a definition. */
export interface NicDefinition extends Omit<NicFacts, 'index' | 'key' | 'discontinuityAt'> {
  /** Its address on a bus of the guest: `pci 0000:01:00.0`. */
  readonly place: string | undefined;
}

/** The attribute of the source element that says what the interface is connected to, by type. */
const sourceAttributes: Readonly<Record<string, string>> = {
  bridge: 'bridge',
  network: 'network',
  direct: 'dev',
  vhostuser: 'path',
  internal: 'name',
  vdpa: 'dev',
  ethernet: 'dev',
  user: 'dev',
  vds: 'switchid',
};

/** Reads the interface elements of a domain's devices element. An interface without a MAC address is skipped. */
export function readNics(devices: XmlElement | undefined): NicDefinition[] {
  const nics: NicDefinition[] = [];
  for (const element of childrenOf(devices, 'interface')) {
    const mac = attributeOf(childOf(element, 'mac'), 'address')?.toLowerCase();
    if (mac === undefined || !/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac)) continue;
    const type = attributeOf(element, 'type');
    nics.push({
      mac,
      target: attributeOf(childOf(element, 'target'), 'dev'),
      type,
      source: sourceName(type, childOf(element, 'source')),
      model: attributeOf(childOf(element, 'model'), 'type'),
      alias: attributeOf(childOf(element, 'alias'), 'name'),
      portId: attributeOf(descend(element, 'virtualport', 'parameters'), 'interfaceid'),
      mtuBytes: integerOf(attributeOf(childOf(element, 'mtu'), 'size')),
      place: placeOf(childOf(element, 'address')),
      link: linkState(attributeOf(childOf(element, 'link'), 'state')),
    });
  }
  return nics;
}

function placeOf(address: XmlElement | undefined): string | undefined {
  if (address === undefined) return undefined;
  const type = attributeOf(address, 'type') ?? '';
  if (type === 'pci') return `pci ${pciName(address) ?? ''}`;
  const parts = address.attributes
    .filter(({ name }) => name !== 'type')
    .map(({ name, value }) => `${name}=${value}`);
  return [type, ...parts.sort()].join(' ');
}

function sourceName(type: string | undefined, source: XmlElement | undefined): string | undefined {
  if (type === undefined || source === undefined) return undefined;
  if (type === 'hostdev') return pciName(childOf(source, 'address'));
  if (type === 'mcast' || type === 'server' || type === 'client' || type === 'udp') {
    const port = attributeOf(source, 'port');
    const address = attributeOf(source, 'address') ?? '';
    return port === undefined ? undefined : `${address}:${port}`;
  }
  const name = Object.hasOwn(sourceAttributes, type) ? sourceAttributes[type] : undefined;
  return name === undefined ? undefined : attributeOf(source, name);
}

/** Without a link element the link is up. */
function linkState(state: string | undefined): NicFacts['link'] {
  if (state === undefined) return 'up';
  return state === 'up' || state === 'down' ? state : 'unknown';
}
