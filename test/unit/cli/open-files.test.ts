import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openFilesText } from '../../../src/cli/open-files.ts';

const root = new URL('../../../', import.meta.url);
const textOf = (path: string): string => readFileSync(new URL(path, root), 'utf8');

test.each(['src/cli.ts', 'bin/libvirt-agentx'])(
  '%s says what the program says, which it cannot load then',
  (path) => {
    const told = openFilesText(Object.assign(new Error('too many'), { code: 'EMFILE' }));
    expect(textOf(path)).toContain(`'libvirt-agentx: ${told}`);
  },
);

test('the first module of the program needs no other to begin', () => {
  expect(textOf('src/cli.ts')).not.toMatch(/^import /m);
});
