/** Settings as a text; patterns, which JSON does not have, as they were written. */
export function keyOf(settings: readonly unknown[]): string {
  return JSON.stringify(settings, (_key, value: unknown) => {
    if (value instanceof RegExp) return String(value);
    return value instanceof Set ? [...value] : value;
  });
}
