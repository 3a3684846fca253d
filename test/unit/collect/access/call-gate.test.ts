import { describe, expect, it } from 'vitest';
import {
  CallGate,
  type Lease,
  NotCalledError,
  type Waiting,
} from '../../../../src/collect/access/call-gate.ts';

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve: () => void = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** Lets every promise callback that is ready run. */
const settle = (): Promise<void> => new Promise((done) => setImmediate(done));

const never = new Promise<void>(() => {});

function makeGate(maxUnanswered = 3): CallGate {
  return new CallGate({ maxUnanswered, isResponsive: () => true });
}

/** Why a call is not admitted, `waiting`, or its lease. */
async function attempt(gate: CallGate, waitsFor: Waiting, ...uuids: readonly string[]) {
  let outcome: Lease | string = 'waiting';
  gate.reserve(waitsFor, uuids).then(
    (lease) => {
      outcome = lease;
    },
    (error: unknown) => {
      outcome = error instanceof NotCalledError ? error.why : String(error);
    },
  );
  await settle();
  return () => outcome;
}

const isLease = (outcome: Lease | string): boolean => typeof outcome !== 'string';

describe('CallGate', () => {
  it('lets one call at a time enter the monitor of a domain', async () => {
    const gate = makeGate();
    const first = await gate.reserve('monitor', ['a', 'b']);
    const second = await attempt(gate, 'monitor', 'b', 'c');
    expect(second()).toBe('waiting');
    first.release();
    await settle();
    expect(isLease(second())).toBe(true);
  });

  it('does not let two callers wait for each other', async () => {
    const gate = makeGate();
    const held = await gate.reserve('monitor', ['a']);
    const one = gate.reserve('monitor', ['a', 'b']);
    const two = gate.reserve('monitor', ['b', 'a']);
    held.release();
    (await Promise.race([one, two])).release();
    await Promise.all([one, two]);
  });

  it('holds the domains of an unanswered call until it is answered', async () => {
    const gate = makeGate();
    const answered = deferred();
    (await gate.reserve('monitor', ['a', 'b'])).unanswered(answered.promise);
    expect(gate.isHeld('a')).toBe(true);
    expect((await attempt(gate, 'monitor', 'a', 'c'))()).toBe('held');
    expect(isLease((await attempt(gate, 'monitor', 'c'))())).toBe(true);
    answered.resolve();
    await settle();
    expect(gate.isHeld('a')).toBe(false);
    expect(gate.unanswered).toBe(0);
  });

  it('lets domains go that are shown to be well', async () => {
    const gate = makeGate();
    const suspicion = (await gate.reserve('monitor', ['hung', 'well'])).unanswered(never);
    suspicion.acquit('well');
    expect([gate.isHeld('well'), gate.isHeld('hung')]).toEqual([false, true]);
  });

  it('does not free a domain that a later unanswered call holds', async () => {
    const gate = makeGate();
    const early = deferred();
    (await gate.reserve('monitor', ['a', 'b'])).unanswered(early.promise).acquit('a');
    (await gate.reserve('monitor', ['a'])).unanswered(never);
    early.resolve();
    await settle();
    expect([gate.isHeld('a'), gate.isHeld('b')]).toEqual([true, false]);
  });

  it('asks no monitor whose process is known not to answer', async () => {
    const gate = new CallGate({ maxUnanswered: 3, isResponsive: (uuid) => uuid !== 'hung' });
    expect((await attempt(gate, 'monitor', 'well', 'hung'))()).toBe('held');
    expect(isLease((await attempt(gate, 'agent', 'hung'))())).toBe(true);
  });

  it('occupies no more workers than may stay unanswered, answered or not', async () => {
    const gate = makeGate(2);
    const first = await gate.reserve('monitor', ['a']);
    const second = await gate.reserve('worker', []);
    const third = await attempt(gate, 'monitor', 'b');
    const fourth = await attempt(gate, 'worker');
    expect([third(), fourth()]).toEqual(['waiting', 'waiting']);
    first.release();
    await settle();
    expect([isLease(third()), fourth()]).toEqual([true, 'waiting']);
    second.unanswered(never);
    await settle();
    expect(fourth()).toBe('waiting');
  });

  it('tells those that wait for a worker that none will be free', async () => {
    const gate = makeGate(1);
    const first = await gate.reserve('monitor', ['a']);
    const second = await attempt(gate, 'worker');
    first.unanswered(never);
    await settle();
    expect(second()).toBe('saturated');
  });

  it('admits nothing at all while too many calls are unanswered', async () => {
    const gate = makeGate(2);
    const first = deferred();
    (await gate.reserve('monitor', ['a'])).unanswered(first.promise);
    expect(gate.saturated).toBe(false);
    (await gate.reserve('worker', [])).unanswered(never);
    expect(gate.saturated).toBe(true);
    for (const waitsFor of ['worker', 'monitor', 'agent', 'storage', 'network'] as const) {
      expect([waitsFor, (await attempt(gate, waitsFor, 'c'))()]).toEqual([waitsFor, 'saturated']);
    }
    first.resolve();
    await settle();
    expect(isLease((await attempt(gate, 'monitor', 'c'))())).toBe(true);
  });

  it.each(['storage', 'network'] as const)('has one call to the %s driver under way', async (driver) => {
    const gate = makeGate();
    const first = await gate.reserve(driver, []);
    const second = await attempt(gate, driver);
    expect(second()).toBe('waiting');
    first.unanswered(never);
    await settle();
    expect(second()).toBe('held');
    expect(gate.saturated).toBe(false);
    expect(isLease((await attempt(gate, 'monitor', 'a'))())).toBe(true);
  });

  it('spares mute agents without sparing monitors', async () => {
    const gate = makeGate();
    (await gate.reserve('agent', ['a'])).unanswered(never);
    expect((await attempt(gate, 'agent', 'a'))()).toBe('held');
    expect(gate.isHeld('a')).toBe(false);
    expect(gate.isMute('a')).toBe(true);
    expect(isLease((await attempt(gate, 'monitor', 'a'))())).toBe(true);
  });

  it('asks two agents at a time, mute ones not counted', async () => {
    const gate = makeGate();
    for (const uuid of ['mute', 'silent']) (await gate.reserve('agent', [uuid])).unanswered(never);
    const first = await gate.reserve('agent', ['a']);
    await gate.reserve('agent', ['b']);
    const third = await attempt(gate, 'agent', 'c');
    expect(third()).toBe('waiting');
    first.release();
    await settle();
    expect(isLease(third())).toBe(true);
  });

  it('goes on asking agents that have answered, whatever others are mute', async () => {
    const gate = makeGate();
    const { promise, resolve } = deferred();
    for (const uuid of ['well', 'well too', 'well till now', 'well till then']) {
      (await gate.reserve('agent', [uuid])).release();
    }
    (await gate.reserve('agent', ['mute 0'])).unanswered(promise);
    for (const at of [1, 2, 3]) (await gate.reserve('agent', [`mute ${at}`])).unanswered(never);
    // So many workers of the daemon are enough: who knows whether this one answers.
    expect((await attempt(gate, 'agent', 'new'))()).toBe('saturated');
    (await gate.reserve('agent', ['well'])).release();
    (await gate.reserve('agent', ['well till now'])).unanswered(never);
    (await gate.reserve('agent', ['well till then'])).unanswered(never);
    expect((await attempt(gate, 'agent', 'well'))()).toBe('saturated');
    expect((await attempt(gate, 'agent', 'mute 1'))()).toBe('held');
    expect(isLease((await attempt(gate, 'monitor', 'well'))())).toBe(true);
    resolve();
    await settle();
    (await gate.reserve('agent', ['well'])).release();
    expect(gate.isMute('mute 0')).toBe(false);
  });
});
