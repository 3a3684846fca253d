import type { NamedRef } from '../../libvirt/protocol.ts';

/**
 * A list of libvirt in the order in which its members get their numbers, and room where there is not enough for all:
 * those with a claim first, the lowest before the others, then those that are new by name and UUID. libvirt's own order
 * is that of a hash table, and another one after each of its starts.
 */
export function inNumberingOrder<Ref extends NamedRef>(
  list: readonly Ref[],
  claimOf: (uuid: string) => number | undefined = () => undefined,
): readonly Ref[] {
  return list
    .map((ref) => ({ ref, claim: claimOf(ref.uuid) ?? Number.MAX_VALUE }))
    .sort((a, b) => a.claim - b.claim || inOrder(a.ref.name, b.ref.name) || inOrder(a.ref.uuid, b.ref.uuid))
    .map(({ ref }) => ref);
}

/** By code units: the same on every host, whatever its locale. */
function inOrder(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
