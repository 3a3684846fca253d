/** At most `maxBytes` octets of a UTF-8 text, without a broken character at the end. */
export function cutUtf8(octets: Uint8Array, maxBytes: number): Uint8Array {
  if (octets.length <= maxBytes) return octets;
  let end = Math.max(maxBytes, 0);
  while (end > 0 && ((octets[end] ?? 0) & 0xc0) === 0x80) end--;
  return octets.subarray(0, end);
}
