import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { expect, test } from 'vitest';
import { threads } from '../../../tools/bundle.ts';

const src = new URL('../../../src/', import.meta.url);

test('a bundle has the program of each thread, by the name it is started by', () => {
  const started = readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => [...readFileSync(new URL(name, src), 'utf8').matchAll(/new URL\('\.\/([\w-]+)\.js'/g)])
    .map(([, name = '']) => name);
  expect(started.sort()).toEqual(Object.keys(threads).sort());
  for (const [name, path] of Object.entries(threads)) expect(basename(path, '.ts')).toBe(name);
});
