import { DaemonError } from '../../errors.ts';
import { connectListAllDomains } from '../../libvirt/procedures.ts';

/** Answers of fewer octets are not counted: with a few of them for each domain, the number of domains is their limit. */
const smallOctets = 256;

/**
 * Lists of domains may have so much more of the limit: by them is known which domains went, whose octets are free. A share
 * that is full would else stay full.
 */
const forLists = 0.25;

/** An answer that is not taken: what is kept of this hypervisor would be more than its share. */
export class OverShareError extends DaemonError {
  constructor(procedure: string, octets: number, maxOctets: number) {
    const mib = Math.round(maxOctets / 2 ** 20);
    super(
      'OVER_LIMIT',
      `the answer to ${procedure} (${octets} octets) is not taken: with it, more than ${mib} MiB of answers would be ` +
        'kept of this hypervisor (collect.max_memory)',
    );
  }
}

/**
 * How many octets of the answers of one hypervisor are kept, by what they are about. The latest answer of each kind counts,
 * because that is what is known. An answer that would exceed the limit is refused before it is decoded: the data of before
 * stays, and what one hypervisor has too much of takes no memory from the others.
 */
export class AnswerShare {
  readonly #maxOctets: number;
  readonly #onRefused: () => void;
  /** Octets by subject and number of the procedure. */
  readonly #kept = new Map<string, Map<number, number>>();
  #octets = 0;
  #refused = 0;

  /** @param onRefused told of each answer that is not taken. */
  constructor(maxOctets: number, onRefused: () => void = () => undefined) {
    this.#maxOctets = maxOctets;
    this.#onRefused = onRefused;
  }

  /** Octets of the answers that are kept. */
  get octets(): number {
    return this.#octets;
  }

  /** Answers that were not taken so far. */
  get refused(): number {
    return this.#refused;
  }

  /**
   * Counts an answer before it is decoded.
   *
   * @param args - of the call: the domains, the pool or the network that it names share the octets.
   * @throws OverShareError
   */
  take(procedure: { readonly name: string; readonly number: number }, args: unknown, octets: number): void {
    const subjects = subjectsOf(args);
    const each = octets < smallOctets ? 0 : octets / subjects.length;
    let more = 0;
    for (const subject of subjects) more += each - (this.#kept.get(subject)?.get(procedure.number) ?? 0);
    const isList = procedure.number === connectListAllDomains.number;
    const limit = this.#maxOctets * (isList ? 1 + forLists : 1);
    if (more > 0 && this.#octets + more > limit) {
      this.#refused += 1;
      this.#onRefused();
      throw new OverShareError(procedure.name, octets, this.#maxOctets);
    }
    this.#octets += more;
    for (const subject of subjects) this.#note(subject, procedure.number, each);
  }

  /** Forgets what is about domains, pools and networks that are not named here. */
  retain(isThere: (uuid: string) => boolean): void {
    for (const [subject, answers] of this.#kept) {
      if (subject === hypervisorItself || isThere(subject)) continue;
      for (const octets of answers.values()) this.#octets -= octets;
      this.#kept.delete(subject);
    }
  }

  #note(subject: string, procedure: number, octets: number): void {
    const answers = this.#kept.get(subject);
    if (octets === 0) {
      answers?.delete(procedure);
    } else if (answers === undefined) {
      this.#kept.set(subject, new Map([[procedure, octets]]));
    } else {
      answers.set(procedure, octets);
    }
  }
}

const hypervisorItself = '';
const noSubject: readonly string[] = [hypervisorItself];

/** UUIDs of what a call is about. */
function subjectsOf(args: unknown): readonly string[] {
  if (typeof args !== 'object' || args === null) return noSubject;
  const { domains, ...rest } = args as { readonly domains?: unknown };
  if (Array.isArray(domains) && domains.length > 0) return domains.map((domain) => uuidOf(domain) ?? '');
  for (const value of Object.values(rest)) {
    const uuid = uuidOf(value);
    if (uuid !== undefined) return [uuid];
  }
  return noSubject;
}

function uuidOf(value: unknown): string | undefined {
  return typeof value === 'object' && value !== null && 'uuid' in value && typeof value.uuid === 'string'
    ? value.uuid
    : undefined;
}
