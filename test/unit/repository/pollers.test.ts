import { readFileSync } from 'node:fs';
import { parse } from 'smol-toml';
import { describe, expect, test } from 'vitest';
import { repositoryPath } from '../../lab/mib-path.ts';
import { objectAt } from '../../support/object-at.ts';

// The OIDs in configurations that name objects in comments or fields only: each is of one of ours, and of one table.

interface TelegrafTable {
  readonly name: string;
  readonly field: readonly { readonly name: string; readonly oid: string; readonly is_tag?: boolean }[];
}

describe('contrib/telegraf', () => {
  const text = readFileSync(`${repositoryPath}/contrib/telegraf/libvirt-agentx.conf`, 'utf8');
  const { inputs } = parse(text) as unknown as {
    readonly inputs: {
      readonly snmp: readonly [TelegrafTable & { readonly table: readonly TelegrafTable[] }];
    };
  };
  const [input] = inputs.snmp;

  test.each(input.table.map((table) => [table.name, table] as const))(
    '%s has rows that are named',
    (_, table) => {
      const columns = table.field.map(({ oid }) => objectAt(`${oid}.1`));
      expect(columns).not.toContain(undefined);
      expect(table.field.filter((field) => field.is_tag === true).length).toBeGreaterThan(0);
    },
  );

  test('asks for scalars by their instance', () => {
    for (const { oid } of input.field)
      expect([oid.endsWith('.0'), objectAt(oid)]).toEqual([true, expect.any(String)]);
  });
});

describe('contrib/collectd', () => {
  const text = readFileSync(`${repositoryPath}/contrib/collectd/libvirt-snmp.conf`, 'utf8');
  const blocks = [...text.matchAll(/^ {2}# ([^\n]*)\n {2}<Data "(\w+)">\n(.*?)<\/Data>/gms)];

  test.each(blocks.map(([, comment = '', name = '', body = '']) => [name, comment, body] as const))(
    '%s asks for the objects that its comment names',
    (_, comment, body) => {
      const values = /Values (.*)/.exec(body)?.[1] ?? '';
      const oids = [...values.matchAll(/"([\d.]+)"/g)].map(([, oid = '']) => oid);
      const named = oids.map((oid) => objectAt(oid.endsWith('.0') ? oid : `${oid}.1`));
      expect(comment.split(/[;:]|, in/)[0]).toBe(named.join(', '));
    },
  );

  test('collects each block', () => {
    const collected = [...text.matchAll(/^ {4}Collect (.*)$/gm)].flatMap(([, list = '']) => list.split(' '));
    expect(collected).toEqual(blocks.map(([, , name]) => `"${name}"`));
  });
});
