import { DefinitionError } from './definition-error.ts';
import type { XmlAttribute, XmlElement } from './xml-tree.ts';

/**
 * The tree of `xml-tree.ts` seen as the part of the DOM (level 3 core) that the XPath library reads. Every
 * step from node to node is counted: when the budget is spent the evaluation ends with an error, so that no
 * pair of expression and document can hold the process.
 */
export interface XpathNode {
  readonly nodeType: number;
  readonly nodeName: string;
  readonly localName: string | null;
  readonly namespaceURI: string | null;
  readonly prefix: string | null;
  readonly nodeValue: string | null;
  /** Position in document order. */
  readonly order: number;
  readonly ownerDocument: XpathNode | null;
  readonly ownerElement: XpathNode | null;
  readonly parentNode: XpathNode | null;
  readonly firstChild: XpathNode | null;
  readonly nextSibling: XpathNode | null;
  readonly previousSibling: XpathNode | null;
  readonly attributes: XpathNodeList | null;
  compareDocumentPosition(other: XpathNode): number;
}

interface XpathNodeList {
  readonly length: number;
  item(index: number): XpathNode | null;
}

const nodeTypes = { element: 1, attribute: 2, text: 3, document: 9 } as const;

/** Bits of compareDocumentPosition. */
const position = { preceding: 2, following: 4 } as const;

/** The number of steps an evaluation may take; {@link XpathBudget.reset} starts the next one. */
export class XpathBudget {
  readonly #steps: number;
  #left: number;

  constructor(steps: number) {
    this.#steps = steps;
    this.#left = steps;
  }

  reset(): void {
    this.#left = this.#steps;
  }

  spend(): void {
    this.#left -= 1;
    if (this.#left < 0) throw new DefinitionError(`XPath expression takes more than ${this.#steps} steps`);
  }
}

/** Makes the document node of a tree. */
export function xpathDocument(root: XmlElement, budget: XpathBudget): XpathNode {
  const document = new ViewNode(budget, nodeTypes.document, 0, null, null);
  let order = 0;
  const addChildren = (parent: ViewNode, source: XmlElement): void => {
    for (const attribute of source.attributes) {
      order += 1;
      parent.addAttribute(attributeNode(budget, order, document, parent, attribute));
    }
    for (const child of source.children) {
      order += 1;
      if (typeof child === 'string') {
        parent.addChild(textNode(budget, order, document, parent, child));
      } else {
        const node = elementNode(budget, order, document, parent, child);
        parent.addChild(node);
        addChildren(node, child);
      }
    }
  };
  order += 1;
  const rootNode = elementNode(budget, order, document, document, root);
  document.addChild(rootNode);
  addChildren(rootNode, root);
  return document;
}

class ViewNode implements XpathNode {
  readonly nodeType: number;
  readonly order: number;
  readonly ownerDocument: ViewNode | null;
  nodeName = '#document';
  localName: string | null = null;
  namespaceURI: string | null = null;
  prefix: string | null = null;
  nodeValue: string | null = null;
  readonly #budget: XpathBudget;
  readonly #parent: ViewNode | null;
  readonly #children: ViewNode[] = [];
  readonly #attributes: ViewNode[] = [];
  #previous: ViewNode | null = null;
  #next: ViewNode | null = null;

  constructor(
    budget: XpathBudget,
    nodeType: number,
    order: number,
    document: ViewNode | null,
    parent: ViewNode | null,
  ) {
    this.#budget = budget;
    this.nodeType = nodeType;
    this.order = order;
    this.ownerDocument = document;
    this.#parent = parent;
  }

  get value(): string | null {
    return this.nodeValue;
  }

  get parentNode(): ViewNode | null {
    this.#budget.spend();
    return this.nodeType === nodeTypes.attribute ? null : this.#parent;
  }

  get ownerElement(): ViewNode | null {
    return this.nodeType === nodeTypes.attribute ? this.#parent : null;
  }

  get documentElement(): ViewNode | null {
    return this.nodeType === nodeTypes.document ? this.firstChild : null;
  }

  get childNodes(): readonly ViewNode[] {
    return this.#children;
  }

  get firstChild(): ViewNode | null {
    this.#budget.spend();
    return this.#children[0] ?? null;
  }

  get nextSibling(): ViewNode | null {
    this.#budget.spend();
    return this.#next;
  }

  get previousSibling(): ViewNode | null {
    this.#budget.spend();
    return this.#previous;
  }

  get attributes(): XpathNodeList | null {
    if (this.nodeType !== nodeTypes.element) return null;
    const list = this.#attributes;
    return {
      length: list.length,
      item: (index) => {
        this.#budget.spend();
        return list[index] ?? null;
      },
    };
  }

  getAttribute(name: string): string | null {
    return this.#attributes.find((one) => one.nodeName === name)?.nodeValue ?? null;
  }

  getAttributeNS(namespace: string | null, name: string): string | null {
    const found = this.#attributes.find((one) => one.localName === name && one.namespaceURI === namespace);
    return found?.nodeValue ?? null;
  }

  compareDocumentPosition(other: XpathNode): number {
    this.#budget.spend();
    if (other.order === this.order) return 0;
    return other.order > this.order ? position.following : position.preceding;
  }

  addChild(node: ViewNode): void {
    const last = this.#children.at(-1);
    if (last !== undefined) {
      last.#next = node;
      node.#previous = last;
    }
    this.#children.push(node);
  }

  addAttribute(node: ViewNode): void {
    this.#attributes.push(node);
  }
}

function elementNode(
  budget: XpathBudget,
  order: number,
  document: ViewNode,
  parent: ViewNode,
  source: XmlElement,
): ViewNode {
  const node = new ViewNode(budget, nodeTypes.element, order, document, parent);
  node.nodeName = source.qualifiedName;
  node.localName = source.name;
  node.namespaceURI = source.namespace === '' ? null : source.namespace;
  node.prefix = prefixOf(source.qualifiedName);
  return node;
}

function attributeNode(
  budget: XpathBudget,
  order: number,
  document: ViewNode,
  owner: ViewNode,
  source: XmlAttribute,
): ViewNode {
  const node = new ViewNode(budget, nodeTypes.attribute, order, document, owner);
  node.nodeName = source.qualifiedName;
  node.localName = source.name;
  node.namespaceURI = source.namespace === '' ? null : source.namespace;
  node.prefix = prefixOf(source.qualifiedName);
  node.nodeValue = source.value;
  return node;
}

function textNode(
  budget: XpathBudget,
  order: number,
  document: ViewNode,
  parent: ViewNode,
  text: string,
): ViewNode {
  const node = new ViewNode(budget, nodeTypes.text, order, document, parent);
  node.nodeName = '#text';
  node.nodeValue = text;
  return node;
}

function prefixOf(qualifiedName: string): string | null {
  const colon = qualifiedName.indexOf(':');
  return colon < 0 ? null : qualifiedName.slice(0, colon);
}
