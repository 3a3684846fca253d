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

/** An element of a file that has what people see. */
interface Part {
  readonly key?: string;
  readonly name?: string;
  readonly snmp_oid?: string;
  readonly value_type?: string;
  readonly expression?: string;
  readonly tags?: readonly { readonly tag: string; readonly value: string }[];
  readonly macro?: string;
  readonly description?: string;
}

const collect = (text: string, ...lists: readonly string[]): readonly Part[] => {
  const found: Part[] = [];
  JSON.stringify(parse(text), (key: string, value: unknown) => {
    if (lists.includes(key) && Array.isArray(value)) found.push(...(value as readonly Part[]));
    return value;
  });
  return found;
};

// What the reviewers of Zabbix's community templates ask for.
describe.each(files)('%s as a community template', (path, text) => {
  const tagsOf = (part: Part, tag: string): readonly string[] =>
    (part.tags ?? []).filter((one) => one.tag === tag).map(({ value }) => value);

  it('is named and numbered as they are', () => {
    const [, release, name] = /^contrib\/zabbix\/([0-9.]+)\/([^/]+)[.]yaml$/.exec(path) ?? [];
    expect(name).toMatch(/^template_[.a-zA-Z0-9()_-]+$/);
    expect(parse(text).zabbix_export.version).toBe(release);
    for (const { name: template, tags } of parse(text).zabbix_export.templates) {
      expect(template).toMatch(/ by SNMP$/);
      expect(tags.map(({ tag }: { tag: string }) => tag)).toEqual(['class', 'target']);
    }
  });

  it('says of each item what it tells of, and asks by numbers that do not begin with a dot', () => {
    const items = collect(text, 'items', 'item_prototypes').filter(({ key }) => key !== undefined);
    expect(items.length).toBeGreaterThan(5);
    expect(items.filter((item) => tagsOf(item, 'component').length === 0)).toEqual([]);
    expect(items.filter(({ description = '' }) => description === '')).toEqual([]);
    const oids = collect(text, 'items', 'item_prototypes', 'discovery_rules').flatMap(
      ({ snmp_oid }) => snmp_oid ?? [],
    );
    expect(oids.filter((oid) => !/^(?:(?:walk|discovery)\[)?[{0-9]/.test(oid) || oid.length > 512)).toEqual(
      [],
    );
  });

  it('says of each trigger what it is about, of each macro what it is for', () => {
    const triggers = collect(text, 'triggers', 'trigger_prototypes');
    const scopes = new Set(triggers.flatMap((one) => tagsOf(one, 'scope')));
    expect(triggers.filter((one) => tagsOf(one, 'scope').length !== 1)).toEqual([]);
    expect(
      [...scopes].filter((scope) => !/^(?:availability|performance|capacity|notice)$/.test(scope)),
    ).toEqual([]);
    expect(triggers.filter(({ description = '' }) => description === '')).toEqual([]);
    const macros = collect(text, 'macros').filter(({ macro = '' }) => macro.startsWith('{$'));
    expect(
      macros.filter(({ macro, description = '' }) => description === '' && macro !== '{$VM.INDEX}'),
    ).toEqual([]);
  });

  it('has a macro for each that it uses', () => {
    const known = new Set(collect(text, 'macros').map(({ macro }) => macro));
    const used = [...text.matchAll(/\{\$([A-Z.]+)(?::[^}]*)?\}/g)].map(([, name]) => `{$${name}}`);
    expect([...new Set(used)].filter((macro) => !known.has(macro))).toEqual([]);
  });
});
