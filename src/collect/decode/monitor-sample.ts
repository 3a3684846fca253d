import type { Count, EpochMs } from '../../model/scalar-types.ts';
import type { Figures } from './figures.ts';
import type { Entry, SampleLayout, SampleParts } from './sample-layout.ts';
import { domainFields, type EntryFamily, entryFields } from './stat-fields.ts';

const blockName = entryFields.block.slot('name');

/**
 * The groups that need the monitor: cpu, balloon, vcpu, block, iothread, dirtyrate, vm. Figures are in libvirt's
 * own units, by slot: those of the domain counted from `base`, those of an entry from `base` and its `at`.
 */
export class MonitorSample {
  // Declared, so that they are written once: fields that are defined first cost several times as much.
  declare readonly figures: Figures;
  declare readonly base: number;
  declare readonly layout: SampleLayout;

  constructor({ figures, base, layout }: SampleParts) {
    this.figures = figures;
    this.base = base;
    this.layout = layout;
  }

  get at(): EpochMs {
    return this.figures.at;
  }

  get atMs(): number {
    return this.figures.atMs;
  }

  /** See {@link SampleLayout.complete}. */
  get complete(): boolean {
    return this.layout.complete;
  }

  /** A count of the domain itself by the name of its parameter. Not for hot paths. */
  count(parameter: string): Count | undefined {
    return this.figures.count(this.base + domainFields.slot(parameter));
  }

  /** A count of a numbered thing, `rd.reqs` of `block.0.rd.reqs`. Not for hot paths. */
  countOf(family: EntryFamily, entry: Entry, parameter: string): Count | undefined {
    return this.figures.count(this.base + entry.at + entryFields[family].slot(parameter));
  }

  /** The target of a disk: vda. */
  blockName(block: Entry): string | undefined {
    return this.figures.text(this.base + block.at + blockName);
  }

  /**
   * The disk with this target. Where layers of backing chains are asked for, they follow their disk under the same
   * name: the first is the disk itself.
   */
  block(target: string): Entry | undefined {
    for (const block of this.layout.blocks) if (this.blockName(block) === target) return block;
    return undefined;
  }
}
