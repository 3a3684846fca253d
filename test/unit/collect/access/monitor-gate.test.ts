import { describe, expect, it } from 'vitest';
import { MonitorGate } from '../../../../src/collect/access/monitor-gate.ts';

function deferred(): { readonly promise: Promise<void>; resolve(): void } {
  let resolve: () => void = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** Lets every promise callback that is ready run. */
const settle = (): Promise<void> => new Promise((done) => setImmediate(done));

describe('MonitorGate', () => {
  it('lets one call at a time enter the monitor of a domain', async () => {
    const gate = new MonitorGate(3);
    const first = await gate.reserve(['a', 'b']);
    let second: unknown = 'waiting';
    void gate.reserve(['b', 'c']).then((lease) => {
      second = lease?.uuids;
    });
    await settle();
    expect(second).toBe('waiting');
    first?.release();
    await settle();
    expect(second).toEqual(['b', 'c']);
  });

  it('does not let two callers wait for each other', async () => {
    const gate = new MonitorGate(3);
    const held = await gate.reserve(['a']);
    const one = gate.reserve(['a', 'b']);
    const two = gate.reserve(['b', 'a']);
    held?.release();
    const winner = await Promise.race([one, two]);
    winner?.release();
    const [first, second] = await Promise.all([one, two]);
    expect(first?.uuids).toEqual(['a', 'b']);
    expect(second?.uuids).toEqual(['b', 'a']);
  });

  it('holds the domains of an unanswered call until it is answered', async () => {
    const gate = new MonitorGate(3);
    const answered = deferred();
    (await gate.reserve(['a', 'b']))?.unanswered(answered.promise);
    expect(gate.isHeld('a')).toBe(true);
    expect((await gate.reserve(['a', 'b', 'c']))?.uuids).toEqual(['c']);
    expect(await gate.reserve(['a'])).toBeUndefined();
    answered.resolve();
    await settle();
    expect(gate.isHeld('a')).toBe(false);
    expect(gate.unanswered).toBe(0);
  });

  it('lets domains go that are shown to be well', async () => {
    const gate = new MonitorGate(3);
    const answered = deferred();
    const suspicion = (await gate.reserve(['hung', 'well']))?.unanswered(answered.promise);
    suspicion?.acquit('well');
    expect(gate.isHeld('well')).toBe(false);
    expect(gate.isHeld('hung')).toBe(true);
  });

  it('does not free a domain that a later unanswered call holds', async () => {
    const gate = new MonitorGate(3);
    const early = deferred();
    const late = deferred();
    const suspicion = (await gate.reserve(['a', 'b']))?.unanswered(early.promise);
    suspicion?.acquit('a');
    (await gate.reserve(['a']))?.unanswered(late.promise);
    early.resolve();
    await settle();
    expect(gate.isHeld('a')).toBe(true);
    expect(gate.isHeld('b')).toBe(false);
  });

  it('admits nothing while too many calls are unanswered', async () => {
    const gate = new MonitorGate(2);
    const first = deferred();
    (await gate.reserve(['a']))?.unanswered(first.promise);
    expect(gate.saturated).toBe(false);
    (await gate.reserve(['b']))?.unanswered(deferred().promise);
    expect(gate.saturated).toBe(true);
    expect(await gate.reserve(['c'])).toBeUndefined();
    first.resolve();
    await settle();
    expect((await gate.reserve(['c']))?.uuids).toEqual(['c']);
  });
});
