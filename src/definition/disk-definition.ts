import type { DiskFacts } from '../model/disk.ts';
import { attributeOf, childOf, childrenOf, descend, textOf, type XmlElement } from './xml-tree.ts';

/** One disk of a definition: the facts of the model, and what only the program itself needs. */
export interface DiskDefinition extends Omit<DiskFacts, 'index' | 'vmSizeUnit'> {
  readonly shared: boolean;
  readonly readOnly: boolean;
  /** virtio-disk0; active definitions only. */
  readonly alias: string | undefined;
}

interface Location {
  readonly source: string | undefined;
  readonly pool: string | undefined;
  readonly image: string | undefined;
}

const noMedium: Location = { source: undefined, pool: undefined, image: undefined };

/** Reads the disk elements of a domain's devices element. A disk without a target is skipped. */
export function readDisks(devices: XmlElement | undefined): DiskDefinition[] {
  const disks: DiskDefinition[] = [];
  for (const disk of childrenOf(devices, 'disk')) {
    const target = attributeOf(childOf(disk, 'target'), 'dev');
    if (target !== undefined) disks.push(readDisk(disk, target));
  }
  return disks;
}

function readDisk(disk: XmlElement, target: string): DiskDefinition {
  const driver = childOf(disk, 'driver');
  const type = attributeOf(disk, 'type');
  const location = locate(type, childOf(disk, 'source'));
  return {
    target,
    device: deviceKind(attributeOf(disk, 'device')),
    type,
    ...location,
    serial: textOf(childOf(disk, 'serial')),
    bus: attributeOf(childOf(disk, 'target'), 'bus'),
    format: attributeOf(driver, 'type'),
    cache: attributeOf(driver, 'cache'),
    discard: attributeOf(driver, 'discard'),
    shared: childOf(disk, 'shareable') !== undefined,
    readOnly: childOf(disk, 'readonly') !== undefined,
    chainDepth: location.source === undefined ? undefined : chainDepth(disk),
    alias: attributeOf(childOf(disk, 'alias'), 'name'),
  };
}

/** libvirt leaves the attribute out of nothing it prints; without it the device is a disk. */
function deviceKind(device: string | undefined): DiskFacts['device'] {
  switch (device) {
    case undefined:
    case 'disk':
      return 'disk';
    case 'cdrom':
    case 'floppy':
    case 'lun':
      return device;
    default:
      return 'other';
  }
}

/**
 * Where the image is. Of a path, the image is its last part and the pool the part before, the names that
 * operators of CloudStack know; of an RBD name the pool is the first part, as a namespace may follow it.
 */
function locate(type: string | undefined, source: XmlElement | undefined): Location {
  if (source === undefined) return noMedium;
  switch (type) {
    case 'file':
      return splitPath(attributeOf(source, 'file'));
    case 'block':
      return splitPath(attributeOf(source, 'dev'));
    case 'dir':
      return splitPath(attributeOf(source, 'dir'));
    case 'vhostuser':
      return splitPath(attributeOf(source, 'path'));
    case 'vdpa':
      return splitPath(attributeOf(source, 'dev'));
    case 'volume':
      return locateVolume(source);
    case 'network':
      return locateNetwork(source);
    case 'nvme':
      return { ...noMedium, source: nvmeName(source) };
    default:
      return noMedium;
  }
}

function locateVolume(source: XmlElement): Location {
  const pool = attributeOf(source, 'pool');
  const volume = attributeOf(source, 'volume');
  if (pool === undefined || volume === undefined) return noMedium;
  return { source: `${pool}/${volume}`, pool, image: volume };
}

function locateNetwork(source: XmlElement): Location {
  const protocol = attributeOf(source, 'protocol');
  if (protocol === undefined) return noMedium;
  const name = attributeOf(source, 'name');
  if (name === undefined) return { ...noMedium, source: `${protocol}:${firstHost(source) ?? ''}` };
  const parts = name.split('/').filter((part) => part !== '');
  const pool = parts.length < 2 ? undefined : protocol === 'rbd' ? parts[0] : parts.at(-2);
  return { source: `${protocol}:${name}`, pool, image: parts.at(-1) };
}

function firstHost(source: XmlElement): string | undefined {
  const host = childOf(source, 'host');
  const name = attributeOf(host, 'name');
  if (name === undefined) return attributeOf(host, 'socket');
  const port = attributeOf(host, 'port');
  return port === undefined ? name : `${name}:${port}`;
}

function nvmeName(source: XmlElement): string | undefined {
  const address = childOf(source, 'address');
  const name = pciName(address);
  const namespace = attributeOf(source, 'namespace');
  return name === undefined || namespace === undefined ? name : `${name}/${namespace}`;
}

/** The usual text of a PCI address: `0000:3b:00.1`. */
export function pciName(address: XmlElement | undefined): string | undefined {
  const part = (name: string, digits: number): string | undefined =>
    attributeOf(address, name)?.replace(/^0x/i, '').padStart(digits, '0');
  const [bus, slot, fn] = [part('bus', 2), part('slot', 2), part('function', 1)];
  if (bus === undefined || slot === undefined || fn === undefined) return undefined;
  return `${part('domain', 4) ?? '0000'}:${bus}:${slot}.${fn}`;
}

function splitPath(path: string | undefined): Location {
  if (path === undefined) return noMedium;
  const parts = path.split('/').filter((part) => part !== '');
  return { source: path, pool: parts.at(-2), image: parts.at(-1) };
}

/** libvirt ends a chain it has looked at with an empty backingStore; without any it has not looked. */
function chainDepth(disk: XmlElement): number | undefined {
  let layer = childOf(disk, 'backingStore');
  if (layer === undefined) return undefined;
  let depth = 1;
  while (layer !== undefined && descend(layer, 'source') !== undefined) {
    depth += 1;
    layer = childOf(layer, 'backingStore');
  }
  return depth;
}
