import type { SnmpClient } from './snmp-client.ts';

/** Never part of a printed value. */
const delimiter = '\u001f';

/** What `snmptable` prints, reduced to some columns and laid out for reading; the row's index comes first. */
export async function readTable(
  client: SnmpClient,
  table: string,
  columns: readonly string[],
): Promise<string> {
  const text = await client.table(table, ['-Ci', '-Cf', delimiter]);
  const [header = [], ...rows] = text
    .split('\n')
    .filter((line) => line.includes(delimiter))
    .map((line) => line.split(delimiter).map((cell) => cell.trim()));
  const positions = columns.map((name) => header.indexOf(name));
  const wanted = rows.map((row) => [row[0] ?? '', ...positions.map((position) => row[position] ?? '?')]);
  return layOut([['index', ...columns], ...wanted]);
}

/** Text with every column as wide as its widest cell. */
function layOut(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  }
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
