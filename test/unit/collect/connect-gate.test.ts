import { expect, test } from 'vitest';
import { ConnectGate } from '../../../src/collect/connect-gate.ts';
import { waitUntil } from '../../lab/wait.ts';

/** Connections of which each ends when it is told to. */
function connections() {
  const open: (() => void)[] = [];
  const connect = (): Promise<string> =>
    new Promise((resolve) => {
      open.push(() => resolve('connected'));
    });
  return { open, connect };
}

const never = new AbortController().signal;

test('those that hang wait for each other, and for nobody else', async () => {
  const gate = new ConnectGate(() => 0);
  const hanging = connections();
  const retries = Array.from({ length: 40 }, () => gate.pass(true, hanging.connect, never));
  await waitUntil(() => hanging.open.length === 16, { what: 'sixteen attempts', intervalMs: 5 });
  const fresh = connections();
  const first = Array.from({ length: 9 }, () => gate.pass(false, fresh.connect, never));
  await waitUntil(() => fresh.open.length === 8, { what: 'eight connections', intervalMs: 5 });
  fresh.open[0]?.();
  await first[0];
  await waitUntil(() => fresh.open.length === 9, { what: 'the ninth', intervalMs: 5 });
  expect(hanging.open).toHaveLength(16);
  for (let at = 0; at < 40; at++) {
    await waitUntil(() => hanging.open.length > at, { what: 'another attempt', intervalMs: 5 });
    hanging.open[at]?.();
  }
  for (const end of fresh.open) end();
  expect(new Set(await Promise.all([...retries, ...first]))).toEqual(new Set(['connected']));
});

test('who is told to stop leaves the line, and a place that failed is free again', async () => {
  const gate = new ConnectGate(() => 0);
  const { open, connect } = connections();
  const waiting = Array.from({ length: 8 }, () => gate.pass(false, connect, never));
  await waitUntil(() => open.length === 8, { what: 'eight connections', intervalMs: 5 });
  const stopping = new AbortController();
  const stopped = gate.pass(false, connect, stopping.signal);
  const next = gate.pass(false, () => Promise.reject(new Error('refused')), never);
  stopping.abort(new Error('stopped'));
  await expect(stopped).rejects.toThrow('stopped');
  open[0]?.();
  await expect(next).rejects.toThrow('refused');
  const last = gate.pass(false, () => Promise.resolve('connected'), never);
  expect(await last).toBe('connected');
  for (const end of open) end();
  await Promise.all(waiting);
});
