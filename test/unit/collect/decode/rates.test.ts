import { describe, expect, it } from 'vitest';
import { ratesBetween } from '../../../../src/collect/decode/rates.ts';
import {
  blockOf,
  emptySample,
  type MonitorSample,
  vcpuOf,
} from '../../../../src/collect/decode/stats-sample.ts';

function reading(atMs: number, fill: (monitor: MonitorSample) => void): MonitorSample {
  const sample = emptySample(0, atMs);
  fill(sample.monitor);
  return sample.monitor;
}

const second = 1e9;

describe('ratesBetween', () => {
  const earlier = reading(1000, (m) => {
    m.cpuTimeNs = 10 * second;
    m.vcpuCurrent = 2;
    Object.assign(vcpuOf(m, 0), { timeNs: 4 * second, delayNs: 0 });
    Object.assign(vcpuOf(m, 2), { timeNs: 6 * second, delayNs: second });
    Object.assign(blockOf(m, 0), { name: 'vda', readRequests: 10, readTimeNs: 1_000_000, writeRequests: 5 });
  });
  const later = reading(3000, (m) => {
    m.cpuTimeNs = 12 * second;
    m.vcpuCurrent = 2;
    Object.assign(vcpuOf(m, 0), { timeNs: 4.5 * second, delayNs: 0 });
    Object.assign(vcpuOf(m, 2), { timeNs: 7.5 * second, delayNs: 1.2 * second });
    Object.assign(blockOf(m, 1), { name: 'vda', readRequests: 20, readTimeNs: 5_000_000, writeRequests: 5 });
  });

  it('relates CPU time to the real time that passed', () => {
    const rates = ratesBetween(earlier, later, 4);
    expect(rates?.hostPercent).toBe(2500);
    expect(rates?.percent).toBe(5000);
    expect([...(rates?.vcpuPercent ?? [])]).toEqual([
      [0, 2500],
      [2, 7500],
    ]);
    expect(rates?.stealPercent).toBe(500);
  });

  it('gives mean latencies by target, absent where nothing completed', () => {
    const latencies = ratesBetween(earlier, later, 4)?.latencies.get('vda');
    expect(latencies).toEqual({ readUs: 400, writeUs: undefined, flushUs: undefined });
  });

  it('has no rates across a restart of the domain', () => {
    const restarted = reading(5000, (m) => {
      m.cpuTimeNs = second;
    });
    expect(ratesBetween(later, restarted, 4)).toBeUndefined();
  });

  it('has no rates when no time passed', () => {
    expect(ratesBetween(later, later, 4)).toBeUndefined();
  });

  it('is exact beyond 2^53 nanoseconds', () => {
    const base = 2n ** 60n;
    const one = reading(0, (m) => {
      m.cpuTimeNs = base;
      m.vcpuCurrent = 1;
    });
    const two = reading(1000, (m) => {
      m.cpuTimeNs = base + 250_000_000n;
      m.vcpuCurrent = 1;
    });
    expect(ratesBetween(one, two, undefined)?.percent).toBe(2500);
    expect(ratesBetween(one, two, undefined)?.hostPercent).toBeUndefined();
  });
});
