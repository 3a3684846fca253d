/**
 * The lexicographical order of object identifiers and their parts (RFC 3416 section 4.2.2): negative if the first comes
 * first, 0 if they are equal. Each is a run of sub-identifiers, from the first offset up to, not including, the second.
 */
export function compareRuns(
  a: ArrayLike<number>,
  aFrom: number,
  aTo: number,
  b: ArrayLike<number>,
  bFrom: number,
  bTo: number,
): number {
  const aLength = aTo - aFrom;
  const bLength = bTo - bFrom;
  const shorter = Math.min(aLength, bLength);
  for (let i = 0; i < shorter; i++) {
    const difference = (a[aFrom + i] ?? 0) - (b[bFrom + i] ?? 0);
    if (difference !== 0) return difference;
  }
  return aLength - bLength;
}
