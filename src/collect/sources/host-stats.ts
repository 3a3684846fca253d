import { nodeGetCpuMap, nodeGetCpuStats, nodeGetMemoryStats } from '../../libvirt/procedures.ts';
import { allOfNode } from '../../libvirt-enums/flags.ts';
import { add, increase, kibToBytes, nsToUs, percentOf } from '../../model/arithmetic.ts';
import type { Count, Percent } from '../../model/scalar-types.ts';
import { hasCpu } from '../decode/cpu-list.ts';
import type { Collector, CollectorKind, CollectorPass } from './collector.ts';
import { readMember } from './each-member.ts';

/**
 * Single processors that are asked for in one refresh; where there are more, they take turns: for each the daemon reads
 * and parses all of /proc/stat, which is long on a large host.
 */
const maxCpusAtOnce = 32;

/** Nanoseconds since boot by kind of use (virNodeGetCPUStats). */
type CpuTimes = ReadonlyMap<string, Count>;

export const hostStats: CollectorKind = {
  name: 'host-stats',
  id: 'nodeStats',
  selectors: [],
  stage: 'beside',
  interval: ({ collect }) => collect.interval,
  make: ({ has }) => new HostStats(has('cpu_util')),
};

/** Processors, CPU time and memory of the host (virNodeGetCPUMap, virNodeGetCPUStats, virNodeGetMemoryStats). */
export class HostStats implements Collector {
  readonly #withUtil: boolean;
  readonly #previous = new Map<number, CpuTimes>();
  /** The number of parameters each call returns: it has to be asked for exactly. */
  #cpuParams: number | undefined;
  #memoryParams: number | undefined;
  /** The processor whose turn is next; undefined before the first reading, which is of all. */
  #nextCpu: number | undefined;

  /** @param withUtil - whether percentages are wanted (selector cpu_util). */
  constructor(withUtil: boolean) {
    this.#withUtil = withUtil;
  }

