export interface PlotSeries {
  readonly what: string;
  readonly values: readonly number[];
}

const rows = 16;
const columnWidth = 14;

/** Series over the same sizes in logarithmic scales, where a straight line that rises like the `.` is linear growth. */
export function logPlot(sizes: readonly number[], series: readonly PlotSeries[]): string {
  const logs = series.flatMap(({ values }) => values.map((value) => Math.log10(Math.max(value, 1e-3))));
  const low = Math.floor(Math.min(...logs));
  const high = Math.ceil(Math.max(...logs));
  const rowOf = (log: number): number => Math.round(((high - log) / (high - low)) * (rows - 1));
  const firstLog = Math.log10(sizes[0] ?? 1);
  const lastLog = Math.log10(sizes.at(-1) ?? 10);
  const width = columnWidth * sizes.length;
  const columnOf = (size: number): number =>
    Math.round(((Math.log10(size) - firstLog) / (lastLog - firstLog)) * (width - 1));
  const grid = Array.from({ length: rows }, () => Array.from({ length: width }, () => ' '));
  const put = (column: number, row: number, mark: string): void => {
    const line = grid[row];
    if (line !== undefined) line[column] = mark;
  };
  for (let column = 0; column < width; column++) {
    const row = rowOf(low + (column / (width - 1)) * (lastLog - firstLog));
    put(column, row, '.');
  }
  for (const [index, { values }] of series.entries()) {
    for (const [i, value] of values.entries()) {
      put(columnOf(sizes[i] ?? 1), rowOf(Math.log10(Math.max(value, 1e-3))), String.fromCharCode(65 + index));
    }
  }
  const lines = grid.map((line, row) => {
    const log = high - (row / (rows - 1)) * (high - low);
    const label = Math.abs(log - Math.round(log)) < 0.5 / (rows - 1) ? String(10 ** Math.round(log)) : '';
    return `${label.padStart(8)} |${line.join('').trimEnd()}`;
  });
  const axis = Array.from({ length: width + 6 }, () => ' ');
  for (const size of sizes) {
    for (const [i, digit] of String(size).split('').entries()) axis[columnOf(size) + i] = digit;
  }
  return [
    ...lines,
    `${' '.repeat(9)}+${'-'.repeat(width)}`,
    `${' '.repeat(10)}${axis.join('').trimEnd()} domains`,
    '',
    ...series.map(({ what }, index) => `${String.fromCharCode(65 + index)}  ${what}`),
    '.  linear growth',
  ].join('\n');
}
