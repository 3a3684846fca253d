/**
 * The lines on which keys of a TOML text stand, by dotted key (`collect.interval`, `labels.1.xpath`), counted
 * from 1. For messages only: it reads the common notations, one key a line, and says nothing of others.
 */
export function keyLines(text: string): ReadonlyMap<string, number> {
  const lines = new Map<string, number>();
  const counts = new Map<string, number>();
  let table = '';
  for (const [at, line] of text.split('\n').entries()) {
    const [, brackets, header] = /^\s*(\[\[?)\s*([^\]#]+?)\s*\]/.exec(line) ?? [];
    if (header !== undefined) {
      const name = withPositions(plain(header), counts);
      const index = counts.get(name) ?? 0;
      counts.set(name, index + 1);
      if (brackets === '[[') counts.set(`${name}[]`, index + 1);
      table = brackets === '[[' ? `${name}.${index}` : name;
      lines.set(table, at + 1);
      if (!lines.has(name)) lines.set(name, at + 1);
      continue;
    }
    const key = /^\s*((?:[\w.-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=/.exec(
      line,
    )?.[1];
    if (key === undefined) continue;
    const full = table === '' ? plain(key) : `${table}.${plain(key)}`;
    if (!lines.has(full)) lines.set(full, at + 1);
  }
  return lines;
}

/** `[hypervisors.collect]` belongs to the last of the `[[hypervisors]]` before it. */
function withPositions(name: string, counts: ReadonlyMap<string, number>): string {
  const [first = '', ...rest] = name.split('.');
  const count = counts.get(`${first}[]`);
  return count === undefined || rest.length === 0 ? name : [first, count - 1, ...rest].join('.');
}

function plain(key: string): string {
  return key.replace(/\s*\.\s*/g, '.').replace(/["']/g, '');
}
