import type { Disk, DiskFacts } from '../../../model/disk.ts';
import type { Count, Percent } from '../../../model/scalar-types.ts';
import { nsToUs, percentOf } from '../../decode/arithmetic.ts';
import type { BlockSample } from '../../decode/samples/block-sample.ts';

/** A disk as the definition, the statistics or both know it. */
export class DiskRow implements Disk {
  readonly facts: DiskFacts;
  readonly vmSizeUnit: number;
  readonly #sample: BlockSample | undefined;
  readonly #active: boolean;

  constructor(facts: DiskFacts, sample: BlockSample | undefined, active: boolean, vmSizeUnit: number) {
    this.facts = facts;
    this.vmSizeUnit = vmSizeUnit;
    this.#sample = sample;
    this.#active = active;
  }

  get source(): string | undefined {
    return this.facts.source ?? this.#sample?.path;
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

  get capacityBytes(): Count | undefined {
    return this.#sample?.capacityBytes;
  }

  get allocationBytes(): Count | undefined {
    return this.#sample?.allocationBytes;
  }

  get physicalBytes(): Count | undefined {
    return this.#sample?.physicalBytes;
  }

  get allocPercent(): Percent | undefined {
    return percentOf(this.allocationBytes, this.capacityBytes);
  }

  get thresholdBytes(): Count | undefined {
    return this.#live?.thresholdBytes;
  }

  get readRequests(): Count | undefined {
    return this.#live?.readRequests;
  }

  get readBytes(): Count | undefined {
    return this.#live?.readBytes;
  }

  get readTimeUs(): Count | undefined {
    return nsToUs(this.#live?.readTimeNs);
  }

  get writeRequests(): Count | undefined {
    return this.#live?.writeRequests;
  }

  get writeBytes(): Count | undefined {
    return this.#live?.writeBytes;
  }

  get writeTimeUs(): Count | undefined {
    return nsToUs(this.#live?.writeTimeNs);
  }

  get flushRequests(): Count | undefined {
    return this.#live?.flushRequests;
  }

  get flushTimeUs(): Count | undefined {
    return nsToUs(this.#live?.flushTimeNs);
  }

  get readLatencyUs(): number | undefined {
    return this.#sample?.readUs;
  }

  get writeLatencyUs(): number | undefined {
    return this.#sample?.writeUs;
  }

  get flushLatencyUs(): number | undefined {
    return this.#sample?.flushUs;
  }

  get ioErrors(): Count | undefined {
    return this.#live?.errors;
  }

  /** Counters exist only while the domain is active; sizes remain. */
  get #live(): BlockSample | undefined {
    return this.#active ? this.#sample : undefined;
  }
}
