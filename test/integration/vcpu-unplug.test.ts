import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Domain } from '../../src/model/domain.ts';
import type { Count } from '../../src/model/scalar-types.ts';
import { linuxGuest } from '../lab/domain-xml.ts';
import { guestExec, waitForGuestAgent } from '../lab/guest-agent.ts';
import { makeGuestImage } from '../lab/guest-image.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { type RunningCollection, runCollection } from './running-collection.ts';

/** The counters of a domain that vCPUs are counted in, by name. */
function countersOf({ cpu, vcpus }: Domain): ReadonlyMap<string, Count> {
  const counters: [string, Count | undefined][] = [
    ['time', cpu?.timeUs],
    ['wait', cpu?.waitUs],
    ...vcpus.flatMap(({ number, timeUs, waitUs, delayUs }): [string, Count | undefined][] => [
      [`vcpu ${number}: time`, timeUs],
      [`vcpu ${number}: wait`, waitUs],
      [`vcpu ${number}: delay`, delayUs],
    ]),
  ];
  return new Map(counters.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

describe('a vCPU that its guest gives back', () => {
  const name = 'guest';
  let libvirtd: Libvirtd;
  let collection: RunningCollection;
  /** Counters that fell or vanished while lveDomDiscontinuityTime stood. */
  const silent: string[] = [];
  const fallen = new Set<string>();

  beforeAll(async () => {
    const image = await makeGuestImage();
    libvirtd = await startLibvirtd();
    collection = await runCollection(libvirtd.uri, { 'collect.interval': '1', 'intervals.inventory': '5' });
    collection.subscribe((snapshot, previous) => {
      const [now, before] = [snapshot, previous].map(({ domains }) =>
        domains.find(({ facts }) => facts.name === name),
      );
      if (now === undefined || before === undefined || now === before) return;
      const counters = countersOf(now);
      for (const [counter, value] of countersOf(before)) {
        const later = counters.get(counter);
        if (later !== undefined && later >= value) continue;
        fallen.add(counter);
        const told = `${counter}: ${value}, then ${later}`;
        if (now.facts.discontinuityAt === before.facts.discontinuityAt) silent.push(told);
      }
    });
    await libvirtd.run(
      linuxGuest({
        name,
        type: libvirtd.domainType,
        ...image,
        vcpus: 3,
        // Not added while it runs: since Linux 6.9 a guest has place for what its firmware named at the start only.
        removableVcpus: true,
        agentChannel: true,
        commandLine: 'lab.agent',
      }),
    );
    await waitForGuestAgent(libvirtd, name);
    return async () => {
      await collection[Symbol.asyncDispose]();
    };
  });
  afterAll(() => libvirtd?.stop());

  it('takes no counter back without a discontinuity', async () => {
    const online = await guestExec(libvirtd, name, 'cat /sys/devices/system/cpu/online');
    expect(online.stdout.trim()).toBe('0-2');
    const before = await collection.domain(name, 'CPU time of all its vCPUs', (one) =>
      [1, 2].every((number) => Number(one.vcpus.find((vcpu) => vcpu.number === number)?.timeUs) > 0),
    );
    // Emulated CPUs are released by the guest as well, but QEMU 7.2 does not say so: libvirt gives up waiting, and
    // goes on listing a vCPU whose counters are 0.
    await libvirtd.virsh('setvcpus', name, '2', '--live').catch((error: unknown) => {
      if (!String(error).includes('unplug request timed out')) throw error;
    });
    const { stdout: left } = await guestExec(libvirtd, name, 'cat /sys/devices/system/cpu/present');
    expect(left.trim()).toBe('0-1');
    const after = await collection.domain(
      name,
      'the discontinuity',
      ({ facts }) => Number(facts.discontinuityAt) > Number(before.facts.discontinuityAt),
    );
    const released = after.vcpus.find(({ number }) => number === 2);
    expect(Number(released?.timeUs ?? 0)).toBe(0);
    // A libvirtd that starts asks QEMU which of them there are.
    await libvirtd.restart();
    const last = await collection.domain(name, 'one vCPU less', ({ vcpus }) => vcpus.length === 2);
    expect(last.cpu?.vcpusCurrent).toBe(2);
    expect([...fallen]).toContain('vcpu 2: time');
    expect(silent).toEqual([]);
  });
});
