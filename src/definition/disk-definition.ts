import type { DiskFacts } from '../model/disk.ts';
import { attributeOf, childOf, childrenOf, descend, textOf, type XmlElement } from './xml-tree.ts';

/** One disk of a definition: the facts of the model, and what only the program itself needs. */
export interface DiskDefinition extends Omit<DiskFacts, 'index' | 'vmSizeUnit' | 'discontinuityAt'> {
  readonly shared: boolean;
  readonly readOnly: boolean;
  /** virtio-disk0; active definitions only. */
  readonly alias: string | undefined;
  /** Of a network source: rbd, nbd, gluster, ... */
  readonly protocol: string | undefined;
}

interface Location {
  readonly source: string | undefined;
  /** As the definition names it: that of a file is found by where the file is. */
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
    protocol: type === 'network' ? attributeOf(childOf(disk, 'source'), 'protocol') : undefined,
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

/** Where the image is. */
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
    case 'vhostvdpa':
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

/** Protocols whose names begin with the pool: a Ceph pool, a Gluster volume. */
const pooledProtocols: ReadonlySet<string> = new Set(['rbd', 'gluster']);

/**
 * `rbd:vms/disk`, and where the definition names servers, as a URI has them: `nbd://storage:10809/export`,
 * `gluster+unix:///volume/disk?socket=/run/gluster.sock`. Neither users nor queries: they may be secrets.
 */
function locateNetwork(source: XmlElement): Location {
  const protocol = attributeOf(source, 'protocol');
  if (protocol === undefined) return noMedium;
  const name = attributeOf(source, 'name');
  const servers = childrenOf(source, 'host');
  const place = servers.length === 0 ? `${protocol}:${name ?? ''}` : networkUri(protocol, name, servers);
  const parts = name?.split('/').filter((part) => part !== '') ?? [];
  const pool = pooledProtocols.has(protocol) && parts.length > 1 ? parts[0] : undefined;
  return { source: place, pool, image: parts.at(-1) };
}

function networkUri(protocol: string, name: string | undefined, servers: readonly XmlElement[]): string {
  const transport = attributeOf(servers[0], 'transport');
  const scheme = transport === undefined || transport === 'tcp' ? protocol : `${protocol}+${transport}`;
  const hosts = servers.map(hostName).filter((host) => host !== undefined);
  const path = name === undefined ? '' : `/${name.replace(/^\//, '')}`;
  const socket = attributeOf(servers[0], 'socket');
  const place = `${scheme}://${hosts.join(',')}${path}`;
  return socket === undefined ? place : `${path === '' ? `${place}/` : place}?socket=${socket}`;
}

function hostName(host: XmlElement): string | undefined {
  const name = attributeOf(host, 'name')?.replace(/^.*@/, '');
  const port = attributeOf(host, 'port');
  if (name === undefined) return undefined;
  const shown = name.includes(':') ? `[${name}]` : name;
  return port === undefined ? shown : `${shown}:${port}`;
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
  return { source: path, pool: undefined, image: path.split('/').findLast((part) => part !== '') };
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
