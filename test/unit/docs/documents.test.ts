import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { defaultStatSelectors, statSelectors } from '../../../src/config/selectors.ts';
import { listNotifications } from '../../../src/mib/inventory.ts';
import { tables } from '../../../src/mib/objects.gen.ts';
import { markdownDocuments } from '../../../tools/markdown-documents.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const readme = read('README.md');

describe('README.md', () => {
  test.each(Object.keys(tables))('says what %s holds', (table) => {
    expect(readme).toMatch(new RegExp(`^\\|.*\\b${table}\\b.*\\|`, 'm'));
  });

  test('lists the selectors as they are', () => {
    const listed = [...readme.matchAll(/^\| `(\w+)` \| (yes|no) \| (.+) \|$/gm)].map(([, name, on, what]) => [
      name,
      on === 'yes',
      what,
    ]);
    const isDefault = new Set<string>(defaultStatSelectors);
    expect(listed).toEqual(
      Object.entries(statSelectors).map(([name, what]) => [name, isDefault.has(name), what]),
    );
  });

  test('names the notifications of LIBVIRT-EXT-MIB', () => {
    const names = listNotifications().map(({ name }) => name);
    expect(names.filter((name) => name.startsWith('lve') && !readme.includes(name))).toEqual([]);
  });
});

describe.each(markdownDocuments)('%s', (document) => {
  const text = read(document);

  test('links to files that exist', () => {
    const targets = [...text.matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g)].map((match) => match[1] ?? '');
    expect(targets.filter((target) => !existsSync(join(root, dirname(document), target)))).toEqual([]);
  });

  test('names files of this project that exist', () => {
    const named = [...text.matchAll(/`((?:src|docs|test|tools|contrib|mibs|\.github)\/[\w./-]+)`/g)].map(
      (match) => match[1] ?? '',
    );
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  test('has no line of more than 100 characters', () => {
    const prose = text.replaceAll(/^ *```[\s\S]*?^ *```$/gm, '').split('\n');
    const long = prose.filter((line) => line.length > 100 && !/^ *\||https?:/.test(line));
    expect(long).toEqual([]);
  });
});
