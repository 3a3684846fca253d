import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { exitCodeOf, exitCodes } from '../../../src/cli/exit-codes.ts';
import { DaemonError, errorCodes } from '../../../src/errors.ts';

const text = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');

describe('docs/errors.md', () => {
  test('explains every exit code', () => {
    const documented = [...text.matchAll(/^\| (\d+) \|/gm)].map((match) => Number(match[1]));
    expect(documented).toEqual(Object.values(exitCodes));
  });

  test.each(errorCodes)('tells what %s means and its exit code', (code) => {
    const section = text.split(`### \`${code}\`\n`)[1]?.split('\n### ')[0] ?? '';
    expect(section.length).toBeGreaterThan(100);
    const told = /^Exit code (\d+)/m.exec(section)?.[1];
    expect(exitCodeOf(new DaemonError(code, ''))).toBe(Number(told));
  });

  test('tells of files that cannot be opened whatever they are, and of what is a defect', () => {
    const cause = Object.assign(new Error('too many open files'), { code: 'EMFILE' });
    expect(exitCodeOf(cause)).toBe(exitCodes.unavailable);
    expect(exitCodeOf(new DaemonError('CONFIG_INVALID', '', { cause }))).toBe(exitCodes.unavailable);
    expect(exitCodeOf(new TypeError('of undefined'))).toBe(exitCodes.bug);
  });
});
