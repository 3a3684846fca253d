import {
  attributeOf,
  childOf,
  childrenOf,
  expectRoot,
  integerOf,
  parseXmlInTurns,
  textOf,
  unitBytes,
} from './xml-tree.ts';

/** What the agent needs from the XML of a storage pool (virStoragePoolGetXMLDesc). */
export interface PoolDefinition {
  readonly name: string | undefined;
  /** Lower case. */
  readonly uuid: string | undefined;
  /** dir, logical, rbd, ... */
  readonly type: string | undefined;
  /** Where the volumes are on the host: target/path, or the source's name for pools without one (rbd, gluster). */
  readonly path: string | undefined;
}

/** @throws DefinitionError if the text cannot be read or is not a pool. */
export async function parsePoolXml(xml: string): Promise<PoolDefinition> {
  const root = expectRoot(await parseXmlInTurns(xml), 'pool');
  const source = childOf(root, 'source');
  return {
    name: textOf(childOf(root, 'name')),
    uuid: textOf(childOf(root, 'uuid'))?.toLowerCase(),
    type: attributeOf(root, 'type'),
    path: textOf(childOf(childOf(root, 'target'), 'path')) ?? textOf(childOf(source, 'name')),
  };
}

/** What the agent needs from the XML of a volume (virStorageVolGetXMLDesc). */
export interface VolumeDefinition {
  readonly name: string | undefined;
  readonly key: string | undefined;
  readonly capacityBytes: number | undefined;
  readonly allocationBytes: number | undefined;
  readonly format: string | undefined;
  readonly backingPath: string | undefined;
}

/** @throws DefinitionError if the text cannot be read or is not a volume. */
export async function parseVolumeXml(xml: string): Promise<VolumeDefinition> {
  const root = expectRoot(await parseXmlInTurns(xml), 'volume');
  const size = (name: string): number | undefined => {
    const [element] = childrenOf(root, name);
    const value = integerOf(textOf(element));
    const bytes = unitBytes(attributeOf(element, 'unit') ?? 'bytes');
    return value === undefined || value < 0 || bytes === undefined ? undefined : value * bytes;
  };
  return {
    name: textOf(childOf(root, 'name')),
    key: textOf(childOf(root, 'key')),
    capacityBytes: size('capacity'),
    allocationBytes: size('allocation'),
    format: attributeOf(childOf(childOf(root, 'target'), 'format'), 'type'),
    backingPath: textOf(childOf(childOf(root, 'backingStore'), 'path')),
  };
}
