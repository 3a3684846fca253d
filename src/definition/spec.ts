import type { DomainSpec } from '../model/domain.ts';
import { pciName } from './disk-definition.ts';
import {
  attributeOf,
  childOf,
  childrenOf,
  descend,
  integerOf,
  textOf,
  unitBytes,
  type XmlElement,
} from './xml-tree.ts';

const libosinfoNamespace = 'http://libosinfo.org/xmlns/libvirt/domain/1.0';

/** The part of the model's DomainSpec that one definition tells. */
export type SpecDefinition = Omit<DomainSpec, 'hash' | 'lastChangeAt' | 'pendingChange'>;

/** Reads the properties of lveSpecTable from the root element of a domain. */
export function readSpec(root: XmlElement): SpecDefinition {
  const os = childOf(root, 'os');
  const osType = childOf(os, 'type');
  const cpu = childOf(root, 'cpu');
  const topology = childOf(cpu, 'topology');
  const devices = childOf(root, 'devices');
  const arch = attributeOf(osType, 'arch');
  const hostDevices = readHostDevices(devices);
  return {
    title: textOf(childOf(root, 'title')),
    description: textOf(childOf(root, 'description')),
    virtType: attributeOf(root, 'type'),
    osType: textOf(osType),
    arch,
    machine: attributeOf(osType, 'machine'),
    emulator: textOf(childOf(devices, 'emulator')),
    firmware: firmware(os, arch),
    cpuMode: cpuMode(cpu),
    cpuModel: textOf(childOf(cpu, 'model')),
    cpuSockets: integerOf(attributeOf(topology, 'sockets')),
    cpuCores: integerOf(attributeOf(topology, 'cores')),
    cpuThreads: integerOf(attributeOf(topology, 'threads')),
    numaCells: childrenOf(childOf(cpu, 'numa'), 'cell').length,
    hugePageBytes: hugePageBytes(childOf(root, 'memoryBacking')),
    osInfo: osInfo(childOf(root, 'metadata')),
    graphics: graphics(devices),
    hostDevices: hostDevices.length,
    hostDeviceText: hostDevices.length === 0 ? undefined : hostDevices.join(' '),
  };
}

/** efi or bios as asked for; else the path of the loader; QEMU's PCs boot a BIOS if nothing else is said. */
function firmware(os: XmlElement | undefined, arch: string | undefined): string | undefined {
  const said = attributeOf(os, 'firmware') ?? textOf(childOf(os, 'loader'));
  if (said !== undefined) return said;
  return arch === 'x86_64' || arch === 'i686' ? 'bios' : undefined;
}

function cpuMode(cpu: XmlElement | undefined): string | undefined {
  const mode = attributeOf(cpu, 'mode');
  if (mode !== undefined) return mode;
  return childOf(cpu, 'model') === undefined ? undefined : 'custom';
}

/** The size of the first kind of huge page; undefined without huge pages, or when the host's default size is used. */
function hugePageBytes(memoryBacking: XmlElement | undefined): number | undefined {
  const page = descend(memoryBacking, 'hugepages', 'page');
  const size = integerOf(attributeOf(page, 'size'));
  const bytes = unitBytes(attributeOf(page, 'unit') ?? 'KiB');
  return size === undefined || size < 0 || bytes === undefined ? undefined : size * bytes;
}

function osInfo(metadata: XmlElement | undefined): string | undefined {
  const libosinfo = childOf(metadata, 'libosinfo', libosinfoNamespace);
  return attributeOf(childOf(libosinfo, 'os', libosinfoNamespace), 'id');
}

/** `vnc:127.0.0.1:5900`; parts that are not known (an automatic port of an inactive domain) are left out. */
function graphics(devices: XmlElement | undefined): string | undefined {
  const servers = childrenOf(devices, 'graphics').map((server) => {
    const listen = childOf(server, 'listen');
    const address =
      attributeOf(listen, 'address') ??
      attributeOf(server, 'listen') ??
      attributeOf(listen, 'socket') ??
      attributeOf(server, 'socket');
    const port = usablePort(attributeOf(server, 'port')) ?? usablePort(attributeOf(server, 'tlsPort'));
    const host = address?.includes(':') === true ? `[${address}]` : address;
    const place = port === undefined ? host : `${host ?? ''}:${port}`;
    const type = attributeOf(server, 'type') ?? 'other';
    return place === undefined ? type : `${type}:${place}`;
  });
  return servers.length === 0 ? undefined : servers.join(' ');
}

/** -1 is a port that libvirt chooses at the start. */
function usablePort(port: string | undefined): string | undefined {
  return port === undefined || port === '-1' ? undefined : port;
}

function readHostDevices(devices: XmlElement | undefined): string[] {
  const hostdevs = childrenOf(devices, 'hostdev').map(hostDeviceName);
  const nics = childrenOf(devices, 'interface')
    .filter((nic) => attributeOf(nic, 'type') === 'hostdev')
    .map((nic) => `pci:${pciName(descend(nic, 'source', 'address')) ?? '?'}`);
  return [...hostdevs, ...nics];
}

function hostDeviceName(hostdev: XmlElement): string {
  const type = attributeOf(hostdev, 'type') ?? attributeOf(hostdev, 'mode') ?? 'other';
  const source = childOf(hostdev, 'source');
  return `${type}:${hostDeviceSource(type, source) ?? '?'}`;
}

function hostDeviceSource(type: string, source: XmlElement | undefined): string | undefined {
  const address = childOf(source, 'address');
  switch (type) {
    case 'pci':
      return pciName(address);
    case 'usb':
      return usbName(source, address);
    case 'mdev':
      return attributeOf(address, 'uuid');
    case 'scsi':
      return scsiName(source, address);
    case 'scsi_host':
      return attributeOf(source, 'wwpn');
    default:
      // Capabilities of containers (storage, misc, net) name themselves by one child.
      return textOf(source?.children.find((child) => typeof child !== 'string'));
  }
}

function usbName(source: XmlElement | undefined, address: XmlElement | undefined): string | undefined {
  const hex = (name: string): string | undefined =>
    attributeOf(childOf(source, name), 'id')?.replace(/^0x/i, '');
  const [vendor, product] = [hex('vendor'), hex('product')];
  if (vendor !== undefined && product !== undefined) return `${vendor}:${product}`;
  const [bus, device] = [attributeOf(address, 'bus'), attributeOf(address, 'device')];
  return bus === undefined || device === undefined ? undefined : `${bus}.${device}`;
}

function scsiName(source: XmlElement | undefined, address: XmlElement | undefined): string | undefined {
  if (attributeOf(source, 'protocol') !== undefined) return attributeOf(source, 'name');
  const adapter = attributeOf(childOf(source, 'adapter'), 'name');
  if (adapter === undefined) return undefined;
  const place = ['bus', 'target', 'unit'].map((name) => attributeOf(address, name) ?? '0').join(':');
  return `${adapter}:${place}`;
}
