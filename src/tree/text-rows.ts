import { encodeIndex, type IndexObject } from './index-oid.ts';
import type { AddRow } from './row-layout.ts';
import { ascendingOrder, pickRows, type RowLayout } from './row-layout.ts';
import type { RowSet } from './tree.ts';

/** The rows that share their first index value, mostly those of one domain, without that value. */
interface Fragment {
  /** The other index values as they were added, one row after another. */
  readonly keys: readonly (number | string)[];
  readonly tails: RowSet;
  /** For each row, at which position it was added; undefined if they came in order. */
  readonly order: Uint32Array | undefined;
}

interface Group {
  readonly head: number;
  readonly items: unknown[];
  readonly keys: (number | string)[];
}

/** The fragments of each row set made here, by first sub-identifier. */
const fragmentsOf = new WeakMap<RowSet, ReadonlyMap<number, Fragment>>();

/**
 * Lays out a table whose index has labels or texts. A text is sent with its length first, so the order on
 * the wire is not that of the alphabet; sorting is done per first index value, and only for those whose
 * names are neither the ones they were before nor the ones of their neighbour: many domains have the same
 * statistics.
 * @param index the INDEX clause.
 * @param addRows adds every row.
 * @param known an earlier row set of the table; it is taken over if the rows are the same.
 */
export function layOutTexts(
  index: readonly IndexObject[],
  addRows: (add: AddRow) => void,
  known?: RowSet,
): RowLayout {
  const [headObject, ...tailObjects] = index;
  if (headObject?.kind === 'text' || headObject?.kind === 'uuid') return layOutWhole(index, addRows, known);
  if (known !== undefined && headObject?.kind === 'number') {
    const items = itemsIfSame(fragmentsOf.get(known), tailObjects.length, addRows);
    if (items !== undefined) return { rows: known, items };
  }
  const groups = collectGroups(headObject === undefined ? [] : [headObject], addRows);
  const before = known === undefined ? undefined : fragmentsOf.get(known);

  const fragments = new Map<number, Fragment>();
  let neighbour: Fragment | undefined;
  for (const group of groups) {
    const old = before?.get(group.head);
    const fragment = [old, neighbour].find(
      (candidate) => candidate !== undefined && sameKeys(candidate.keys, group.keys),
    );
    neighbour = fragment ?? encodeGroup(tailObjects, group);
    fragments.set(group.head, neighbour);
  }
  const same =
    before?.size === fragments.size &&
    [...fragments].every(([head, fragment]) => before.get(head) === fragment);
  const rows = known !== undefined && same ? known : assemble(fragments);
  if (rows !== known) fragmentsOf.set(rows, fragments);
  return { rows, items: itemsOf(groups, fragments) };
}

/** The same of a table whose first index value is more than one sub-identifier: such tables have few rows. */
function layOutWhole(
  index: readonly IndexObject[],
  addRows: (add: AddRow) => void,
  known: RowSet | undefined,
): RowLayout {
  const items: unknown[] = [];
  const subIds: number[] = [];
  const ends = [0];
  addRows((item, ...values) => {
    items.push(item);
    subIds.push(...encodeIndex(index, values));
    ends.push(subIds.length);
  });
  const added = {
    length: items.length,
    subIds: Uint32Array.from(subIds),
    offsets: Uint32Array.from(ends),
  };
  const order = ascendingOrder(added);
  const rows = order === undefined ? added : pickRows(added, order);
  const isSame =
    known !== undefined && sameWords(known.offsets, rows.offsets) && sameWords(known.subIds, rows.subIds);
  return {
    rows: isSame ? known : rows,
    items: order === undefined ? items : Array.from(order, (at) => items[at]),
  };
}

function sameWords(a: Uint32Array, b: Uint32Array): boolean {
  return a.length === b.length && a.every((word, at) => word === b[at]);
}

/**
 * The items of the rows if these are the known ones, added in the same order: so they are in nearly every refresh,
 * and then nothing needs to be made of them. Undefined if they differ.
 */
