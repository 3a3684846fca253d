import type { Count, EpochMs } from '../../model/scalar-types.ts';
import type { IndexStore } from '../../state/index-store.ts';

const kib = 1024;

/** Sizes are of the type Integer32 in VM-MIB. */
const maxUnits = 2 ** 31;

/** A size may grow to this many times what it was when its unit was chosen. */
const headroom = 2;

/** The unit of a size. */
export interface RowUnit {
  /** In bytes. */
  readonly unit: number;
  /** Whether it was another before: what is in it began anew. */
  readonly outgrown: boolean;
}

/**
 * The units of sizes in VM-MIB (vmMemUnit, vmStorageSizeUnit): KiB, or MiB, GiB, ... for what is larger. A unit is
 * chosen when a size is first known, with room to grow, and kept across restarts, since a changing unit breaks
 * graphs; only a size that outgrows it has another one chosen, which is a discontinuity.
 */
export class RowUnits {
  readonly #indexes: IndexStore;

  constructor(indexes: IndexStore) {
    this.#indexes = indexes;
  }

  /**
   * vmMemUnit of a domain with this size; without a size, the one it had.
   *
   * @param at - when the size was read: a change of the unit is saved as a discontinuity of that moment.
   */
  memory(uuid: string, sizeBytes: Count | undefined, at: EpochMs): RowUnit {
    const { vmMemUnit: known } = this.#indexes.facts(uuid);
    const unit = unitOf(sizeBytes, known);
    const outgrown = known !== undefined && unit !== known;
    if (sizeBytes !== undefined && unit !== known) {
      this.#indexes.setFacts(uuid, { vmMemUnit: unit, ...(outgrown ? { discontinuityAt: at } : {}) });
    }
    return { unit, outgrown };
  }

  /** vmStorageSizeUnit of the disk with this target and size; without a size, the one it had. */
  disk(uuid: string, target: string, sizeBytes: Count | undefined): RowUnit {
    const { diskSizeUnits = {} } = this.#indexes.facts(uuid);
    // A target may be called `constructor`.
    const known = Object.hasOwn(diskSizeUnits, target) ? diskSizeUnits[target] : undefined;
    const unit = unitOf(sizeBytes, known);
    if (sizeBytes !== undefined && unit !== known) {
      this.#indexes.setFacts(uuid, { diskSizeUnits: { ...diskSizeUnits, [target]: unit } });
    }
    return { unit, outgrown: known !== undefined && unit !== known };
  }
}

function unitOf(sizeBytes: Count | undefined, known: number | undefined): number {
  if (sizeBytes === undefined) return known ?? kib;
  return known !== undefined && sizeBytes < unitLimit(known) ? known : unitFor(sizeBytes);
}

/** The smallest size in bytes that is too large for a unit. */
export function unitLimit(unit: number): number {
  return unit * maxUnits;
}

function unitFor(sizeBytes: Count): number {
  let unit = kib;
  while (Number(sizeBytes) * headroom >= unitLimit(unit)) unit *= 1024;
  return unit;
}
