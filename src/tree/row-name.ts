import type { WireValue } from './tree.ts';

/** What the owners of rows are called, by the first sub-identifier of the rows' index. */
export type OwnerNames = ReadonlyMap<number, string>;

/** The name of a row, `owner:member`, as it is sent; without a member that of its owner. Undefined if that is not known. */
export function nameOf(
  owner: string | undefined,
  member: string,
  convert: (given: never) => WireValue | undefined,
): WireValue | undefined {
  if (owner === undefined) return undefined;
  return convert((member === '' ? owner : `${owner}:${member}`) as never);
}
