import { describe, expect, it } from 'vitest';
import { DomainTable, type ListedDomain } from '../../../../src/collect/records/domain-table.ts';
import { silentLogger } from '../../../../src/log.ts';
import { IndexStore } from '../../../../src/state/index-store.ts';

const minute = 60_000;

async function tableOf(retentionMs = 10 * minute, maxGone?: number) {
  const indexes = await IndexStore.load({ place: undefined, logger: silentLogger });
  return { indexes, table: new DomainTable(indexes, retentionMs, maxGone) };
}

function listed(name: string, id: number, parts: Partial<ListedDomain> = {}): ListedDomain {
  return {
    ref: { name, uuid: `uuid-${name}`, id },
    persistent: true,
    autostart: false,
    managedSave: false,
    ...parts,
  };
}

const names = (records: readonly { readonly name: string }[]) => records.map(({ name }) => name);

describe('DomainTable', () => {
  it('tells which domains appeared, were started or stopped, and vanished', async () => {
    const { table } = await tableOf();
    const first = table.applyInventory([listed('a', 1), listed('b', -1)], 0);
    expect(names(first.appeared)).toEqual(['a', 'b']);
    const second = table.applyInventory([listed('b', 2), listed('c', -1)], minute);
    expect(names(second.appeared)).toEqual(['c']);
    expect(names(second.switched)).toEqual(['b']);
    expect(names(second.vanished)).toEqual(['a']);
    expect(names(table.present)).toEqual(['b', 'c']);
    expect(names(table.active)).toEqual(['b']);
    expect(names(table.all)).toEqual(['a', 'b', 'c']);
  });

  it('copes with any number of domains that vanished while the agent was away', async () => {
    const indexes = await IndexStore.load({ place: undefined, logger: silentLogger });
    const count = 150_000;
    for (let nth = 0; nth < count; nth++) {
      indexes.setReported(`${nth}`, { name: 'x', state: 'running', reason: 1, persistent: true });
    }
    const table = new DomainTable(indexes, minute, 10);
    expect(table.applyInventory([], 0).vanished).toHaveLength(count);
    expect(table.all).toHaveLength(10);
  });

  it('keeps a domain that ceased to exist for a while, shut off, and then its number is free', async () => {
    const { table } = await tableOf(10 * minute);
    table.applyInventory([listed('a', 1)], 0);
    const [record] = table.applyInventory([], minute).vanished;
    expect(record).toMatchObject({ goneAt: minute, active: false, state: 'shutoff' });
    table.applyInventory([], 10 * minute);
    expect(names(table.all)).toEqual(['a']);
    table.applyInventory([], 11 * minute);
    expect(names(table.all)).toEqual([]);
    expect(table.changedAt).toBe(11 * minute);
  });

  it('keeps so many that ceased to exist, those that did last', async () => {
    const { table } = await tableOf(10 * minute, 2);
    table.applyInventory([listed('a', 1), listed('b', 2), listed('c', 3), listed('d', 4)], 0);
    table.applyInventory([listed('b', 2), listed('c', 3), listed('d', 4)], 1);
    table.applyInventory([listed('d', 4)], 2);
    expect(names(table.all)).toEqual(['b', 'c', 'd']);
    // Daemons that make domains up have no more rows, nor numbers, than they would have with one list.
    for (let round = 3; round < 50; round++) {
      table.applyInventory([listed(`x${round}`, 1), listed(`y${round}`, 2)], round);
    }
    expect(table.all).toHaveLength(4);
    expect(Math.max(...table.all.map(({ index }) => index))).toBeLessThanOrEqual(8);
  });

  it('knows which numbers have a row', async () => {
    const { table } = await tableOf(0);
    const [record] = table.applyInventory([listed('a', 1)], 0).appeared;
    const index = record?.index ?? 0;
    expect(table.hasNumber(index)).toBe(true);
    table.applyInventory([], 1);
    expect(table.hasNumber(index)).toBe(false);
  });

  it('gives a domain that is back its number', async () => {
    const { table } = await tableOf();
    const [before] = table.applyInventory([listed('a', 1), listed('b', 2)], 0).appeared;
    table.applyInventory([listed('b', 2)], minute);
    const [after] = table.applyInventory([listed('a', 7), listed('b', 2)], 2 * minute).appeared;
    expect(after?.index).toBe(before?.index);
    expect(after?.goneAt).toBeUndefined();
  });

  it('forgets what belongs to a run when another begins', async () => {
    const { table } = await tableOf();
    const [record] = table.applyInventory([listed('a', 1)], 0).appeared;
    if (record === undefined) throw new TypeError('no record');
    record.noteReset('vda', 5);
    const { runtime } = record;
    table.applyInventory([listed('a', 1)], 1);
    expect(record.runtime).toBe(runtime);
    table.applyInventory([listed('a', 2)], minute);
    expect(record.runtime.resets.size).toBe(0);
    expect(record.discontinuityAt).toBe(minute);
  });

  it('counts changes of state, of which the first that is known is none', async () => {
    const { table } = await tableOf();
    const [record] = table.applyInventory([listed('a', 1)], 0).appeared;
    if (record === undefined) throw new TypeError('no record');
    expect(table.applyState(record, 1, 1, 1)).toBe(false);
    expect(table.applyState(record, 3, 1, 2)).toBe(true);
    expect(table.applyState(record, 3, 5, 3)).toBe(false);
    expect(record).toMatchObject({ state: 'paused', reason: 5, stateChanges: 1, stateSince: 2 });
  });

  it('remembers of a domain that ceased to exist no state that was never read', async () => {
    const { table, indexes } = await tableOf();
    const [record] = table.applyInventory([listed('a', -1)], 0).appeared;
    expect(record?.stateKnown).toBe(false);
    table.applyInventory([], minute);
    const restored = new DomainTable(indexes, 10 * minute);
    expect(restored.all).toMatchObject([{ name: 'a', goneAt: minute, stateKnown: false }]);
  });

  it('saves a discontinuity of a running domain', async () => {
    const { table, indexes } = await tableOf();
    const [record] = table.applyInventory([listed('a', 1)], 0).appeared;
    if (record === undefined) throw new TypeError('no record');
    table.setDiscontinuity(record, 77);
    expect(record.discontinuityAt).toBe(77);
    expect(indexes.facts('uuid-a').discontinuityAt).toBe(77);
  });

  it('calls the figures of running domains stale while libvirt cannot be asked', async () => {
    const { table } = await tableOf();
    const [running, off] = table.applyInventory([listed('a', 1), listed('b', -1)], 0).appeared;
    if (running === undefined || off === undefined) throw new TypeError('no record');
    running.statsStatus = 'ok';
    off.statsStatus = 'inactive';
    table.markStale();
    expect([running.statsStatus, off.statsStatus]).toEqual(['stale', 'inactive']);
  });
});
