import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { definitions } from '../../../src/mib/definitions.ts';
import { renderObjectsDoc } from '../../../tools/objects-doc.ts';

const text = renderObjectsDoc();

test('docs/objects.md is what `npm run docs` makes of the modules', () => {
  expect(readFileSync(new URL('../../../docs/objects.md', import.meta.url), 'utf8')).toBe(text);
});

test('lists each object once', () => {
  for (const name of Object.keys(definitions)) {
    expect(text.split(`| \`${name}\` |`).length - 1, name).toBe(1);
  }
});