  async collect(pass: CollectorPass): Promise<void> {
    await Promise.all([this.#collectCpu(pass), this.#collectMemory(pass)]);
  }

  /** Which processors there are, and which of them are online: only those can be asked for. */
  async #collectCpuMap(pass: CollectorPass): Promise<void> {
    const { host } = pass;
    try {
      const map = await pass.libvirt.call(nodeGetCpuMap, {
        needMap: true,
        needOnline: true,
        flags: 0,
      });
      host.set({ cpusOnline: map.online, cpusPresent: map.present });
      const known = new Map(host.cpus.map((cpu) => [cpu.number, cpu]));
      host.cpus = Array.from({ length: map.present }, (_, number) => {
        const online = hasCpu(map.map, number);
        const before = known.get(number);
        if (online && before !== undefined) return { ...before, online };
        return {
          number,
          online,
          cell: before?.cell,
          userUs: undefined,
          kernelUs: undefined,
          idleUs: undefined,
          iowaitUs: undefined,
          busy: undefined,
        };
      });
    } catch (error) {
      pass.failed(error, 'processors');
    }
  }

  async #collectCpu(pass: CollectorPass): Promise<void> {
    await this.#collectCpuMap(pass);
    try {
      this.#cpuParams ??= (
        await pass.libvirt.call(nodeGetCpuStats, { cpuNum: allOfNode, nparams: 0, flags: 0 })
      ).nparams;
      const total = await this.#cpuTimes(pass, allOfNode);
      pass.host.set({
        userUs: nsToUs(total.get('user')),
        kernelUs: nsToUs(total.get('kernel')),
        idleUs: nsToUs(total.get('idle')),
        iowaitUs: nsToUs(total.get('iowait')),
        intrUs: nsToUs(total.get('intr')),
        guestUs: nsToUs(total.get('guest')),
        cpuUtil: this.#busy(allOfNode, total),
      });
      const online = pass.host.cpus.filter((cpu) => cpu.online).map((cpu) => cpu.number);
      const turn = this.#turnOf(online);
      for (const number of online) if (!turn.includes(number)) pass.spared(nameOf(number));
      // One that goes offline at this moment costs only its own figures.
      const times = new Map<number, CpuTimes>();
      await Promise.all(
        turn.map(async (number) => {
          const spent = await readMember(pass, nameOf(number), {
            known: undefined,
            read: () => this.#cpuTimes(pass, number),
          });
          if (spent !== undefined) times.set(number, spent);
        }),
      );
      // Taken from the record only now: another collector may have told the cells meanwhile.
      pass.host.cpus = pass.host.cpus.map((cpu) => {
        const spent = times.get(cpu.number);
        if (spent === undefined) return cpu;
        return {
          ...cpu,
          userUs: nsToUs(spent.get('user')),
          kernelUs: nsToUs(spent.get('kernel')),
          idleUs: nsToUs(spent.get('idle')),
          iowaitUs: nsToUs(spent.get('iowait')),
          busy: this.#busy(cpu.number, spent),
        };
      });
    } catch (error) {
      pass.failed(error, 'CPU statistics');
    }
  }

  /** The processors to ask for now, ascending from the one whose turn it is. */
  #turnOf(online: readonly number[]): readonly number[] {
    const next = this.#nextCpu;
    if (next === undefined) this.#nextCpu = 0;
    if (next === undefined || online.length <= maxCpusAtOnce) return online;
    const start = Math.max(
      online.findIndex((number) => number >= next),
      0,
    );
    const turn = [...online.slice(start), ...online.slice(0, start)].slice(0, maxCpusAtOnce);
    this.#nextCpu = (turn.at(-1) ?? -1) + 1;
    return turn;
  }

  async #cpuTimes(pass: CollectorPass, cpuNum: number): Promise<CpuTimes> {
    const reply = await pass.libvirt.call(nodeGetCpuStats, {
      cpuNum,
      nparams: this.#cpuParams ?? 0,
      flags: 0,
    });
    return new Map(reply.params.map((param) => [param.field, param.value]));
  }

  /** The share of the time since the last reading that was neither idle nor waiting; absent on the first. */
  #busy(cpuNum: number, times: CpuTimes): Percent | undefined {
    if (!this.#withUtil) return undefined;
    const previous = this.#previous.get(cpuNum);
    this.#previous.set(cpuNum, times);
    if (previous === undefined) return undefined;
    let total = 0;
    let idle = 0;
    for (const name of ['user', 'kernel', 'idle', 'iowait']) {
      const spent = increase(times.get(name), previous.get(name));
      if (spent === undefined) continue;
      total += spent;
      if (name === 'idle' || name === 'iowait') idle += spent;
    }
    return total <= 0 ? undefined : percentOf(total - idle, total);
  }

  async #collectMemory(pass: CollectorPass): Promise<void> {
    try {
      this.#memoryParams ??= (
        await pass.libvirt.call(nodeGetMemoryStats, { cellNum: allOfNode, nparams: 0, flags: 0 })
      ).nparams;
      const reply = await pass.libvirt.call(nodeGetMemoryStats, {
        cellNum: allOfNode,
        nparams: this.#memoryParams,
        flags: 0,
      });
      const kib = new Map(reply.params.map((param) => [param.field, param.value]));
      const total = kib.get('total');
      const unused = ['free', 'buffers', 'cached']
        .map((name) => kib.get(name))
        .reduce<Count | undefined>(
          (sum, value) => (sum === undefined || value === undefined ? undefined : add(sum, value)),
          0,
        );
      pass.host.set({
        memTotalBytes: kibToBytes(total),
        memFreeBytes: kibToBytes(kib.get('free')),
        memBuffersBytes: kibToBytes(kib.get('buffers')),
        memCachedBytes: kibToBytes(kib.get('cached')),
        memAvailableBytes: kibToBytes(kib.get('available')),
        memUsedPercent:
          total === undefined || unused === undefined
            ? undefined
            : percentOf(Math.max(0, Number(total) - Number(unused)), total),
      });
    } catch (error) {
      pass.failed(error, 'memory statistics');
    }
  }
}

/** What the report calls a processor. */
function nameOf(number: number): string {
  return `processor ${number}`;
}
