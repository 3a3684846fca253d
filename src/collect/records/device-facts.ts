import type { DiskDefinition } from '../../definition/disk-definition.ts';
import type { NicDefinition } from '../../definition/nic-definition.ts';
import type { DiskFacts } from '../../model/disk.ts';
import type { NicFacts } from '../../model/nic.ts';
import type { EpochMs } from '../../model/scalar-types.ts';

/**
 * @param index - the disk's number, bound to its target.
 * @param pool - the name of the pool that has its image.
 * @param vmSizeUnit - in bytes.
 */
export function definedDisk(
  index: number,
  definition: DiskDefinition,
  pool: string | undefined,
  vmSizeUnit: number,
  discontinuityAt: EpochMs | undefined,
): DiskFacts {
  const { target, device, type, source, image, serial, bus, format } = definition;
  const { cache, discard, shared, readOnly, chainDepth } = definition;
  return {
    index,
    target,
    device,
    type,
    source,
    pool,
    image,
    serial,
    bus,
    format,
    cache,
    discard,
    shared,
    readOnly,
    chainDepth,
    vmSizeUnit,
    discontinuityAt,
  };
}

/** A disk of which only the statistics tell: the definition has not been read yet, or names none. */
export function reportedDisk(
  index: number,
  target: string,
  vmSizeUnit: number,
  discontinuityAt: EpochMs | undefined,
): DiskFacts {
  return {
    index,
    target,
    device: undefined,
    type: undefined,
    source: undefined,
    pool: undefined,
    image: undefined,
    serial: undefined,
    bus: undefined,
    format: undefined,
    cache: undefined,
    discard: undefined,
    shared: undefined,
    readOnly: undefined,
    chainDepth: undefined,
    vmSizeUnit,
    discontinuityAt,
  };
}

/** An interface of a definition, and which one of the domain it is. */
export type IdentifiedNic = NicDefinition & Pick<NicFacts, 'key'>;

/** @param index - the interface's number, bound to its key. */
export function definedNic(
  index: number,
  definition: IdentifiedNic,
  discontinuityAt: EpochMs | undefined,
): NicFacts {
  const { key, mac, target, type, source, model, alias, portId, mtuBytes, link } = definition;
  return { index, key, mac, target, type, source, model, alias, portId, mtuBytes, link, discontinuityAt };
}
