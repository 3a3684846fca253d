import type { DomainCpu } from '../../../model/domain.ts';
import type { Count, Percent } from '../../../model/scalar-types.ts';
import { nsToUs } from '../../decode/arithmetic.ts';
import type { SchedulerFacts } from '../../decode/io-tune.ts';
import type { MonitorSample } from '../../decode/samples/monitor-sample.ts';
import type { DomainRecord } from '../domain-record.ts';

/** Percentages of a domain that is not active are zero: that is their true value, not a placeholder. */
export class CpuRow implements DomainCpu {
  readonly #monitor: MonitorSample | undefined;
  readonly #active: boolean;
  readonly #scheduler: SchedulerFacts | undefined;
  readonly #emulatorPin: string | undefined;

  constructor(record: DomainRecord, monitor: MonitorSample | undefined) {
    this.#monitor = monitor;
    this.#active = record.active;
    this.#scheduler = record.scheduler;
    this.#emulatorPin = record.emulatorPin;
  }

  get timeUs(): Count | undefined {
    return nsToUs(this.#live?.cpuTimeNs);
  }

  get userUs(): Count | undefined {
    return nsToUs(this.#live?.cpuUserNs);
  }

  get systemUs(): Count | undefined {
    return nsToUs(this.#live?.cpuSystemNs);
  }

  get hostPercent(): Percent | undefined {
    return this.#active ? this.#monitor?.hostPercent : 0;
  }

  get percent(): Percent | undefined {
    return this.#active ? this.#monitor?.percent : 0;
  }

  get stealUs(): Count | undefined {
    return nsToUs(this.#live?.vcpuDelayNs);
  }

  get stealPercent(): Percent | undefined {
    return this.#active ? this.#monitor?.stealPercent : 0;
  }

  get waitUs(): Count | undefined {
    return nsToUs(this.#live?.vcpuWaitNs);
  }

  get haltPollSuccessUs(): Count | undefined {
    return nsToUs(this.#live?.haltPollSuccessNs);
  }

  get haltPollFailUs(): Count | undefined {
    return nsToUs(this.#live?.haltPollFailNs);
  }

  get shares(): Count | undefined {
    return this.#scheduler?.shares;
  }

  get quotaUs(): number | undefined {
    return this.#scheduler?.quotaUs;
  }

  get periodUs(): number | undefined {
    return this.#scheduler?.periodUs;
  }

  get emulatorPin(): string | undefined {
    return this.#emulatorPin;
  }

  get vcpusCurrent(): number | undefined {
    return this.#monitor?.vcpuCurrent;
  }

  get vcpusMaximum(): number | undefined {
    return this.#monitor?.vcpuMaximum;
  }

  /** Counters exist only while the domain is active. */
  get #live(): MonitorSample | undefined {
    return this.#active ? this.#monitor : undefined;
  }
}
