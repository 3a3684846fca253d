import { createRequire } from 'node:module';
import { cutUtf8 } from '../bytes/cut-utf8.ts';
import { errorText } from '../errors.ts';
import type { Label } from '../model/domain.ts';
import { DefinitionError } from './definition-error.ts';
import { parseXml, type XmlElement } from './xml-tree.ts';
import { XpathBudget, type XpathNode, xpathDocument } from './xpath-view.ts';

/** A configured label: what to take from the definition of every domain, and what to call it. */
export interface LabelRule {
  /** 1 to 64 octets (lveLabelName). */
  readonly name: string;
  /** XPath 1.0, evaluated at the document: `string(/domain/metadata/ovirt:vm/ovirt:clusterVersion)`. */
  readonly xpath: string;
}

/** Prefixes that rules may use besides those of {@link wellKnownNamespaces}, with their URIs. */
export type NamespaceTable = Readonly<Record<string, string>>;

/** Prefixes every rule may use without declaring them. */
export const wellKnownNamespaces: NamespaceTable = {
  nova: 'http://openstack.org/xmlns/libvirt/nova/1.1',
  nova10: 'http://openstack.org/xmlns/libvirt/nova/1.0',
  ovirt: 'http://ovirt.org/vm/1.0',
  'ovirt-tune': 'http://ovirt.org/vm/tune/1.0',
  libosinfo: 'http://libosinfo.org/xmlns/libvirt/domain/1.0',
  qemu: 'http://libvirt.org/schemas/domain/qemu/1.0',
  cockpit: 'https://github.com/cockpit-project/cockpit-machines',
};

/** Octets of a label's value (LveText); longer values are cut between characters. */
export const maxLabelOctets = 1024;

/** Steps from node to node that one rule may take in one definition: a few milliseconds. */
const maxSteps = 100_000;

/** Values of a rule that selects several nodes are joined by a comma; more than these are left out. */
const maxValues = 64;

interface CompiledRule {
  readonly name: string;
  readonly expression: XpathExpression;
}

/** The part used of the library `xpath`; its own types bring those of browsers with them. */
interface XpathExpression {
  evaluate(context: { readonly node: XpathNode; readonly namespaces: NamespaceTable }): XpathValue;
}

interface XpathValue {
  stringValue(): string;
  toArray?: () => readonly XpathNode[];
}

interface XpathLibrary {
  parse(expression: string): XpathExpression;
}

/** Takes configured labels from definitions. */
export class LabelReader {
  readonly #rules: readonly CompiledRule[];
  readonly #namespaces: NamespaceTable;

  /**
   * @throws DefinitionError if an expression is not XPath 1.0 or uses a prefix that is not declared.
   */
  constructor(rules: readonly LabelRule[], namespaces: NamespaceTable = {}) {
    this.#namespaces = { ...wellKnownNamespaces, ...namespaces };
    this.#rules = rules.length === 0 ? [] : this.#compile(rules);
  }

  get isEmpty(): boolean {
    return this.#rules.length === 0;
  }

  /**
   * The labels of one definition, in the order of the rules. A rule that selects nothing, or whose
   * evaluation fails, gives no label.
   *
   * @throws DefinitionError if `xml` is a text that cannot be read.
   */
  read(xml: XmlElement | string): readonly Label[] {
    if (this.#rules.length === 0) return [];
    const budget = new XpathBudget(maxSteps);
    const node = xpathDocument(typeof xml === 'string' ? parseXml(xml) : xml, budget);
    const labels: Label[] = [];
    for (const rule of this.#rules) {
      budget.reset();
      const value = this.#valueOf(rule, node);
      if (value !== undefined) labels.push({ name: rule.name, value });
    }
    return labels;
  }

  /** Loaded only where there are rules. The trial run finds undeclared prefixes and unknown functions. */
  #compile(rules: readonly LabelRule[]): CompiledRule[] {
    const library: XpathLibrary = createRequire(import.meta.url)('xpath');
    const node = xpathDocument(trialDocument, new XpathBudget(maxSteps));
    return rules.map((rule) => {
      try {
        const expression = library.parse(rule.xpath);
        expression.evaluate({ node, namespaces: this.#namespaces }).stringValue();
        return { name: rule.name, expression };
      } catch (error) {
        throw new DefinitionError(`label ${rule.name}: ${errorText(error)}`, { cause: error });
      }
    });
  }

  #valueOf(rule: CompiledRule, node: XpathNode): string | undefined {
    try {
      const result = rule.expression.evaluate({ node, namespaces: this.#namespaces });
      return cleanValue(result.toArray === undefined ? [result.stringValue()] : nodeTexts(result.toArray()));
    } catch {
      // What is wrong with the rule itself was said at the start; here a definition is too large for it.
      return undefined;
    }
  }
}

const trialDocument: XmlElement = {
  qualifiedName: 'domain',
  name: 'domain',
  namespace: '',
  attributes: [],
  children: [],
};

/** The string values of nodes (XPath 1.0 section 5). */
function nodeTexts(nodes: readonly XpathNode[]): string[] {
  return nodes.slice(0, maxValues).map((node) => {
    let text = '';
    const collect = (at: XpathNode): void => {
      if (text.length > maxLabelOctets) return;
      if (at.nodeValue !== null) text += at.nodeValue;
      for (let child = at.firstChild; child !== null; child = child.nextSibling) collect(child);
    };
    collect(node);
    return text;
  });
}

function cleanValue(texts: readonly string[]): string | undefined {
  const value = texts
    .map((text) => text.trim().replace(/\s+/g, ' '))
    .filter((text) => text !== '')
    .join(',');
  return value === '' ? undefined : Buffer.from(cutUtf8(Buffer.from(value), maxLabelOctets)).toString();
}
