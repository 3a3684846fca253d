import { type HostCapabilities, parseCapabilitiesXml } from '../../definition/capabilities-xml.ts';
import {
  connectGetCapabilities,
  nodeGetCellsFreeMemory,
  nodeGetFreePages,
  nodeGetMemoryParameters,
} from '../../libvirt/procedures.ts';
import { findParam } from '../../libvirt/typed-params.ts';
import type { HugePagePool } from '../../model/host.ts';
import type { Count } from '../../model/scalar-types.ts';
import { cpuList } from '../decode/cpu-list.ts';
import type { Collector, CollectorKind, CollectorPass } from './collector.ts';

/** Pages of this size and below are not huge: every architecture's ordinary page is at most 64 KiB. */
const largestOrdinaryPageKib = 64;

/** Most cells asked for in one call. */
const maxCells = 1024;

/** libvirt looks at QEMU's binaries when first asked for capabilities. */
const capabilitiesTimeoutMs = 30_000;

export const hostNuma: CollectorKind = {
  name: 'host-numa',
  id: 'nodeStats',
  selectors: ['numa'],
  stage: 'background',
  interval: ({ intervals }) => intervals.host,
  make: () => new HostNuma(),
};

/** NUMA cells and huge pages of the host (virConnectGetCapabilities, virNodeGetFreePages). */
export class HostNuma implements Collector {
  async collect(pass: CollectorPass): Promise<void> {
    const xml = await pass.libvirt.call(connectGetCapabilities, undefined, {
      timeoutMs: capabilitiesTimeoutMs,
    });
    const capabilities = parseCapabilitiesXml(xml);
    const lastCell = Math.min(capabilities.cells.at(-1)?.id ?? -1, maxCells - 1);
    if (lastCell < 0) return;
    const free = await pass.libvirt.call(nodeGetCellsFreeMemory, {
      startCell: 0,
      maxCells: lastCell + 1,
    });
    const cellOf = new Map<number, number>();
    for (const cell of capabilities.cells) for (const cpu of cell.cpus) cellOf.set(cpu, cell.id);
    pass.host.cells = capabilities.cells.map((cell) => ({
      cell: cell.id,
      memTotalBytes: cell.memoryBytes,
      memFreeBytes: free[cell.id],
      cpus: cpuList(cell.cpus),
    }));
    pass.host.cpus = pass.host.cpus.map((cpu) => ({ ...cpu, cell: cellOf.get(cpu.number) }));
    pass.host.hugePages = await this.#hugePages(pass, capabilities);
  }

  async #hugePages(pass: CollectorPass, capabilities: HostCapabilities): Promise<readonly HugePagePool[]> {
    const pageSizesKib = capabilities.pageSizesKib.filter((size) => size > largestOrdinaryPageKib);
    const pools: HugePagePool[] = [];
    if (pageSizesKib.length === 0) return pools;
    for (const { id, pages } of capabilities.cells) {
      const free = await pass.libvirt.call(nodeGetFreePages, {
        pageSizesKib,
        startCell: id,
        cellCount: 1,
        flags: 0,
      });
      for (const [i, sizeKib] of pageSizesKib.entries()) {
        const total = pages.find((one) => one.sizeKib === sizeKib)?.count;
        pools.push({ cell: id, sizeKib, total, free: free[i] });
      }
    }
    return pools;
  }
}

export const hostKsm: CollectorKind = {
  name: 'host-ksm',
  id: 'nodeStats',
  selectors: ['ksm'],
  stage: 'background',
  interval: ({ intervals }) => intervals.host,
  make: () => new HostKsm(),
};

/** Kernel same-page merging on the host (virNodeGetMemoryParameters). */
export class HostKsm implements Collector {
  #nparams: number | undefined;

  async collect(pass: CollectorPass): Promise<void> {
    if (pass.libvirt.refusal(nodeGetMemoryParameters) !== undefined) return;
    this.#nparams ??= (await pass.libvirt.call(nodeGetMemoryParameters, { nparams: 0, flags: 0 })).nparams;
    const { params } = await pass.libvirt.call(nodeGetMemoryParameters, {
      nparams: this.#nparams,
      flags: 0,
    });
    const count = (name: string): Count | undefined => {
      const value = findParam(params, name);
      return typeof value === 'number' || typeof value === 'bigint' ? value : undefined;
    };
    pass.host.set({
      ksmPagesShared: count('shm_pages_shared'),
      ksmPagesSharing: count('shm_pages_sharing'),
      ksmPagesUnshared: count('shm_pages_unshared'),
      ksmPagesVolatile: count('shm_pages_volatile'),
      ksmFullScans: count('shm_full_scans'),
    });
  }
}
