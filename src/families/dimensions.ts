import type { ImageTree } from '../image/image-tree.ts';
import type { TableName } from '../mib/bind.ts';
import type { Series } from './family.ts';
import { type AnyLabelSources, type LabelParts, type LabelRows, LabelSet } from './label-set.ts';

/** The labels of all series over one tree: those with the same rows and sources share one set. */
export class Dimensions {
  readonly #tree: ImageTree;
  readonly #domainLabels: AnyLabelSources;
  readonly #sets = new Map<string, LabelSet>();

  /** @param domainLabels labels for every series that has the label `domain`. */
  constructor(tree: ImageTree, domainLabels: AnyLabelSources) {
    this.#tree = tree;
    this.#domainLabels = domainLabels;
  }

  /** The labels of a series' rows as they are in the current image. */
  rowsOf({ table, labels, texts, where }: Pick<Series, 'table' | 'labels' | 'texts' | 'where'>): LabelRows {
    // What a family tells by itself goes first.
    const all = 'domain' in labels ? { ...texts, ...this.#domainLabels, ...texts } : texts;
    return this.#setOf(table, { labels, texts: all, where }).get();
  }

  /** Does not keep the texts of labels, of which a thousand domains have tens of thousands. */
  forget(): void {
    for (const set of this.#sets.values()) set.forget();
  }

  #setOf(table: TableName | undefined, parts: LabelParts): LabelSet {
    const key = JSON.stringify([table, parts]);
    const known = this.#sets.get(key);
    if (known !== undefined) return known;
    const set = new LabelSet(this.#tree, table, parts);
    this.#sets.set(key, set);
    return set;
  }
}
