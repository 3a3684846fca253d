import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { templateFiles } from '../../tools/zabbix/template-files.ts';
import { repositoryPath } from '../lab/mib-path.ts';

const files = [...templateFiles()];

describe.each(files)('%s', (path, text) => {
  it("is that of the modules (else run 'npm run docs')", () => {
    expect(readFileSync(`${repositoryPath}/${path}`, 'utf8')).toBe(text);
  });

  it('names no element twice', () => {
    const seen = new Map<string, number>();
    JSON.stringify(parse(text), (key: string, value: unknown) => {
      if (key === 'uuid' && typeof value === 'string') seen.set(value, (seen.get(value) ?? 0) + 1);
      return value;
    });
    expect([...seen].filter(([, times]) => times > 1)).toEqual([]);
    expect(
      [...seen.keys()].filter((uuid) => !/^[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}$/.test(uuid)),
    ).toEqual([]);
  });
});
