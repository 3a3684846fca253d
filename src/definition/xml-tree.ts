import { setImmediate } from 'node:timers/promises';
import { SaxesParser, type SaxesTagNS } from 'saxes';
import { DefinitionError } from './definition-error.ts';

/** An attribute; `namespace` is empty for attributes without a prefix. */
export interface XmlAttribute {
  /** As written: `xmlns:nova`, `type`. */
  readonly qualifiedName: string;
  /** Without the prefix. */
  readonly name: string;
  readonly namespace: string;
  readonly value: string;
}

/** An element of a parsed document. Comments and processing instructions are not kept. */
export interface XmlElement {
  /** As written: `nova:instance`. */
  readonly qualifiedName: string;
  /** Without the prefix. */
  readonly name: string;
  /** The URI; empty if the element is in no namespace. */
  readonly namespace: string;
  readonly attributes: readonly XmlAttribute[];
  /** Elements and text in document order; adjacent text and CDATA sections are one string. */
  readonly children: readonly (XmlElement | string)[];
}

/** Bounds on what is read, so that no document can hold the process for long. */
export interface XmlLimits {
  /** UTF-16 units. */
  readonly maxLength: number;
  /** Nested elements. */
  readonly maxDepth: number;
  /** Elements and attributes together. */
  readonly maxNodes: number;
}

/**
 * The length is libvirt's own limit of a string on the wire (4 MiB). The depth leaves room for the longest
 * backing chain of QEMU (200 images, one element inside the other).
 */
export const xmlLimits: XmlLimits = { maxLength: 4 * 1024 * 1024, maxDepth: 512, maxNodes: 100_000 };

interface OpenElement extends XmlElement {
  readonly attributes: XmlAttribute[];
  readonly children: (XmlElement | string)[];
}

/** Characters parsed without a pause by {@link parseXmlInSlices}: about 5 ms. */
const sliceLength = 64 * 1024;

/**
 * Parses a document strictly (XML 1.0 with namespaces) and returns its root element. A document type
 * declaration is refused, so there are no entities but the five of XML and character references. A prefix
 * that is not declared is accepted, as libvirt accepts it in metadata; its namespace is then the prefix
 * followed by a colon, which no declared namespace of ours equals.
 *
 * @throws DefinitionError if the text is not well-formed or exceeds the limits.
 */
export function parseXml(xml: string, limits: XmlLimits = xmlLimits): XmlElement {
  const builder = new TreeBuilder(xml, limits);
  builder.write(xml);
  return builder.end();
}

/** As {@link parseXml}, but lets other work go on in between, so that a huge document delays nobody. */
export async function parseXmlInSlices(xml: string, limits: XmlLimits = xmlLimits): Promise<XmlElement> {
  const builder = new TreeBuilder(xml, limits);
  for (let at = 0; at < xml.length; at += sliceLength) {
    if (at > 0) await setImmediate();
    builder.write(xml.slice(at, at + sliceLength));
  }
  return builder.end();
}

class TreeBuilder {
  readonly #limits: XmlLimits;
  readonly #parser: SaxesParser<{ xmlns: true }>;
  readonly #open: OpenElement[] = [];
  #root: XmlElement | undefined;
  #nodes = 0;

  constructor(xml: string, limits: XmlLimits) {
    if (xml.length > limits.maxLength) {
      throw new DefinitionError(`XML of ${xml.length} characters exceeds the limit of ${limits.maxLength}`);
    }
    this.#limits = limits;
    this.#parser = new SaxesParser({ xmlns: true, position: false, resolvePrefix: undeclaredNamespace });
    this.#parser.on('error', (error) => {
      throw new DefinitionError(`XML is not well-formed: ${error.message}`);
    });
    this.#parser.on('doctype', () => {
      throw new DefinitionError('XML has a document type declaration');
    });
    this.#parser.on('attribute', () => this.#countNode());
    this.#parser.on('text', (text) => this.#addText(text));
    this.#parser.on('cdata', (text) => this.#addText(text));
    this.#parser.on('opentag', (tag) => this.#openElement(tag));
    this.#parser.on('closetag', () => this.#open.pop());
  }

  write(slice: string): void {
    this.#parser.write(slice);
  }

  end(): XmlElement {
    this.#parser.close();
    if (this.#root === undefined) throw new DefinitionError('XML has no root element');
    return this.#root;
  }

  #countNode(): void {
    this.#nodes += 1;
    if (this.#nodes > this.#limits.maxNodes) {
      throw new DefinitionError(`XML has more than ${this.#limits.maxNodes} nodes`);
    }
  }

  #openElement(tag: SaxesTagNS): void {
    this.#countNode();
    if (this.#open.length >= this.#limits.maxDepth) {
      throw new DefinitionError(`XML is nested deeper than ${this.#limits.maxDepth} elements`);
    }
    const element = toElement(tag);
    const parent = this.#open.at(-1);
    if (parent === undefined) this.#root = element;
    else parent.children.push(element);
    this.#open.push(element);
  }

  #addText(text: string): void {
    const siblings = this.#open.at(-1)?.children;
    if (siblings === undefined || text === '') return;
    const last = siblings.at(-1);
    if (typeof last === 'string') siblings[siblings.length - 1] = last + text;
    else siblings.push(text);
  }
}

