import { cutElement } from './domain-document.ts';
import { attributeOf, childOf, expectRoot, integerOf, parseXmlInTurns, textOf } from './xml-tree.ts';

/** What the agent needs from the XML of a virtual network (virNetworkGetXMLDesc). */
export interface NetworkDefinition {
  readonly name: string | undefined;
  /** Lower case. */
  readonly uuid: string | undefined;
  /** The bridge device; undefined for networks on a host device of their own. */
  readonly bridge: string | undefined;
  /** nat, route, open, bridge, private, vepa, passthrough, hostdev; `isolated` without a forward element. */
  readonly forward: string;
  /** Interfaces connected to an active network, as it counts itself. */
  readonly connections: number | undefined;
  /** Whether it hands out addresses. */
  readonly hasDhcp: boolean;
}

/** @throws DefinitionError if the text cannot be read or is not a network. */
export async function parseNetworkXml(xml: string): Promise<NetworkDefinition> {
  // The metadata of a network belongs to others, as that of a domain does.
  const root = expectRoot(await parseXmlInTurns(cutElement(xml, 'metadata')?.rest ?? xml), 'network');
  const forward = childOf(root, 'forward');
  return {
    name: textOf(childOf(root, 'name')),
    uuid: textOf(childOf(root, 'uuid'))?.toLowerCase(),
    bridge: attributeOf(childOf(root, 'bridge'), 'name'),
    // A forward element without a mode is libvirt's default, NAT.
    forward: forward === undefined ? 'isolated' : (attributeOf(forward, 'mode') ?? 'nat'),
    connections: integerOf(attributeOf(root, 'connections')),
    hasDhcp: root.children.some(
      (child) => typeof child !== 'string' && child.name === 'ip' && childOf(child, 'dhcp') !== undefined,
    ),
  };
}
