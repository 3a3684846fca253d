import { readFile, writeFile } from 'node:fs/promises';
import { wrapMarkdown } from '../../tools/wrap-markdown.ts';
import { repositoryPath } from '../lab/mib-path.ts';
import { type Figure, isMet, type Measurement, type MeasurementResult } from './measurement.ts';
import type { Summary } from './statistics.ts';

const path = `${repositoryPath}/docs/performance.md`;
const begin = '<!-- results: begin (written by npm run bench) -->';
const end = '<!-- results: end -->';

export interface ReportedMeasurement {
  readonly measurement: Measurement;
  readonly result: MeasurementResult;
  /** How busy the machine was at its end: processes that run or wait for a CPU, over a minute. */
  readonly load: number;
}

const head = ['what', 'ours', 'rival', 'ratio', 'to reach', 'reached'] as const;

function cells(figure: Figure): readonly string[] {
  const { what, unit, ours, rival, ratio, target } = figure;
  const met = isMet(figure);
  return [
    what,
    `${spread(ours)} ${unit}`.trim(),
    rival === undefined ? '' : `${rival.name}: ${spread(rival.summary)}`,
    ratio === undefined ? '' : `${spread(ratio)}`,
    target === undefined
      ? ''
      : `${target.at === 'least' ? '≥' : '≤'} ${digits(target.value)}${ratio === undefined ? ` ${unit}` : '×'}`,
    met === undefined ? '' : met ? 'yes' : 'no',
  ];
}

/** The figures for a terminal. */
export function textTable(reported: readonly ReportedMeasurement[]): string {
  const rows = [head, ...reported.flatMap(({ result }) => result.figures.map(cells))];
  const widths = head.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** The figures of one measurement as a section in Markdown. */
function section({ measurement, result, load }: ReportedMeasurement, machine: string): string {
  const row = (line: readonly string[]): string => `| ${line.join(' | ')} |`;
  const text = [
    `### ${measurement.title}`,
    measurement.method,
    [row(head), row(head.map(() => '---')), ...result.figures.map((figure) => row(cells(figure)))].join('\n'),
    ...(result.details ?? []),
    `${machine}; load average at the end ${load.toFixed(1)}.`,
  ].join('\n\n');
  return wrapMarkdown(text);
}

/**
 * Puts the results between the markers of docs/performance.md, a section for each measurement; those that were not
 * made this time keep theirs.
 * @param all every measurement, in the order of the sections.
 */
export async function writeResults(
  all: readonly Measurement[],
  reported: readonly ReportedMeasurement[],
  machine: string,
): Promise<void> {
  const text = await readFile(path, 'utf8');
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error('docs/performance.md has no place for results');
  const known = text
    .slice(from + begin.length, to)
    .split(/^(?=### )/m)
    .map((old) => old.trim());
  const sections = all.flatMap((measurement) => {
    const made = reported.find((one) => one.measurement === measurement);
    if (made !== undefined) return [section(made, machine)];
    return known.find((old) => old.startsWith(`### ${measurement.title}\n`)) ?? [];
  });
  await writeFile(
    path,
    `${text.slice(0, from + begin.length)}\n\n${sections.join('\n\n')}\n\n${text.slice(to)}`,
  );
}

function spread({ median, min, max }: Summary): string {
  return min === max ? digits(median) : `${digits(median)} (${digits(min)} – ${digits(max)})`;
}

/** Three significant digits, thousands apart. */
function digits(value: number): string {
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString('en-GB');
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  return size >= 1 || value === 0 ? String(Number(value.toFixed(2))) : value.toPrecision(2);
}