function itemsIfSame(
  fragments: ReadonlyMap<number, Fragment> | undefined,
  width: number,
  addRows: (add: AddRow) => void,
): unknown[] | undefined {
  if (fragments === undefined) return undefined;
  const items: unknown[] = [];
  const groups = fragments[Symbol.iterator]();
  let head: number | undefined;
  let fragment: Fragment | undefined;
  /** Of the group under way, in the order in which they are added. */
  const added: unknown[] = [];
  let same = true;
  /** Whether all of the group under way was added. */
  const endGroup = (): boolean => {
    if (fragment === undefined) return true;
    if (added.length * width !== fragment.keys.length) return false;
    for (let tail = 0; tail < fragment.tails.length; tail++)
      items.push(added[fragment.order?.[tail] ?? tail]);
    added.length = 0;
    return true;
  };
  addRows((item, first, second, third) => {
    if (!same) return;
    if (fragment === undefined || first !== head) {
      const next = endGroup() ? groups.next() : undefined;
      if (next === undefined || next.done === true || next.value[0] !== first) {
        same = false;
        return;
      }
      [head, fragment] = next.value;
    }
    const at = added.length * width;
    same = fragment.keys[at] === second && (width < 2 || fragment.keys[at + 1] === third);
    added.push(item);
  });
  return same && endGroup() && groups.next().done === true ? items : undefined;
}

/** The rows by their first sub-identifier, ascending. */
function collectGroups(
  headObjects: readonly IndexObject[],
  addRows: (add: AddRow) => void,
): readonly Group[] {
  const groups: Group[] = [];
  const byHead = new Map<number, Group>();
  let current: Group | undefined;
  let currentKey: number | string | undefined;
  addRows((item, first = 0, second, third) => {
    if (current === undefined || first !== currentKey) {
      const head = encodeIndex(headObjects, [first])[0] ?? 0;
      current = byHead.get(head) ?? { head, items: [], keys: [] };
      currentKey = first;
      if (!byHead.has(head)) groups.push(current);
      byHead.set(head, current);
    }
    current.items.push(item);
    if (second !== undefined) current.keys.push(second);
    if (third !== undefined) current.keys.push(third);
  });
  return groups.sort((a, b) => a.head - b.head);
}

function encodeGroup(index: readonly IndexObject[], group: Group): Fragment {
  const width = index.length;
  const subIds: number[] = [];
  const offsets = new Uint32Array(group.items.length + 1);
  for (let row = 0; row < group.items.length; row++) {
    for (const subId of encodeIndex(index, group.keys.slice(row * width, (row + 1) * width)))
      subIds.push(subId);
    offsets[row + 1] = subIds.length;
  }
  const added = { length: group.items.length, subIds: Uint32Array.from(subIds), offsets };
  const order = ascendingOrder(added);
  return { keys: group.keys, order, tails: order === undefined ? added : pickRows(added, order) };
}

function assemble(fragments: ReadonlyMap<number, Fragment>): RowSet {
  let length = 0;
  let size = 0;
  for (const { tails } of fragments.values()) {
    length += tails.length;
    size += tails.length + tails.subIds.length;
  }
  const subIds = new Uint32Array(size);
  const offsets = new Uint32Array(length + 1);
  let row = 0;
  let used = 0;
  for (const [head, { tails }] of fragments) {
    for (let tail = 0; tail < tails.length; tail++) {
      subIds[used++] = head;
      const end = tails.offsets[tail + 1] ?? 0;
      for (let i = tails.offsets[tail] ?? 0; i < end; i++) subIds[used++] = tails.subIds[i] ?? 0;
      offsets[++row] = used;
    }
  }
  return { length, subIds, offsets };
}

function itemsOf(groups: readonly Group[], fragments: ReadonlyMap<number, Fragment>): unknown[] {
  const items: unknown[] = [];
  for (const group of groups) {
    const fragment = fragments.get(group.head);
    for (let tail = 0; tail < (fragment?.tails.length ?? 0); tail++) {
      items.push(group.items[fragment?.order?.[tail] ?? tail]);
    }
  }
  return items;
}

function sameKeys(a: readonly (number | string)[], b: readonly (number | string)[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
