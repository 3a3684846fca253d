import type { Disk, DiskFacts } from '../../../model/disk.ts';
import type { Count, Percent } from '../../../model/scalar-types.ts';
import { nsToUs, percentOf } from '../../decode/arithmetic.ts';
import { noFigures } from '../../decode/figures.ts';
import { BlockSample } from '../../decode/samples/block-sample.ts';

/** A disk as the definition, the statistics or both know it. Counters exist only while the domain is active; sizes remain. */
export class DiskRow extends BlockSample implements Disk {
  readonly facts: DiskFacts;
  readonly vmSizeUnit: number;
  readonly #active: boolean;

  constructor(facts: DiskFacts, sample: BlockSample | undefined, active: boolean, vmSizeUnit: number) {
    super(sample?.number ?? -1, sample?.figures ?? noFigures, sample?.base ?? 0);
    this.facts = facts;
    this.vmSizeUnit = vmSizeUnit;
    this.#active = active;
  }

  get source(): string | undefined {
    return this.facts.source ?? this.path;
  }

  /** vmStorageSourceType (RFC 7666): a thin raw file is sparse, one whose blocks are all allocated is raw. */
  get vmSourceType(): Disk['vmSourceType'] {
    const { type, format } = this.facts;
    switch (type) {
      case undefined:
        return 'unknown';
      case 'block':
      case 'nvme':
      case 'vdpa':
        return 'block';
      case 'network':
        return 'network';
      case 'file':
      case 'volume': {
        if (format !== undefined && format !== 'raw') return 'sparse';
        const { allocationBytes, capacityBytes } = this;
        if (allocationBytes === undefined || capacityBytes === undefined) return 'other';
        return allocationBytes >= capacityBytes ? 'raw' : 'sparse';
      }
      default:
        return 'other';
    }
  }

  get allocPercent(): Percent | undefined {
    return percentOf(this.allocationBytes, this.capacityBytes);
  }

  override get thresholdBytes(): Count | undefined {
    return this.#active ? super.thresholdBytes : undefined;
  }

  override get readRequests(): Count | undefined {
    return this.#active ? super.readRequests : undefined;
  }

  override get readBytes(): Count | undefined {
    return this.#active ? super.readBytes : undefined;
  }

  get readTimeUs(): Count | undefined {
    return this.#active ? nsToUs(this.readTimeNs) : undefined;
  }

  override get writeRequests(): Count | undefined {
    return this.#active ? super.writeRequests : undefined;
  }

  override get writeBytes(): Count | undefined {
    return this.#active ? super.writeBytes : undefined;
  }

  get writeTimeUs(): Count | undefined {
    return this.#active ? nsToUs(this.writeTimeNs) : undefined;
  }

  override get flushRequests(): Count | undefined {
    return this.#active ? super.flushRequests : undefined;
  }

  get flushTimeUs(): Count | undefined {
    return this.#active ? nsToUs(this.flushTimeNs) : undefined;
  }

  get readLatencyUs(): number | undefined {
    return this.readUs;
  }

  get writeLatencyUs(): number | undefined {
    return this.writeUs;
  }

  get flushLatencyUs(): number | undefined {
    return this.flushUs;
  }

  get ioErrors(): Count | undefined {
    return this.#active ? this.errors : undefined;
  }
}
