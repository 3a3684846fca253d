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

async function inventoryOf(maxDomains: number) {
  const indexes = await IndexStore.load({ place: undefined, logger: silentLogger });
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
