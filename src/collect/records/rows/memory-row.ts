import type { DomainMemory } from '../../../model/domain.ts';
import type { Count, EpochMs, Percent } from '../../../model/scalar-types.ts';
import { kibToBytes, percentOf } from '../../decode/arithmetic.ts';
import type { MonitorSample } from '../../decode/samples/monitor-sample.ts';

const dirtyStates = ['unstarted', 'measuring', 'measured'] as const;

/** What the balloon and the dirty rate statistics say. */
export class MemoryRow implements DomainMemory {
  readonly vmMemUnit: number;
  readonly #monitor: MonitorSample;
  readonly #active: boolean;

  constructor(monitor: MonitorSample, active: boolean, vmMemUnit: number) {
    this.vmMemUnit = vmMemUnit;
    this.#monitor = monitor;
    this.#active = active;
  }

  get currentBytes(): Count | undefined {
    return kibToBytes(this.#monitor.balloonCurrentKib);
  }

  get maximumBytes(): Count | undefined {
    return kibToBytes(this.#monitor.balloonMaximumKib);
  }

  get rssBytes(): Count | undefined {
    return kibToBytes(this.#live?.balloonRssKib);
  }

  get availableBytes(): Count | undefined {
    return kibToBytes(this.#live?.balloonAvailableKib);
  }

  get unusedBytes(): Count | undefined {
    return kibToBytes(this.#live?.balloonUnusedKib);
  }

  get usableBytes(): Count | undefined {
    return kibToBytes(this.#live?.balloonUsableKib);
  }

  get diskCachesBytes(): Count | undefined {
    return kibToBytes(this.#live?.balloonDiskCachesKib);
  }

  /** 0 while the domain is not active: it uses none. */
  get usedPercent(): Percent | undefined {
    if (!this.#active) return 0;
    const { balloonAvailableKib: available, balloonUsableKib, balloonUnusedKib } = this.#monitor;
    const free = balloonUsableKib ?? balloonUnusedKib;
    if (available === undefined || free === undefined) return undefined;
    return percentOf(Math.max(0, Number(available) - Number(free)), available);
  }

  get swapInBytes(): Count | undefined {
    return kibToBytes(this.#live?.balloonSwapInKib);
  }

  get swapOutBytes(): Count | undefined {
    return kibToBytes(this.#live?.balloonSwapOutKib);
  }

  get majorFaults(): Count | undefined {
    return this.#live?.balloonMajorFaults;
  }

  get minorFaults(): Count | undefined {
    return this.#live?.balloonMinorFaults;
  }

  get hugePageAllocs(): Count | undefined {
    return this.#live?.balloonHugePageAllocs;
  }

  get hugePageFails(): Count | undefined {
    return this.#live?.balloonHugePageFails;
  }

  /** libvirt reports 0 for a guest driver that never updated its figures. */
  get lastUpdateAt(): EpochMs | undefined {
    const seconds = Number(this.#live?.balloonLastUpdateSec ?? 0);
    return seconds > 0 ? seconds * 1000 : undefined;
  }

  get dirtyStatus(): DomainMemory['dirtyStatus'] {
    const code = this.#live?.dirtyStatus;
    return code === undefined ? undefined : dirtyStates[code];
  }

  get dirtyRate(): number | undefined {
    return this.#live?.dirtyRateMibs;
  }

  get dirtyPeriodSec(): number | undefined {
    return this.#live?.dirtyPeriodSec;
  }

  get dirtyMode(): string | undefined {
    return this.#live?.dirtyMode;
  }

  /** Only an active domain has figures of use; its sizes remain. */
  get #live(): MonitorSample | undefined {
    return this.#active ? this.#monitor : undefined;
  }
}
