import { expect, test } from 'vitest';
import { FleetSummary } from '../../src/fleet-summary.ts';
import { noFleet } from '../../src/model/fleet.ts';
import { SnapshotStore } from '../../src/model/snapshot-store.ts';
import { waitUntil } from '../lab/wait.ts';
import { sampleEmptySnapshot, sampleSnapshot } from '../support/sample-snapshot.ts';

function member(name: string, isDefault: boolean) {
  return { name, isDefault, store: new SnapshotStore(sampleEmptySnapshot()) };
}

/** A log of one event at each of these moments. */
function logAt(...moments: readonly number[]) {
  const [event] = sampleSnapshot().events.entries;
  if (event === undefined) throw new Error('the sample has no events');
  const { events } = sampleEmptySnapshot();
  return { ...events, entries: moments.map((at, seq) => ({ ...event, seq: seq + 1, at })) };
}

test('the default one tells of all, the latest events in the order of their times', async () => {
  const [one, two] = [member('one', false), member('two', true)];
  const fleet = new FleetSummary([one, two], 3);
  expect(two.store.current.fleet.hypervisors.map(({ name }) => name)).toEqual(['one', 'two']);
  expect(one.store.current.fleet).toBe(noFleet);
  one.store.update({ events: logAt(1000, 3000) });
  two.store.update({ events: logAt(2000, 4000) });
  const told = () =>
    two.store.current.fleet.events.map(({ hypervisor, event }) => `${hypervisor} ${event.at}`);
  await waitUntil(() => told().length === 3, { what: 'the events', intervalMs: 10 });
  expect(told()).toEqual(['two 2000', 'one 3000', 'two 4000']);
  const [rowOne, rowTwo] = two.store.current.fleet.hypervisors;
  const { agent } = one.store.current;
  one.store.update({ agent: { ...agent, connState: 'disconnected' } });
  await waitUntil(() => two.store.current.fleet.hypervisors[0]?.agent.connState === 'disconnected', {
    what: 'the state',
    intervalMs: 10,
  });
  // A row is another one only where something in it is.
  expect(two.store.current.fleet.hypervisors[0]).not.toBe(rowOne);
  expect(two.store.current.fleet.hypervisors[1]).toBe(rowTwo);
  fleet.close();
  const moved = new FleetSummary(
    [
      { ...one, isDefault: true },
      { ...two, isDefault: false },
    ],
    3,
  );
  expect(two.store.current.fleet).toBe(noFleet);
  expect(one.store.current.fleet.hypervisors).toHaveLength(2);
  moved.close();
});
