import { expect, test } from 'vitest';
import { FleetEvents } from '../../src/fleet-events.ts';
import type { LoggedEvent } from '../../src/model/event.ts';
import { sampleEmptySnapshot, sampleSnapshot } from '../support/sample-snapshot.ts';

/** An event log that counts how many of its entries are looked at. */
class CountedLog {
  readonly name: string;
  #entries: LoggedEvent[] = [];
  #lastSeq = 0;
  looks = 0;

  constructor(name: string, seq = 0) {
    this.name = name;
    this.#lastSeq = seq;
  }

  add(...moments: readonly number[]): void {
    const [event] = sampleSnapshot().events.entries;
    if (event === undefined) throw new Error('the sample has no events');
    this.#entries = [...this.#entries];
    for (const at of moments) {
      this.#lastSeq += 1;
      this.#entries.push({ ...event, seq: this.#lastSeq, at });
    }
  }

  remove(count: number): void {
    this.#entries = this.#entries.slice(count);
  }

  /** As it is now: another object each time. */
  get now() {
    const entries = new Proxy(this.#entries, {
      get: (target, key, receiver) => {
        if (typeof key === 'string' && /^\d+$/.test(key)) this.looks += 1;
        return Reflect.get(target, key, receiver) as unknown;
      },
    });
    return { name: this.name, view: { ...sampleEmptySnapshot().events, entries } };
  }
}

const told = (events: FleetEvents, ...logs: readonly CountedLog[]): readonly string[] =>
  events.update(logs.map(({ now }) => now)).map(({ hypervisor, event }) => `${hypervisor} ${event.at}`);

test('events come in the order of their times, whoever is told of later', () => {
  const events = new FleetEvents(4);
  const [one, two] = [new CountedLog('one'), new CountedLog('two')];
  one.add(1000, 3000);
  expect(told(events, one, two)).toEqual(['one 1000', 'one 3000']);
  two.add(2000, 3000, 4000);
  expect(told(events, one, two)).toEqual(['two 2000', 'one 3000', 'two 3000', 'two 4000']);
  // Older than all that are told: there is no room for it.
  const three = new CountedLog('three');
  three.add(500);
  expect(told(events, one, two, three)).toEqual(['two 2000', 'one 3000', 'two 3000', 'two 4000']);
});

test('what is in no log any more is told no more', () => {
  const events = new FleetEvents(10);
  const [one, two] = [new CountedLog('one'), new CountedLog('two')];
  one.add(1000, 3000);
  two.add(2000);
  told(events, one, two);
  one.remove(1);
  expect(told(events, one, two)).toEqual(['two 2000', 'one 3000']);
  two.remove(1);
  one.remove(1);
  expect(told(events, one, two)).toEqual([]);
  two.add(5000);
  expect(told(events, one, two)).toEqual(['two 5000']);
});

test('numbers may begin again', () => {
  const events = new FleetEvents(10);
  const log = new CountedLog('one', 4_294_967_290);
  log.add(1000, 2000);
  told(events, log);
  const again = new CountedLog('one');
  again.add(3000);
  expect(told(events, again)).toEqual(['one 3000']);
});

test('the same list comes again where nothing is new', () => {
  const events = new FleetEvents(10);
  const log = new CountedLog('one');
  log.add(1000);
  const { now } = log;
  const list = events.update([now]);
  expect(events.isUpToDate([now])).toBe(true);
  expect(events.isUpToDate([log.now])).toBe(false);
  // Another view of the same entries, as when one of them was notified.
  expect(events.update([log.now])).toBe(list);
});

test('an update looks at what is new, however much the logs hold', () => {
  const events = new FleetEvents(1000);
  const logs = Array.from({ length: 50 }, (_, number) => new CountedLog(`hv${number}`));
  const moments = Array.from({ length: 2000 }, (_, at) => at);
  for (const log of logs) log.add(...moments);
  expect(told(events, ...logs)).toHaveLength(1000);
  const looks = (): number => logs.reduce((sum, log) => sum + log.looks, 0);
  const before = looks();
  for (const log of logs) log.add(3000);
  const latest = told(events, ...logs);
  expect(latest.slice(-50).every((text) => text.endsWith(' 3000'))).toBe(true);
  // The new one, the one before it, the first and the last of each.
  expect(looks() - before).toBeLessThanOrEqual(50 * 6);
});
