import {
  type CapabilitiesCell,
  type HostCapabilities,
  parseCapabilitiesXml,
} from '../../definition/capabilities-xml.ts';
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
import { eachMember } from './each-member.ts';

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

interface FreeMemory {
  /** Of the cell. */
  readonly id: number;
  readonly bytes: Count;
}

/** NUMA cells and huge pages of the host (virConnectGetCapabilities, virNodeGetFreePages). */
export class HostNuma implements Collector {
  async collect(pass: CollectorPass): Promise<void> {
    const xml = await pass.libvirt.call(connectGetCapabilities, undefined, {
      timeoutMs: capabilitiesTimeoutMs,
    });
    const capabilities = await parseCapabilitiesXml(xml);
    const cellOf = new Map<number, number>();
    for (const cell of capabilities.cells) for (const cpu of cell.cpus) cellOf.set(cpu, cell.id);
    pass.host.cpus = pass.host.cpus.map((cpu) => ({ ...cpu, cell: cellOf.get(cpu.number) }));
    const free = await this.#freeMemory(pass, capabilities);
    pass.host.cells = capabilities.cells.map((cell) => ({
      cell: cell.id,
      memTotalBytes: cell.memoryBytes,
      memFreeBytes: free.get(cell.id),
      cpus: cpuList(cell.cpus),
    }));
    pass.host.hugePages = await this.#hugePages(pass, capabilities);
  }

  /** Octets free in each cell. */
  async #freeMemory(pass: CollectorPass, { cells }: HostCapabilities): Promise<ReadonlyMap<number, Count>> {
    const asked = cells.filter(({ id }) => id < maxCells);
    const known = new Map(
      pass.host.cells.flatMap(({ cell: id, memFreeBytes: bytes }) =>
        bytes === undefined ? [] : [[id, { id, bytes }] as const],
      ),
    );
    const free = await eachMember<CapabilitiesCell, FreeMemory>(pass, asked, {
      nameOf: ({ id }) => `cell ${id}`,
      known: ({ id }) => known.get(id),
      read: async ({ id }) => {
        const [bytes] = await pass.libvirt.call(nodeGetCellsFreeMemory, {
          startCell: id,
          maxCells: 1,
        });
        return bytes === undefined ? undefined : { id, bytes };
      },
    });
    return new Map(free.map(({ id, bytes }) => [id, bytes]));
  }

  /** Of each size that the host has. */
  async #hugePages(
    pass: CollectorPass,
    { cells, pageSizesKib }: HostCapabilities,
  ): Promise<readonly HugePagePool[]> {
    const sizes = pageSizesKib.filter((sizeKib) => sizeKib > largestOrdinaryPageKib);
    const pools = cells.flatMap(({ id, pages }) =>
      sizes.map((sizeKib) => ({
        cell: id,
        sizeKib,
        // A cell without memory has none of them, and libvirt refuses to count those that are free.
        isThere: pages.some((one) => one.sizeKib === sizeKib),
        total: pages.find((one) => one.sizeKib === sizeKib)?.count,
      })),
    );
    const known = new Map(pass.host.hugePages.map((one) => [`${one.cell} ${one.sizeKib}`, one]));
    return await eachMember(pass, pools, {
      nameOf: ({ cell, sizeKib }) => `pages of ${sizeKib} KiB in cell ${cell}`,
      known: ({ cell, sizeKib }) => known.get(`${cell} ${sizeKib}`),
      read: async ({ cell, sizeKib, isThere, total }) => {
        if (!isThere) return { cell, sizeKib, total: 0, free: 0 };
        const [free] = await pass.libvirt.call(nodeGetFreePages, {
          pageSizesKib: [sizeKib],
          startCell: cell,
          cellCount: 1,
          flags: 0,
        });
        return { cell, sizeKib, total, free };
      },
    });
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
