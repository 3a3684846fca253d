import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { checkProblems } from '../../../src/check/problems.ts';
import { checkDoc } from '../../../tools/check-doc.ts';
import { programTexts } from '../../../tools/program-text.ts';

test('docs/check.md is up to date (npm run docs) and has every problem', () => {
  const text = readFileSync(new URL('../../../docs/check.md', import.meta.url), 'utf8');
  expect(text).toBe(checkDoc(text));
  for (const name of Object.keys(checkProblems)) expect(text).toContain(`| \`${name}\` |`);
});

test('the manual page has every problem', () => {
  const page = programTexts().find(({ path }) => path.endsWith('libvirt-agentx.8'))?.text ?? '';
  for (const name of Object.keys(checkProblems))
    expect(page).toContain(`.B ${name.replaceAll('-', '\\-')}\n`);
});
