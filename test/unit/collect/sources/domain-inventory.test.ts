import { expect, test } from 'vitest';
import type { ReachedLimit } from '../../../../src/collect/limit-board.ts';
import { DomainTable } from '../../../../src/collect/records/domain-table.ts';
import type { CollectorPass } from '../../../../src/collect/sources/collector.ts';
import { DomainInventory } from '../../../../src/collect/sources/domain-inventory.ts';
import type { DomainRef } from '../../../../src/libvirt/protocol.ts';
import { listDomainsFlags } from '../../../../src/libvirt-enums/flags.ts';
import { silentLogger } from '../../../../src/log.ts';
import { IndexStore } from '../../../../src/state/index-store.ts';

const ref = (name: string): DomainRef => ({ name, uuid: `uuid-${name}`, id: -1 });

async function inventoryOf(maxDomains: number, known: readonly string[] = []) {
  const indexes = await IndexStore.load({ place: undefined, logger: silentLogger });
  for (const name of known) indexes.domain(`uuid-${name}`);
  const domains = new DomainTable(indexes, 0, maxDomains);
  const inventory = new DomainInventory((name) => !name.startsWith('no-'), maxDomains, false);
  const reached: ReachedLimit[] = [];
  let refs: readonly DomainRef[] = [];
  const failing = new Set<number>();
  const call = (_procedure: unknown, { flags }: { readonly flags: number }) =>
    failing.has(flags) ? Promise.reject(new Error('late')) : Promise.resolve(refs);
  const pass = {
    libvirt: { call },
    failed: () => undefined,
    domains,
    infrastructure: { has: () => false },
    limits: { reached: (limit: ReachedLimit) => reached.push(limit) },
    share: undefined,
    changed: () => undefined,
  } as unknown as CollectorPass;
  return {
    domains,
    failing,
    reached,
    collect: async (...names: readonly string[]): Promise<readonly string[]> => {
      refs = names.map(ref);
      await inventory.collect(pass);
      return domains.present.map(({ name }) => name);
    },
  };
}

test('so many domains are monitored, and those that are stay, whatever the order of the list', async () => {
  const { collect, reached } = await inventoryOf(3);
  expect(await collect('no-1', 'a', 'b', 'c')).toEqual(['a', 'b', 'c']);
  expect(reached).toEqual([]);
  expect(await collect('x', 'y', 'c', 'b', 'a')).toEqual(['a', 'b', 'c']);
  expect(reached.at(-1)?.text()).toBe(
    '2 domains are not monitored: this hypervisor has more than 3 (collect.max_domains).',
  );
  // There is room for one of them.
  expect([...(await collect('x', 'y', 'c', 'b'))].sort()).toEqual(['b', 'c', 'x']);
  const before = reached.length;
  expect(await collect('c', 'b')).toEqual(['b', 'c']);
  expect(reached).toHaveLength(before);
});

test('new domains are numbered by name, whatever the order of the list', async () => {
  for (const list of [
    ['web-2', 'db', 'web-10', 'Web'],
    ['web-10', 'Web', 'db', 'web-2'],
  ]) {
    const { collect, domains } = await inventoryOf(10);
    await collect(...list);
    expect(domains.all.map(({ index, name }) => `${index} ${name}`)).toEqual([
      '1 Web',
      '2 db',
      '3 web-10',
      '4 web-2',
    ]);
    // Those of a later list come after those that are known.
    await collect('a', ...list);
    expect(domains.all.at(-1)).toMatchObject({ index: 5, name: 'a' });
  }
});

test('where there are too many, those whose numbers were saved come first, then the others by name', async () => {
  for (const list of [
    ['a', 'e', 'b', 'd', 'c'],
    ['d', 'c', 'b', 'a', 'e'],
  ]) {
    const { collect, domains } = await inventoryOf(3, ['e', 'gone', 'd']);
    expect([...(await collect(...list))].sort()).toEqual(['a', 'd', 'e']);
    expect(domains.all.map(({ index, name }) => `${index} ${name}`)).toEqual(['1 e', '3 d', '4 a']);
    // One that has a number does not take the place of one that has a row.
    await collect('b', 'd', 'c', 'a');
    expect([...(await collect('e', 'b', 'd', 'c', 'a'))].sort()).toEqual(['a', 'b', 'd']);
  }
});

test('a domain is not transient because a call failed', async () => {
  const { collect, domains, failing } = await inventoryOf(3);
  await collect('a');
  failing.add(listDomainsFlags.persistent);
  await collect('a', 'b');
  expect(domains.present.map(({ name, persistent }) => [name, persistent])).toEqual([
    ['a', true],
    ['b', false],
  ]);
  failing.clear();
  await collect('a', 'b');
  expect(domains.present.map(({ persistent }) => persistent)).toEqual([true, true]);
});
