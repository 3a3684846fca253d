import { createHash } from 'node:crypto';
import { isLiveAttribute, isLiveElement } from './live-additions.ts';
import type { XmlElement } from './xml-tree.ts';

const xmlnsNamespace = 'http://www.w3.org/2000/xmlns/';

/** Run-time facts that the active XML shows where the definition has a wish. */
const volatileInActive: ReadonlySet<string> = new Set(['currentMemory']);

/**
 * SHA-256 in hexadecimal of a definition. Two texts have the same digest if and only if they say the same
 * to an XML processor: the order of attributes, the prefixes of namespaces, insignificant white space,
 * comments and the way characters are escaped do not count; the order of elements does.
 *
 * @param kind `active` leaves out what libvirt adds while the domain runs, for transient domains, which
 *   have no other definition.
 * @param missing - a digest of what of the definition could not be read.
 */
export function definitionHash(root: XmlElement, kind: 'inactive' | 'active', missing?: string): string {
  const hash = createHash('sha256');
  digestElement(hash, root, kind === 'active');
  if (missing !== undefined) digestText(hash, '?', missing);
  return hash.digest('hex');
}

/** The part of Hash used here. */
interface Digest {
  update(data: string): unknown;
}

/** Every string is written with its length, so that no text can imitate markup. */
function digestText(digest: Digest, tag: string, ...texts: readonly string[]): void {
  digest.update(tag + texts.map((text) => `${text.length}:${text}`).join(''));
}

function digestElement(digest: Digest, element: XmlElement, live: boolean): void {
  digestText(digest, '<', element.namespace, element.name);
  for (const attribute of definedAttributes(element)) {
    if (live && isLiveAttribute(element, attribute.name)) continue;
    digestText(digest, '@', attribute.namespace, attribute.name, attribute.value);
  }
  for (const child of significantChildren(element)) {
    if (typeof child === 'string') digestText(digest, '=', child);
    else if (!live || !isLeftOut(element, child)) digestElement(digest, child, live);
  }
  digest.update('>');
}

function isLeftOut(parent: XmlElement, child: XmlElement): boolean {
  if (parent.name === 'domain' && child.namespace === '' && volatileInActive.has(child.name)) return true;
  // A CPU's model is the definition's own unless libvirt made it from the host's.
  return parent.name !== 'cpu' && isLiveElement(parent, child);
}

/** Attributes in a fixed order, without the declarations of namespaces. */
export function definedAttributes(element: XmlElement): XmlElement['attributes'] {
  return element.attributes
    .filter((attribute) => attribute.namespace !== xmlnsNamespace)
    .sort((a, b) => compareText(a.namespace, b.namespace) || compareText(a.name, b.name));
}

/** Children without white space between elements. */
export function significantChildren(element: XmlElement): XmlElement['children'] {
  return element.children.filter((child) => typeof child !== 'string' || child.trim() !== '');
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
