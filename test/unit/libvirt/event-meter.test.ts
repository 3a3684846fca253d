import { expect, test } from 'vitest';
import { EventMeter } from '../../../src/libvirt/event-meter.ts';

function meterOf(perSecond: number) {
  let nowMs = 0;
  const dropped: number[] = [];
  const meter = new EventMeter(
    perSecond,
    () => dropped.push(nowMs),
    () => nowMs,
  );
  const admitted = (offered: number): number => {
    let count = 0;
    for (let event = 0; event < offered; event++) if (meter.admit()) count += 1;
    return count;
  };
  return { meter, dropped, admitted, pass: (ms: number) => (nowMs += ms) };
}

test('a burst is admitted, and then so many a second', () => {
  const { meter, dropped, admitted, pass } = meterOf(100);
  expect(admitted(5000)).toBe(2000);
  pass(1000);
  expect(admitted(5000)).toBe(100);
  pass(250);
  expect(admitted(5000)).toBe(25);
  expect(meter.dropped).toBe(15_000 - 2125);
  expect(dropped).toHaveLength(meter.dropped);
});

test('what is not used is saved up to another burst', () => {
  const { admitted, pass } = meterOf(100);
  admitted(2000);
  pass(3_600_000);
  expect(admitted(5000)).toBe(2000);
});

test('events that come slowly are never dropped', () => {
  const { meter, admitted, pass } = meterOf(1);
  for (let second = 0; second < 1000; second++) {
    expect(admitted(1)).toBe(1);
    pass(1000);
  }
  expect(meter.dropped).toBe(0);
});
