/**
 * Keeps the agent from ever piling calls onto a hypervisor process that does not answer. libvirt's own
 * workers stay occupied by such calls, also after the caller gave up or closed its connection, until every
 * client of that daemon waits. Hence:
 *
 * - at most one call that enters the monitor is under way for a domain; further ones wait for it;
 * - a domain whose call was not answered in time is held: no further such call until that one is answered;
 * - with `maxUnanswered` unanswered calls in all, the gate admits nothing that may enter a monitor.
 */
export class MonitorGate {
  readonly #maxUnanswered: number;
  readonly #underWay = new Map<string, Promise<void>>();
  readonly #held = new Set<string>();
  #unanswered = 0;

  constructor(maxUnanswered: number) {
    this.#maxUnanswered = maxUnanswered;
  }

  /** Whether the daemon has so many unanswered calls of ours that only high-priority procedures may be called. */
  get saturated(): boolean {
    return this.#unanswered >= this.#maxUnanswered;
  }

  /** Calls that were given up and not yet answered. */
  get unanswered(): number {
    return this.#unanswered;
  }

  /** Whether an earlier call for this domain is still unanswered. */
  isHeld(uuid: string): boolean {
    return this.#held.has(uuid);
  }

  /**
   * Waits until no other monitor call is under way for any of the domains and reserves those that are not
   * held. The reservation is made for all at once, so that two callers never wait for each other.
   *
   * @returns undefined if the gate is saturated or all domains are held.
   */
  async reserve(uuids: readonly string[]): Promise<MonitorLease | undefined> {
    for (;;) {
      if (this.saturated) return undefined;
      const free = uuids.filter((uuid) => !this.#held.has(uuid));
      if (free.length === 0) return undefined;
      const busy = free.map((uuid) => this.#underWay.get(uuid)).filter((wait) => wait !== undefined);
      if (busy.length === 0) return this.#lease(free);
      await Promise.race(busy);
    }
  }

  #lease(uuids: readonly string[]): MonitorLease {
    let finish: () => void = () => {};
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    for (const uuid of uuids) this.#underWay.set(uuid, finished);
    const release = (): void => {
      for (const uuid of uuids) if (this.#underWay.get(uuid) === finished) this.#underWay.delete(uuid);
      finish();
    };
    return {
      uuids,
      release,
      unanswered: (answered) => {
        this.#unanswered += 1;
        const culprits = new Set<string>(uuids);
        for (const uuid of culprits) this.#held.add(uuid);
        release();
        void answered.then(() => {
          this.#unanswered -= 1;
          for (const uuid of culprits) this.#held.delete(uuid);
        });
        return {
          acquit: (innocent) => {
            if (culprits.delete(innocent)) this.#held.delete(innocent);
          },
        };
      },
    };
  }
}

/** The right to make one monitor call for some domains. */
export interface MonitorLease {
  /** The domains it covers: those asked for, less those that are held. */
  readonly uuids: readonly string[];
  /** The call was answered. */
  release(): void;
  /** The call was given up: its domains are held until `answered` resolves. */
  unanswered(answered: Promise<void>): Suspicion;
}

/** Domains held for an unanswered call of several: those shown to be well can be let go. */
export interface Suspicion {
  acquit(uuid: string): void;
}