function undeclaredNamespace(prefix: string): string | undefined {
  return prefix === '' ? undefined : `${prefix}:`;
}

function toElement(tag: SaxesTagNS): OpenElement {
  const attributes = Object.values(tag.attributes).map((attribute) => ({
    qualifiedName: attribute.name,
    name: attribute.local,
    namespace: attribute.uri,
    value: attribute.value,
  }));
  return { qualifiedName: tag.name, name: tag.local, namespace: tag.uri, attributes, children: [] };
}

/**
 * Checks that a document is of the kind wanted, and returns it.
 *
 * @throws DefinitionError if its root element has another name.
 */
export function expectRoot(root: XmlElement, name: string): XmlElement {
  if (root.name !== name || root.namespace !== '') {
    throw new DefinitionError(`XML is a ${root.qualifiedName} element where a ${name} was expected`);
  }
  return root;
}

/** The child elements of that name, by default in no namespace. */
export function childrenOf(element: XmlElement | undefined, name: string, namespace = ''): XmlElement[] {
  const found: XmlElement[] = [];
  for (const child of element?.children ?? []) {
    if (typeof child !== 'string' && child.name === name && child.namespace === namespace) found.push(child);
  }
  return found;
}

/** The first child element of that name, by default in no namespace. */
export function childOf(
  element: XmlElement | undefined,
  name: string,
  namespace = '',
): XmlElement | undefined {
  for (const child of element?.children ?? []) {
    if (typeof child !== 'string' && child.name === name && child.namespace === namespace) return child;
  }
  return undefined;
}

/** The element reached by one child name after another, all in no namespace. */
export function descend(
  element: XmlElement | undefined,
  ...names: readonly string[]
): XmlElement | undefined {
  let at = element;
  for (const name of names) at = childOf(at, name);
  return at;
}

/** The value of an attribute in no namespace; undefined if it is absent or empty. */
export function attributeOf(element: XmlElement | undefined, name: string): string | undefined {
  const attribute = element?.attributes.find((one) => one.name === name && one.namespace === '');
  return attribute === undefined || attribute.value === '' ? undefined : attribute.value;
}

/** The text directly inside an element, trimmed; undefined if there is none. */
export function textOf(element: XmlElement | undefined): string | undefined {
  if (element === undefined) return undefined;
  const text = element.children
    .filter((child) => typeof child === 'string')
    .join('')
    .trim();
  return text === '' ? undefined : text;
}

/** A decimal integer from a text; undefined for everything else. */
export function integerOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^-?\d{1,15}$/.test(text)) return undefined;
  return Number(text);
}

/** Bytes per unit of a size in libvirt's XML. */
const unitSizes: Readonly<Record<string, number>> = {
  b: 1,
  bytes: 1,
  KB: 1000,
  k: 1024,
  KiB: 1024,
  MB: 1000 ** 2,
  M: 1024 ** 2,
  MiB: 1024 ** 2,
  GB: 1000 ** 3,
  G: 1024 ** 3,
  GiB: 1024 ** 3,
  TB: 1000 ** 4,
  T: 1024 ** 4,
  TiB: 1024 ** 4,
};

/** The number of bytes in a unit; undefined for an unknown unit. */
export function unitBytes(unit: string): number | undefined {
  return Object.hasOwn(unitSizes, unit) ? unitSizes[unit] : undefined;
}
