import { DaemonError } from '../../errors.ts';
import type { WaitsFor } from '../../libvirt/protocol.ts';

/** Why a call was not made. */
export type NotCalledReason =
  /** An earlier call for the same domain, agent or driver is unanswered, or its process does not answer. */
  | 'held'
  /** So many calls are unanswered that only what waits for nothing is sent. */
  | 'saturated';

/** A call that was not made, to spare the daemon: what is known stays, and it may be made later. */
export class NotCalledError extends DaemonError {
  readonly why: NotCalledReason;

  constructor(why: NotCalledReason) {
    super(
      'NOT_CALLED',
      why === 'held'
        ? 'not asked: an earlier call is unanswered, or the hypervisor process does not answer'
        : 'not asked: too many earlier calls are unanswered',
    );
    this.why = why;
  }
}

/** Calls to guest agents that may be under way: each occupies a worker of the daemon. */
const maxAgentCalls = 2;

/**
 * Mute agents: each keeps a worker of the daemon for as long as it does not answer a call of ours. With so many, only
 * agents that have answered before are asked; a mute one is asked nothing more, so they cannot use up what the others need.
 */
const maxMuteAgents = 4;

/** Should some of those that have answered before become mute: with so many, no agent is asked. */
const maxMuteAgentsInAll = 6;

/** Agents remembered to have answered; with more, all are forgotten, and answer again. */
const maxProvenAgents = 100_000;

export interface CallGateOptions {
  /** Calls that may occupy ordinary workers of the daemon at a time, and stay unanswered. */
  readonly maxUnanswered: number;
  /** Whether the hypervisor process of a domain can be expected to answer, as far as is known. */
  readonly isResponsive: (uuid: string) => boolean;
}

/** What a call waits for, if it waits at all. */
export type Waiting = Exclude<WaitsFor, 'nothing'>;

/**
 * Keeps the agent from ever piling calls onto what does not answer. libvirt's own workers stay occupied by
 * such calls, also after the caller gave up or closed its connection, until every client of that daemon
 * waits. Hence:
 *
 * - at most one call is under way for a monitor, for an agent, and for each driver that may be another
 *   daemon; further ones wait for it. That also keeps the first call to such a driver alone;
 * - what did not answer in time is held: no further such call until that one is answered;
 * - at most `maxUnanswered` ordinary workers are occupied by calls, those to agents apart;
 * - of agents, two are asked at a time, and with some mute only those that have answered before;
 * - with so many calls unanswered in all, only what waits for nothing is sent, whoever asks.
 */
export class CallGate {
  readonly #isResponsive: (uuid: string) => boolean;
  readonly #underWay = new Map<string, Promise<void>>();
  readonly #held = new Set<string>();
  readonly #workers: Workers;
  readonly #agents = new Workers(maxAgentCalls, false);
  /** Keys of the agents whose last call was answered. */
  readonly #proven = new Set<string>();

  constructor(options: CallGateOptions) {
    this.#isResponsive = options.isResponsive;
    this.#workers = new Workers(options.maxUnanswered, true);
  }

  /** Whether so many calls are unanswered that only what waits for nothing is sent. */
  get saturated(): boolean {
    return this.#workers.unanswered >= this.#workers.max;
  }

  /** Calls, those to agents and to the storage driver apart, that were given up and not yet answered. */
  get unanswered(): number {
    return this.#workers.unanswered;
  }

