/**
 * Spares domains, or members of them, that a source does not work for: after each failure the next attempt waits twice as long.
 * A new run of the domain, with another id, begins afresh, and so does a new session: that may be another libvirt, with
 * other permissions.
 */
export class RetrySchedule {
  readonly #baseMs: number;
  readonly #capMs: number;
  readonly #waits = new Map<string, Wait>();
  #session: object | undefined;

  /** @param capMs - the longest wait; one hour unless given. */
  constructor(baseMs: number, capMs = 3_600_000) {
    this.#baseMs = baseMs;
    this.#capMs = capMs;
  }

  /** Whether an attempt may be made now. */
  isDue(record: RetryKey, now: number): boolean {
    const wait = this.#waits.get(keyOf(record));
    return wait === undefined || wait.id !== record.id || now >= wait.until;
  }

  /** How often in a row it failed in this run of the domain. */
  failures(record: RetryKey): number {
    const wait = this.#waits.get(keyOf(record));
    return wait !== undefined && wait.id === record.id ? wait.failures : 0;
  }

  failed(record: RetryKey, now: number): void {
    const failures = this.failures(record) + 1;
    const waitMs = Math.min(this.#capMs, this.#baseMs * 2 ** Math.min(failures - 1, 30));
    this.#waits.set(keyOf(record), { uuid: record.uuid, id: record.id, failures, until: now + waitMs });
  }

  succeeded(record: RetryKey): void {
    this.#waits.delete(keyOf(record));
  }

  /** Forgets domains that no longer exist, and everything where the session is another than before. */
  begin(session: object, records: readonly RetryKey[]): void {
    if (this.#session !== session) this.#waits.clear();
    this.#session = session;
    if (this.#waits.size === 0) return;
    const uuids = new Set(records.map((record) => record.uuid));
    for (const [key, { uuid }] of this.#waits) if (!uuids.has(uuid)) this.#waits.delete(key);
  }
}

/** A domain, and its run. */
export interface RetryKey {
  readonly uuid: string;
  readonly id: number;
  /** What of the domain, if not all of it. */
  readonly member?: string;
}

function keyOf({ uuid, member }: RetryKey): string {
  return member === undefined ? uuid : `${uuid} ${member}`;
}

interface Wait {
  readonly uuid: string;
  readonly id: number;
  readonly failures: number;
  readonly until: number;
}
