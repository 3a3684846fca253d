import { readDomainDocument } from '../definition/domain-document.ts';
import type { XmlElement } from '../definition/xml-tree.ts';

// A definition as the JSON that clients of vAdvisor know (github.com/kubevirt/vAdvisor).

export type SpecValue = string | number | SpecObject | readonly SpecValue[];
export interface SpecObject {
  [key: string]: SpecValue;
}

const numberElements: ReadonlySet<string> = new Set(['currentMemory', 'memory']);
const numberAttributes: ReadonlySet<string> = new Set(['index', 'port', 'startport', 'vram']);

/** Elements whose children are a list: devices each with its family, timers of the clock without. */
const lists: ReadonlyMap<string, (child: XmlElement) => SpecObject> = new Map([
  ['devices', (child: XmlElement) => ({ family: child.qualifiedName, ...objectOf(child) })],
  ['clock', objectOf],
]);

/**
 * Metadata that cannot be read is left out, so that it costs nobody else the list.
 *
 * @throws DefinitionError if it is no definition of a domain.
 */
export function vadvisorSpec(xml: string): SpecObject {
  const { root } = readDomainDocument(xml);
  return { [root.qualifiedName]: objectOf(root) };
}

function objectOf(element: XmlElement): SpecObject {
  // Without a prototype: names come from a document.
  const object = Object.create(null) as SpecObject;
  for (const { qualifiedName, value } of element.attributes) {
    const isNumber = numberAttributes.has(qualifiedName) && /^-?\d+$/.test(value);
    object[qualifiedName] = isNumber ? Number(value) : value;
  }
  for (const child of element.children) {
    if (typeof child === 'string') {
      if (child.trim() === '') continue;
      object['value'] = numberElements.has(element.qualifiedName) ? Number(child) : child;
      continue;
    }
    const name = child.qualifiedName;
    const each = lists.get(name);
    if (each === undefined) {
      object[name] = objectOf(child);
      continue;
    }
    const members = child.children.filter((member): member is XmlElement => typeof member !== 'string');
    // The emulator is no device to vAdvisor.
    const emulator = members.find((member) => member.qualifiedName === 'emulator');
    if (emulator !== undefined) object['emulator'] = objectOf(emulator);
    object[name] = members.filter((member) => member !== emulator).map(each);
  }
  return object;
}
