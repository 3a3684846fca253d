// Labels as the formats of Prometheus have them.

/** A label with its value. */
export function pair(name: string, value: string): string {
  return `${name}="${escapeLabel(value)}"`;
}

/** A label's value: what the format gives a meaning, and control characters. */
export function escapeLabel(value: string): string {
  if (!/["\\\p{Cc}]/u.test(value)) return value;
  return withoutControls(value).replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

/** Control characters other than line ends, which some parsers stumble over, as `\x07`. */
export function withoutControls(value: string): string {
  return value.replaceAll(
    /(?!\n)\p{Cc}/gu,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}
