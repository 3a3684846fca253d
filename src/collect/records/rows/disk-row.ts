import type { DiskDefinition } from '../../../definition/domain-definition.ts';
import type { Disk } from '../../../model/disk.ts';
import type { Count, Percent } from '../../../model/scalar-types.ts';
import { nsToUs, percentOf } from '../../decode/arithmetic.ts';
import type { BlockSample } from '../../decode/samples/block-sample.ts';
import type { DiskIdentity } from '../device-identity.ts';

/** A disk as the definition, the statistics or both know it. */
export class DiskRow implements Disk {
  readonly vmSizeUnit: number;
  readonly #identity: DiskIdentity;
  readonly #sample: BlockSample | undefined;
  readonly #active: boolean;

  constructor(identity: DiskIdentity, sample: BlockSample | undefined, active: boolean, vmSizeUnit: number) {
    this.vmSizeUnit = vmSizeUnit;
    this.#identity = identity;
    this.#sample = sample;
    this.#active = active;
  }

  get index(): number {
    return this.#identity.index;
  }

  get target(): string {
    return this.#identity.target;
  }

  get device(): Disk['device'] {
    return this.#definition?.device;
  }

  get type(): string | undefined {
    return this.#definition?.type;
  }

  get source(): string | undefined {
    return this.#definition?.source ?? this.#sample?.path;
  }

  get pool(): string | undefined {
    return this.#definition?.pool;
  }

  get image(): string | undefined {
    return this.#definition?.image;
  }

  get serial(): string | undefined {
    return this.#definition?.serial;
  }

  get bus(): string | undefined {
    return this.#definition?.bus;
  }

  get format(): string | undefined {
    return this.#definition?.format;
  }

  get cache(): string | undefined {
    return this.#definition?.cache;
  }

  get discard(): string | undefined {
    return this.#definition?.discard;
  }

  get shared(): boolean | undefined {
    return this.#definition?.shared;
  }

  get readOnly(): boolean | undefined {
    return this.#definition?.readOnly;
  }

  get chainDepth(): number | undefined {
    return this.#definition?.chainDepth;
  }

  /** vmStorageSourceType (RFC 7666): a thin raw file is sparse, one whose blocks are all allocated is raw. */
  get vmSourceType(): Disk['vmSourceType'] {
    switch (this.type) {
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
        if (this.format !== undefined && this.format !== 'raw') return 'sparse';
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

  get #definition(): DiskDefinition | undefined {
    return this.#identity.definition;
  }

  /** Counters exist only while the domain is active; sizes remain. */
  get #live(): BlockSample | undefined {
    return this.#active ? this.#sample : undefined;
  }
}
