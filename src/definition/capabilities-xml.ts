import {
  attributeOf,
  childOf,
  childrenOf,
  descend,
  expectRoot,
  integerOf,
  parseXmlInTurns,
  textOf,
  unitBytes,
  type XmlElement,
} from './xml-tree.ts';

/** What the agent needs from the capabilities of the host (virConnectGetCapabilities). */
export interface HostCapabilities {
  readonly arch: string | undefined;
  /** The model libvirt chose for the processor: Cascadelake-Server. */
  readonly cpuModel: string | undefined;
  readonly cpuVendor: string | undefined;
  /** Ascending by number of the cell. */
  readonly cells: readonly CapabilitiesCell[];
  /** Sizes of the pages the host offers, in KiB, ascending. */
  readonly pageSizesKib: readonly number[];
  /** Features of Intel RDT or AMD QoS that libvirt found on the host: llc_occupancy, mbm_total_bytes, ... */
  readonly monitors: readonly string[];
}

/** One NUMA cell of the host. */
export interface CapabilitiesCell {
  readonly id: number;
  /** libvirt leaves the element out for a cell without memory. */
  readonly memoryBytes: number | undefined;
  /** Numbers of its processors, ascending. */
  readonly cpus: readonly number[];
  readonly pages: readonly CapabilitiesPages[];
}

/** Pages of one size in one NUMA cell. */
export interface CapabilitiesPages {
  readonly sizeKib: number;
  readonly count: number | undefined;
}

/** @throws DefinitionError if the text cannot be read or is not the capabilities of a host. */
export async function parseCapabilitiesXml(xml: string): Promise<HostCapabilities> {
  const host = childOf(expectRoot(await parseXmlInTurns(xml), 'capabilities'), 'host');
  const cpu = childOf(host, 'cpu');
  return {
    arch: textOf(childOf(cpu, 'arch')),
    cpuModel: textOf(childOf(cpu, 'model')),
    cpuVendor: textOf(childOf(cpu, 'vendor')),
    cells: childrenOf(descend(host, 'topology', 'cells'), 'cell')
      .map(readCell)
      .filter((cell) => cell !== undefined)
      .sort((a, b) => a.id - b.id),
    pageSizesKib: childrenOf(cpu, 'pages')
      .map(pageSizeKib)
      .filter((size) => size !== undefined)
      .sort((a, b) => a - b),
    monitors: readMonitors(host),
  };
}

function readCell(cell: XmlElement): CapabilitiesCell | undefined {
  const id = integerOf(attributeOf(cell, 'id'));
  if (id === undefined || id < 0) return undefined;
  const memory = childOf(cell, 'memory');
  const size = integerOf(textOf(memory));
  const bytes = unitBytes(attributeOf(memory, 'unit') ?? 'KiB');
  return {
    id,
    memoryBytes:
      memory === undefined ? 0 : size === undefined || bytes === undefined ? undefined : size * bytes,
    cpus: childrenOf(childOf(cell, 'cpus'), 'cpu')
      .map((cpu) => integerOf(attributeOf(cpu, 'id')))
      .filter((number) => number !== undefined)
      .sort((a, b) => a - b),
    pages: childrenOf(cell, 'pages').flatMap((pages) => {
      const sizeKib = pageSizeKib(pages);
      return sizeKib === undefined ? [] : [{ sizeKib, count: integerOf(textOf(pages)) }];
    }),
  };
}

function pageSizeKib(pages: XmlElement): number | undefined {
  const size = integerOf(attributeOf(pages, 'size'));
  const bytes = unitBytes(attributeOf(pages, 'unit') ?? 'KiB');
  return size === undefined || size <= 0 || bytes === undefined ? undefined : (size * bytes) / 1024;
}

function readMonitors(host: XmlElement | undefined): string[] {
  const features = new Set<string>();
  for (const name of ['cache', 'memory_bandwidth']) {
    for (const monitor of childrenOf(childOf(host, name), 'monitor')) {
      for (const feature of childrenOf(monitor, 'feature')) {
        const featureName = attributeOf(feature, 'name');
        if (featureName !== undefined) features.add(featureName);
      }
    }
  }
  return [...features];
}
