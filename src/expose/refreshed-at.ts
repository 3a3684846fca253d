import type { ImageTree } from '../image/image-tree.ts';

/** The moment of the last refresh, in milliseconds since 1970; NaN before the first. */
export function refreshedAt(tree: ImageTree): number {
  const first = tree.column('lveRefreshLastTime')?.cells[0] ?? Number.NaN;
  // The age is that of the agent until then. It is kept as its moment.
  return Number.isNaN(first) ? first : (tree.column('lveRefreshAge')?.cells[0] ?? Number.NaN);
}
