import type { Count } from '../../model/scalar-types.ts';
import type { IndexStore } from '../../state/index-store.ts';

const kib = 1024;
const mib = 1024 * 1024;

/** Above this, a size in KiB does not fit the Integer32 that VM-MIB uses. */
const largeBytes = 2 ** 41;

/**
 * The units of sizes in VM-MIB (vmMemUnit, vmStorageSizeUnit): KiB, or MiB for what is larger than 2 TiB. A
 * unit is fixed when the row is created and kept across restarts, since a changing unit breaks graphs.
 */
export class RowUnits {
  readonly #indexes: IndexStore;

  constructor(indexes: IndexStore) {
    this.#indexes = indexes;
  }

  /** vmMemUnit */
  memory(uuid: string, sizeBytes: Count | undefined): number {
    const { vmMemUnit } = this.#indexes.facts(uuid);
    if (vmMemUnit !== undefined) return vmMemUnit;
    if (sizeBytes === undefined) return kib;
    const unit = unitFor(sizeBytes);
    this.#indexes.setFacts(uuid, { vmMemUnit: unit });
    return unit;
  }

  /** vmStorageSizeUnit of the disk with this target. */
  disk(uuid: string, target: string, sizeBytes: Count | undefined): number {
    const { diskSizeUnits } = this.#indexes.facts(uuid);
    const known = diskSizeUnits?.[target];
    if (known !== undefined) return known;
    if (sizeBytes === undefined) return kib;
    const unit = unitFor(sizeBytes);
    this.#indexes.setFacts(uuid, { diskSizeUnits: { ...diskSizeUnits, [target]: unit } });
    return unit;
  }
}

function unitFor(sizeBytes: Count): number {
  return sizeBytes >= largeBytes ? mib : kib;
}
