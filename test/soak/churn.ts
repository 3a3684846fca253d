import { FakeDomain, type FakeLibvirtd } from '../fakes/fake-libvirtd.ts';

/** virDomainEventType */
const events = { defined: 0, undefined: 1, started: 2, suspended: 3, resumed: 4, stopped: 5 } as const;

const running = 1;
const paused = 3;

/** Domains that are there at a time beside those that stay. */
const maxPresent = 20;

const shape = { vcpus: 2, disks: 2, nics: 1, kernelCounters: false } as const;

/** Domains that are created, change their state and cease to exist, each with a name and a UUID of its own. */
export class Churn {
  /** Domains that have come. */
  come = 0;
  /** Domains that have gone. */
  gone = 0;
  readonly #daemon: FakeLibvirtd;
  readonly #first: number;
  readonly #present: FakeDomain[] = [];

  /** @param first - the number of the first domain; those below stay. */
  constructor(daemon: FakeLibvirtd, first: number) {
    this.#daemon = daemon;
    this.#first = first;
  }

  /** One domain comes, one pauses, one resumes, and if there are enough the oldest goes. */
  step(): void {
    const domain = new FakeDomain(this.#first + this.come, shape);
    this.come += 1;
    this.#daemon.domains.set(domain.uuid, domain);
    this.#present.push(domain);
    this.#daemon.emitLifecycle(domain, events.defined);
    this.#daemon.emitLifecycle(domain, events.started);
    this.#set(this.#present.at(-4), paused, events.suspended);
    this.#set(this.#present.at(-6), running, events.resumed);
    if (this.#present.length <= maxPresent) return;
    const oldest = this.#present.shift();
    if (oldest === undefined) return;
    this.#daemon.domains.delete(oldest.uuid);
    this.gone += 1;
    oldest.id = -1;
    this.#daemon.emitLifecycle(oldest, events.stopped);
    this.#daemon.emitLifecycle(oldest, events.undefined);
  }

  #set(domain: FakeDomain | undefined, state: number, event: number): void {
    if (domain === undefined) return;
    domain.state = state;
    this.#daemon.emitLifecycle(domain, event);
  }
}
