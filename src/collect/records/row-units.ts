import type { Count } from '../../model/scalar-types.ts';
import type { IndexStore } from '../../state/index-store.ts';

const kib = 1024;

/** Sizes are of the type Integer32 in VM-MIB. */
const maxUnits = 2 ** 31;

/** A size may grow to this many times what it was when its unit was chosen. */
const headroom = 2;

/**
 * The units of sizes in VM-MIB (vmMemUnit, vmStorageSizeUnit): KiB, or MiB, GiB, ... for what is larger. A unit is
 * chosen when a size is first known, with room to grow, and kept across restarts, since a changing unit breaks
 * graphs; only a size that outgrows it has another one chosen.
 */
export class RowUnits {
  readonly #indexes: IndexStore;

  constructor(indexes: IndexStore) {
    this.#indexes = indexes;
  }

  /** vmMemUnit of a domain with this size. */
  memory(uuid: string, sizeBytes: Count): number {
    const known = this.#indexes.facts(uuid).vmMemUnit;
    if (known !== undefined && sizeBytes < unitLimit(known)) return known;
    const unit = unitFor(sizeBytes);
    this.#indexes.setFacts(uuid, { vmMemUnit: unit });
    return unit;
  }

  /** vmStorageSizeUnit of the disk with this target and size; without a size, the one it had. */
  disk(uuid: string, target: string, sizeBytes: Count | undefined): number {
    const { diskSizeUnits } = this.#indexes.facts(uuid);
    const known = diskSizeUnits?.[target];
    if (sizeBytes === undefined) return known ?? kib;
    if (known !== undefined && sizeBytes < unitLimit(known)) return known;
    const unit = unitFor(sizeBytes);
    this.#indexes.setFacts(uuid, { diskSizeUnits: { ...diskSizeUnits, [target]: unit } });
    return unit;
  }
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
