import { setImmediate as nextTurn } from 'node:timers/promises';
import { SaxesParser, type SaxesTagPlain } from 'saxes';
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

/**
 * Parses a document and returns its root element. It takes what libvirt's own parser takes and prints again in
 * metadata, and that is XML 1.0 whose namespaces need not be right: a prefix that is not declared stands for a
 * namespace of its own (the prefix followed by a colon, which no declared namespace of ours equals), a name may have
 * several colons, of which the first ends the prefix, and two attributes of one element may have the same expanded
 * name. A document type declaration is skipped and nothing of it used, so that there are no entities but the five of
 * XML and character references: a reference to any other is the text it is written as.
 *
 * @throws DefinitionError if the text is not well-formed or exceeds the limits.
 */
export function parseXml(xml: string, limits: XmlLimits = xmlLimits): XmlElement {
  const builder = new TreeBuilder(xml, limits);
  builder.write(xml);
  return builder.end();
}

/** Characters parsed at once: about 5 ms. */
export const turnLength = 32 * 1024;

/**
 * The same in turns of the event loop, so that a long document (a network with thousands of static addresses) holds up
 * nothing else of its thread.
 *
 * @throws DefinitionError if the text is not well-formed or exceeds the limits.
 */
export async function parseXmlInTurns(xml: string, limits: XmlLimits = xmlLimits): Promise<XmlElement> {
  const builder = new TreeBuilder(xml, limits);
  for (let from = 0; from < xml.length; from += turnLength) {
    if (from > 0) await nextTurn();
    builder.write(xml.slice(from, from + turnLength));
  }
  return builder.end();
}

class TreeBuilder {
  readonly #limits: XmlLimits;
  readonly #parser: SaxesParser<{ xmlns: false }>;
  readonly #open: OpenElement[] = [];
  /** What prefixes mean inside each open element. */
  readonly #scopes: Scope[] = [];
  #root: XmlElement | undefined;
  #nodes = 0;

  constructor(xml: string, limits: XmlLimits) {
    if (xml.length > limits.maxLength) {
      throw new DefinitionError(`XML of ${xml.length} characters exceeds the limit of ${limits.maxLength}`);
    }
    this.#limits = limits;
    this.#parser = new SaxesParser({ xmlns: false, position: false });
    this.#parser.on('error', (error) => {
      if (error.message === undeclaredEntity) return;
      throw new DefinitionError(`XML is not well-formed: ${error.message}`);
    });
    this.#parser.on('attribute', () => this.#countNode());
    this.#parser.on('text', (text) => this.#addText(text));
    this.#parser.on('cdata', (text) => this.#addText(text));
    this.#parser.on('opentag', (tag) => this.#openElement(tag));
    this.#parser.on('closetag', () => {
      this.#open.pop();
      this.#scopes.pop();
    });
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

  #openElement(tag: SaxesTagPlain): void {
    this.#countNode();
    if (this.#open.length >= this.#limits.maxDepth) {
      throw new DefinitionError(`XML is nested deeper than ${this.#limits.maxDepth} elements`);
    }
    const scope = scopeOf(tag, this.#scopes.at(-1) ?? outermost);
    const element = toElement(tag, scope);
    const parent = this.#open.at(-1);
    if (parent === undefined) this.#root = element;
    else parent.children.push(element);
    this.#open.push(element);
    this.#scopes.push(scope);
  }

  #addText(text: string): void {
    const siblings = this.#open.at(-1)?.children;
    if (siblings === undefined || text === '') return;
    const last = siblings.at(-1);
    if (typeof last === 'string') siblings[siblings.length - 1] = last + text;
    else siblings.push(text);
  }
}

/** What the parser says of a reference to an entity that it does not know; it then takes it as text. */
const undeclaredEntity = 'undefined entity.';

/** Namespaces by prefix; the default namespace has the empty one. */
type Scope = ReadonlyMap<string, string>;

const xmlnsNamespace = 'http://www.w3.org/2000/xmlns/';

/** Namespaces in XML 1.0, section 3: these two are bound once and for all. */
const reserved: Scope = new Map([
  ['xml', 'http://www.w3.org/XML/1998/namespace'],
  ['xmlns', xmlnsNamespace],
]);

const outermost: Scope = new Map();

/** The namespaces inside an element; those of its parent where it declares none. */
function scopeOf(tag: SaxesTagPlain, parent: Scope): Scope {
  let scope: Map<string, string> | undefined;
  for (const name in tag.attributes) {
    if (!name.startsWith('xmlns')) continue;
    const prefix =
      name === 'xmlns' ? '' : name.startsWith('xmlns:') ? name.slice('xmlns:'.length) : undefined;
    if (prefix === undefined) continue;
    scope ??= new Map(parent);
    scope.set(prefix, tag.attributes[name] ?? '');
  }
  return scope ?? parent;
}

function namespaceOf(prefix: string, scope: Scope): string {
  const fixed = reserved.get(prefix);
  if (fixed !== undefined) return fixed;
  const declared = scope.get(prefix);
  if (prefix === '') return declared ?? '';
  return declared === undefined || declared === '' ? `${prefix}:` : declared;
}

function toElement(tag: SaxesTagPlain, scope: Scope): OpenElement {
  const attributes: XmlAttribute[] = [];
  for (const qualifiedName in tag.attributes) {
    const value = tag.attributes[qualifiedName] ?? '';
    const colon = qualifiedName.indexOf(':');
    const name = qualifiedName.slice(colon + 1);
    // The default namespace is not that of attributes.
    const isDeclaration = qualifiedName === 'xmlns';
    const namespace = colon < 0 ? '' : namespaceOf(qualifiedName.slice(0, colon), scope);
    attributes.push({ qualifiedName, name, namespace: isDeclaration ? xmlnsNamespace : namespace, value });
  }
  const colon = tag.name.indexOf(':');
  return {
    qualifiedName: tag.name,
    name: tag.name.slice(colon + 1),
    namespace: namespaceOf(colon < 0 ? '' : tag.name.slice(0, colon), scope),
    attributes,
    children: [],
  };
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
