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

  /** @param entity - `memory`, or `disk ` and the target. */
  unit(uuid: string, entity: string, sizeBytes: Count | undefined): number {
    const facts = this.#indexes.facts(uuid);
    const target = entity.startsWith('disk ') ? entity.slice('disk '.length) : undefined;
    const known = target === undefined ? facts.vmMemUnit : facts.diskSizeUnits?.[target];
    if (known !== undefined) return known;
    if (sizeBytes === undefined) return kib;
    const unit = sizeBytes >= largeBytes ? mib : kib;
    this.#indexes.setFacts(
      uuid,
      target === undefined
        ? { vmMemUnit: unit }
        : { diskSizeUnits: { ...facts.diskSizeUnits, [target]: unit } },
    );
    return unit;
  }
}
