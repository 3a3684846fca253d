import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { exitCodeOf, exitCodes } from '../../../src/cli/exit-codes.ts';
import { DaemonError, errorCodes } from '../../../src/errors.ts';

const text = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');

/** First and further cells of the rows of the tables. */
const rows = text
  .split('\n')
  .filter((line) => /^\| (`[A-Z]|\d)/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()));

describe('docs/errors.md', () => {
  test('explains every error code and no other', () => {
    const documented = rows.map((row) => row[1]).filter((cell) => cell?.startsWith('`'));
    expect(documented).toEqual(errorCodes.map((code) => `\`${code}\``));
  });

  test('explains every exit code and no other', () => {
    const documented = rows.filter((row) => /^\d+$/.test(row[1] ?? ''));
    expect(documented.map((row) => [row[1], row[2]])).toEqual(
      Object.entries(exitCodes).map(([name, code]) => [String(code), `\`${name}\``]),
    );
  });

  test('says what to do about each error', () => {
    for (const row of rows.filter((cells) => cells[1]?.startsWith('`'))) {
      expect(
        row.slice(2, 5).every((cell) => cell !== ''),
        row[1],
      ).toBe(true);
    }
  });

  test.each(errorCodes)('tells the exit code of %s if there is one', (code) => {
    const row = rows.find((cells) => cells[1] === `\`${code}\``);
    const told = [...(row?.[4] ?? '').matchAll(/with (\d+)/g)].map((match) => Number(match[1]));
    for (const exitCode of told) expect(exitCodeOf(new DaemonError(code, ''))).toBe(exitCode);
  });
});