  /** Whether an earlier call to the guest agent of this domain is still unanswered. */
  isMute(uuid: string): boolean {
    return keysOf('agent', [uuid]).some((key) => this.#held.has(key));
  }

  /** Whether an earlier call to the hypervisor process of this domain is still unanswered. */
  isHeld(uuid: string): boolean {
    return this.#held.has(uuid);
  }

  /**
   * Waits until the call may be made, and reserves what it waits for: all at once, so that two callers never
   * wait for each other.
   *
   * @param uuids - the domains whose monitor or agent it can wait for.
   * @throws NotCalledError
   */
  async reserve(waitsFor: Waiting, uuids: readonly string[]): Promise<Lease> {
    const keys = keysOf(waitsFor, uuids);
    const workers = this.#workersFor(waitsFor);
    for (;;) {
      if (keys.some((key) => this.#held.has(key))) throw new NotCalledError('held');
      if (this.saturated || (workers === this.#agents && this.#tooManyAreMute(keys))) {
        throw new NotCalledError('saturated');
      }
      if (waitsFor === 'monitor' && !uuids.every(this.#isResponsive)) throw new NotCalledError('held');
      const busy = keys.map((key) => this.#underWay.get(key)).filter((wait) => wait !== undefined);
      if (busy.length > 0) await Promise.race(busy);
      else if (workers !== undefined && !workers.free) await workers.changed();
      else return this.#lease(keys, workers);
    }
  }

  /** Priority workers serve the storage driver, and one call to it at most is under way. */
  #workersFor(waitsFor: Waiting): Workers | undefined {
    if (waitsFor === 'agent') return this.#agents;
    return waitsFor === 'storage' ? undefined : this.#workers;
  }

  #tooManyAreMute(keys: readonly string[]): boolean {
    const proven = keys.every((key) => this.#proven.has(key));
    return this.#agents.unanswered >= (proven ? maxMuteAgentsInAll : maxMuteAgents);
  }

  /** Notes whether agents answer. */
  #prove(keys: readonly string[], workers: Workers | undefined, answers: boolean): void {
    if (workers !== this.#agents) return;
    if (this.#proven.size >= maxProvenAgents) this.#proven.clear();
    for (const key of keys) {
      if (answers) this.#proven.add(key);
      else this.#proven.delete(key);
    }
  }

  #lease(keys: readonly string[], workers: Workers | undefined): Lease {
    let finish: () => void = () => {};
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    for (const key of keys) this.#underWay.set(key, finished);
    workers?.take();
    const end = (): void => {
      for (const key of keys) if (this.#underWay.get(key) === finished) this.#underWay.delete(key);
      finish();
    };
    return {
      release: () => {
        end();
        this.#prove(keys, workers, true);
        workers?.giveBack();
      },
      unanswered: (answered) => {
        const culprits = new Set<string>(keys);
        for (const key of culprits) this.#held.add(key);
        this.#prove(keys, workers, false);
        workers?.lose();
        end();
        void answered.then(() => {
          for (const key of culprits) this.#held.delete(key);
          workers?.regain();
        });
        return {
          acquit: (uuid) => {
            if (culprits.delete(uuid)) this.#held.delete(uuid);
          },
        };
      },
    };
  }
}

/** What may have only one call under way, and is held while that is unanswered. */
function keysOf(waitsFor: Waiting, uuids: readonly string[]): readonly string[] {
  switch (waitsFor) {
    case 'worker':
      return [];
    case 'monitor':
      return uuids;
    case 'agent':
      return uuids.map((uuid) => `agent of ${uuid}`);
    case 'storage':
    case 'network':
      return [waitsFor];
  }
}

/** Workers of the daemon that our calls may occupy. */
class Workers {
  /** Of calls under way. */
  readonly max: number;
  readonly #lostStayTaken: boolean;
  #taken = 0;
  #unanswered = 0;
  #wake: () => void = () => {};
  #changed: Promise<void> | undefined;

  /** @param lostStayTaken - whether one whose call was given up counts as taken until that is answered. */
  constructor(max: number, lostStayTaken: boolean) {
    this.max = max;
    this.#lostStayTaken = lostStayTaken;
  }

  /** Those whose call was given up and is not answered yet. */
  get unanswered(): number {
    return this.#unanswered;
  }

  get free(): boolean {
    return this.#taken < this.max;
  }

  take(): void {
    this.#taken += 1;
  }

  giveBack(): void {
    this.#taken -= 1;
    this.#tell();
  }

  /** The call of a worker that was taken is given up. */
  lose(): void {
    this.#unanswered += 1;
    if (!this.#lostStayTaken) this.#taken -= 1;
    this.#tell();
  }

  /** That call was answered after all. */
  regain(): void {
    this.#unanswered -= 1;
    if (this.#lostStayTaken) this.#taken -= 1;
    this.#tell();
  }

  /** Resolves when there is something new: one is free, or has become unanswered. */
  changed(): Promise<void> {
    this.#changed ??= new Promise((resolve) => {
      this.#wake = resolve;
    });
    return this.#changed;
  }

  #tell(): void {
    this.#changed = undefined;
    this.#wake();
  }
}

/** The right to make one call. */
export interface Lease {
  /** The call was answered. */
  release(): void;
  /** The call was given up: what it waits for is held, and its worker taken, until `answered` resolves. */
  unanswered(answered: Promise<void>): Suspicion;
}

/** Domains held for an unanswered call of several: those shown to be well can be let go. */
export interface Suspicion {
  acquit(uuid: string): void;
}
