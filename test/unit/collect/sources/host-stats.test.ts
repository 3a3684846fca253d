import { describe, expect, it } from 'vitest';
import { HostRecord } from '../../../../src/collect/records/host-record.ts';
import type { CollectorPass } from '../../../../src/collect/sources/collector.ts';
import { HostStats } from '../../../../src/collect/sources/host-stats.ts';
import { testPass } from '../collector-pass.ts';

/** A host whose processors work as many seconds from one reading to the next as their number plus one. */
function hostOf(cpus: number) {
  const host = new HostRecord([]);
  const offline = new Set<number>();
  const readings = new Map<number, number>();
  let asked: number[] = [];
  const online = (cpu: number): boolean => cpu < cpus && !offline.has(cpu);
  const mapOctet = (_: unknown, octet: number): number =>
    [0, 1, 2, 3, 4, 5, 6, 7].reduce((bits, bit) => bits + (online(octet * 8 + bit) ? 1 << bit : 0), 0);
  const cpuTimes = (number: number) => {
    const count = (readings.get(number) ?? 0) + 1;
    readings.set(number, count);
    if (number >= 0) asked.push(number);
    return { params: [{ field: 'user', value: 1e9 * count * (number + 1) }], nparams: 1 };
  };
  const replies: Readonly<Record<string, (args: { readonly cpuNum: number }) => unknown>> = {
    nodeGetCPUMap: () => ({
      map: Uint8Array.from({ length: Math.ceil(cpus / 8) }, mapOctet),
      present: cpus,
      online: cpus - offline.size,
    }),
    nodeGetCPUStats: ({ cpuNum }) => cpuTimes(cpuNum),
    nodeGetMemoryStats: () => ({ params: [], nparams: 0 }),
  };
  const call = (procedure: { readonly name: string }, args: { readonly cpuNum: number }) =>
    Promise.resolve(replies[procedure.name]?.(args));
  const { pass, failures, spared } = testPass([]);
  const stats = new HostStats(true);
  /** The processors that a refresh asks for. */
  const refresh = async (): Promise<readonly number[]> => {
    asked = [];
    spared.length = 0;
    await stats.collect({ ...pass, host, libvirt: { call } } as unknown as CollectorPass);
    return asked;
  };
  return { host, offline, failures, spared, refresh };
}

describe('HostStats', () => {
  it('asks for every processor of a small host', async () => {
    const { host, refresh, failures } = hostOf(4);
    expect(await refresh()).toEqual([0, 1, 2, 3]);
    expect(await refresh()).toEqual([0, 1, 2, 3]);
    expect(failures).toEqual([]);
    expect(host.cpusOnline).toBe(4);
    expect(host.cpus.map(({ number, userUs, busy }) => [number, userUs, busy])).toEqual([
      [0, 2e6, 10_000],
      [1, 4e6, 10_000],
      [2, 6e6, 10_000],
      [3, 8e6, 10_000],
    ]);
  });

  it('lets those of a large host take turns after the first time', async () => {
    const { host, refresh, failures, spared } = hostOf(80);
    expect(await refresh()).toHaveLength(80);
    expect(spared).toEqual([]);
    expect(host.cpus.every(({ userUs }) => userUs !== undefined)).toBe(true);
    const first = host.cpus.map(({ busy }) => busy);
    expect(first.every((busy) => busy === undefined)).toBe(true);
    const turns = [await refresh(), await refresh(), await refresh()];
    expect(turns.map((turn) => turn.length)).toEqual([32, 32, 32]);
    expect(new Set(turns.flat()).size).toBe(80);
    // The third turn began anew with the first ones.
    expect(turns[2]?.slice(-16)).toEqual(Array.from({ length: 16 }, (_, number) => number));
    // A refusal of another processor stands, one of anything else does not.
    const others = Array.from({ length: 80 }, (_, number) => number).filter(
      (cpu) => !turns[2]?.includes(cpu),
    );
    expect(spared).toEqual(others.map((cpu) => `processor ${cpu}`));
    expect(host.cpus.every(({ busy }) => busy !== undefined)).toBe(true);
    expect(failures).toEqual([]);
  });

  it('knows nothing of a processor that has gone offline', async () => {
    const { host, offline, refresh } = hostOf(2);
    await refresh();
    offline.add(1);
    expect(await refresh()).toEqual([0]);
    expect(host.cpus[1]).toMatchObject({ online: false, userUs: undefined, busy: undefined });
    expect(host.cpusOnline).toBe(1);
  });
});
