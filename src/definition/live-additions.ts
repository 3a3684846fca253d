import { attributeOf, childOf, type XmlElement } from './xml-tree.ts';

/**
 * What libvirt adds to the XML of an active domain and the stored definition does not have. Each line was
 * seen on real domains (libvirt 9.0 with QEMU 7.2) or is documented in libvirt's domain XML reference.
 */

/** `parent/child`; `*` is any parent. */
const liveElements: ReadonlySet<string> = new Set([
  'domain/resource',
  'domain/seclabel',
  'domain/vcpus',
  'os/loader',
  'os/nvram',
  'os/firmware',
  '*/backingStore',
  '*/mirror',
  '*/privateData',
  'source/seclabel',
  'source/reservations',
  'source/slices',
  'interface/target',
  'filesystem/binary',
  'filesystem/source',
  'backend/source',
  'backend/profile',
  'cpu/model',
  'cpu/vendor',
  'cpu/feature',
  'target/current',
  'target/address',
]);

/** Of an interface of a virtual network, what the network or its port group prescribes. */
const networkElements: ReadonlySet<string> = new Set(['bandwidth', 'vlan', 'virtualport', 'driver', 'mtu']);

/** Devices that talk to the host through a character device, whose path libvirt chooses. */
const characterDevices: ReadonlySet<string> = new Set([
  'serial',
  'parallel',
  'console',
  'channel',
  'redirdev',
  'smartcard',
  'rng',
]);

/** `element@attribute` */
const liveAttributes: ReadonlySet<string> = new Set([
  'domain@id',
  'source@index',
  'source@bridge',
  'source@portid',
  'source@dev',
  'source@mode',
  'source@tls',
  'source@tlsHostname',
  'driver@type',
  'driver@cache',
  'driver@io',
  'console@tty',
  'serial@tty',
  'parallel@tty',
  'target@state',
  'graphics@port',
  'graphics@tlsPort',
  'graphics@websocket',
  'graphics@listen',
  'graphics@socket',
  'graphics@websocketGenerated',
  'listen@address',
  'listen@socket',
  'cid@address',
  'nvram@template',
  'nvram@templateFormat',
  'nvram@format',
  'cpu@check',
  'cpu@migratable',
  'cpu@match',
  'model@fallback',
  'vcpu@cpuset',
  'vcpu@order',
  'memory@nodeset',
  'cachetune@id',
  'memorytune@id',
  'clock@adjustment',
  'clock@basis',
]);

/** Whether an element inside `parent`, present only in the active XML, is no part of the definition. */
export function isLiveElement(parent: XmlElement, element: XmlElement): boolean {
  if (parent.namespace !== '' || element.namespace !== '') return false;
  const name = element.name;
  if (liveElements.has(`${parent.name}/${name}`) || liveElements.has(`*/${name}`)) return true;
  switch (name) {
    case 'alias':
      // Names that begin with ua- are the user's own and part of the definition.
      return attributeOf(element, 'name')?.startsWith('ua-') !== true;
    case 'address':
      // A device's place on its bus; inside a source it says which device of the host is meant.
      return parent.name !== 'source';
    case 'source':
      return characterDevices.has(parent.name);
    case 'protocol':
      return characterDevices.has(parent.name);
    default:
      return (
        parent.name === 'interface' &&
        networkElements.has(name) &&
        attributeOf(childOf(parent, 'source'), 'network') !== undefined
      );
  }
}

/** Whether an attribute, present only in the active XML or with another value there, is no part of the definition. */
export function isLiveAttribute(element: XmlElement, name: string): boolean {
  return element.namespace === '' && liveAttributes.has(`${element.name}@${name}`);
}
