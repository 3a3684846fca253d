import type { NovaMetadata } from '../model/domain.ts';
import { attributeOf, childOf, integerOf, textOf, type XmlElement } from './xml-tree.ts';

/**
 * Matched by URI, never by prefix: Nova changed the URI with its version 23, and the prefix is the
 * writer's choice.
 */
const novaNamespaces: ReadonlySet<string> = new Set([
  'http://openstack.org/xmlns/libvirt/nova/1.0',
  'http://openstack.org/xmlns/libvirt/nova/1.1',
]);

const mebibyte = 1024 * 1024;

/** Reads the instance element that OpenStack Nova leaves in a domain's metadata element; undefined without one. */
export function readNova(metadata: XmlElement | undefined): NovaMetadata | undefined {
  const instance = metadata?.children.find(isNovaInstance);
  if (instance === undefined) return undefined;
  const namespace = instance.namespace;
  const inside = (parent: XmlElement | undefined, name: string): XmlElement | undefined =>
    childOf(parent, name, namespace);

  const flavor = inside(instance, 'flavor');
  const owner = inside(instance, 'owner');
  const project = inside(owner, 'project');
  const user = inside(owner, 'user');
  const root = inside(instance, 'root');
  const memoryMib = integerOf(textOf(inside(flavor, 'memory')));
  return {
    instanceName: textOf(inside(instance, 'name')),
    flavor: attributeOf(flavor, 'name'),
    projectName: textOf(project),
    projectId: attributeOf(project, 'uuid'),
    userName: textOf(user),
    userId: attributeOf(user, 'uuid'),
    imageId: attributeOf(root, 'uuid'),
    rootType: attributeOf(root, 'type'),
    creationAt: creationTime(textOf(inside(instance, 'creationTime'))),
    package: attributeOf(inside(instance, 'package'), 'version'),
    flavorVcpus: nonNegative(integerOf(textOf(inside(flavor, 'vcpus')))),
    flavorMemoryBytes: memoryMib === undefined || memoryMib < 0 ? undefined : memoryMib * mebibyte,
  };
}

function isNovaInstance(child: XmlElement | string): child is XmlElement {
  return typeof child !== 'string' && child.name === 'instance' && novaNamespaces.has(child.namespace);
}

/** Nova writes UTC without a zone: `2024-05-06 07:08:09`. */
function creationTime(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const parts = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2})(\.\d+)?(Z|[+-]\d{2}:\d{2})?$/.exec(text);
  if (parts === null) return undefined;
  const [, day, time, , zone] = parts;
  const at = Date.parse(`${day}T${time}${zone ?? 'Z'}`);
  return Number.isNaN(at) ? undefined : at;
}

function nonNegative(value: number | undefined): number | undefined {
  return value === undefined || value < 0 ? undefined : value;
}
