import type { Count } from '../../../model/scalar-types.ts';
import { NumberedFigures, slots } from '../figures.ts';

export const blockSlots = slots(
  'name',
  'path',
  'backingIndex',
  'readRequests',
  'readBytes',
  'readTimeNs',
  'writeRequests',
  'writeBytes',
  'writeTimeNs',
  'flushRequests',
  'flushTimeNs',
  'errors',
  'allocationBytes',
  'capacityBytes',
  'physicalBytes',
  'thresholdBytes',
  'readUs',
  'writeUs',
  'flushUs',
);

/** The parameters `block.N.`; N is a position in libvirt's list, not an identity. */
export class BlockSample extends NumberedFigures {
  /** Target: vda. */
  get name(): string | undefined {
    return this.text(blockSlots.name);
  }

  get path(): string | undefined {
    return this.text(blockSlots.path);
  }

  /** Present for a layer below the active image (flag BACKING). */
  get backingIndex(): number | undefined {
    return this.small(blockSlots.backingIndex);
  }

  get readRequests(): Count | undefined {
    return this.count(blockSlots.readRequests);
  }

  get readBytes(): Count | undefined {
    return this.count(blockSlots.readBytes);
  }

  get readTimeNs(): Count | undefined {
    return this.count(blockSlots.readTimeNs);
  }

  get writeRequests(): Count | undefined {
    return this.count(blockSlots.writeRequests);
  }

  get writeBytes(): Count | undefined {
    return this.count(blockSlots.writeBytes);
  }

  get writeTimeNs(): Count | undefined {
    return this.count(blockSlots.writeTimeNs);
  }

  get flushRequests(): Count | undefined {
    return this.count(blockSlots.flushRequests);
  }

  get flushTimeNs(): Count | undefined {
    return this.count(blockSlots.flushTimeNs);
  }

  get errors(): Count | undefined {
    return this.count(blockSlots.errors);
  }

  get allocationBytes(): Count | undefined {
    return this.count(blockSlots.allocationBytes);
  }

  get capacityBytes(): Count | undefined {
    return this.count(blockSlots.capacityBytes);
  }

  get physicalBytes(): Count | undefined {
    return this.count(blockSlots.physicalBytes);
  }

  get thresholdBytes(): Count | undefined {
    return this.count(blockSlots.thresholdBytes);
  }

  /** Mean time in microseconds of the requests completed since the reading before; see {@link noteRates}. */
  get readUs(): number | undefined {
    return this.small(blockSlots.readUs);
  }

  get writeUs(): number | undefined {
    return this.small(blockSlots.writeUs);
  }

  get flushUs(): number | undefined {
    return this.small(blockSlots.flushUs);
  }

  noteLatencies(read: number | undefined, write: number | undefined, flush: number | undefined): void {
    this.note(blockSlots.readUs, read);
    this.note(blockSlots.writeUs, write);
    this.note(blockSlots.flushUs, flush);
  }
}
