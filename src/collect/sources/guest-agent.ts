import { ConnectionLostError } from '../../errors.ts';
import { CallTimeoutError } from '../../libvirt/connection.ts';
import {
  isAgentUnresponsive,
  isNoDomain,
  isNotSupported,
  isOperationInvalid,
} from '../../libvirt/libvirt-error.ts';
import {
  domainAgentAddresses,
  domainGetControlInfo,
  domainGetFsInfo,
  domainGetGuestInfo,
} from '../../libvirt/procedures.ts';
import type { Procedure } from '../../libvirt/protocol.ts';
import type { TypedParams } from '../../libvirt/typed-params.ts';
import { guestInfoTypes } from '../../libvirt-enums/flags.ts';
import type { Guest } from '../../model/guest.ts';
import type { NicAddresses } from '../../model/nic.ts';
import { systemClock } from '../../run/clock.ts';
import { inParallel } from '../../run/pool.ts';
import { NotCalledError } from '../access/call-gate.ts';
import type { LibvirtAccess } from '../access/libvirt-access.ts';
import {
  type FileSystemFacts,
  fileSystemFacts,
  fileSystemsFromFsInfo,
  guestFacts,
  noGuestFacts,
} from '../decode/guest-info.ts';
import type { DomainRecord, RuntimeFacts } from '../records/domain-record.ts';
import type { Collector, CollectorKind, CollectorPass } from './collector.ts';
import { isInvalidArgument } from './invalid-argument.ts';
import { addressesByNic, takeAddresses } from './nic-addresses.ts';
import { RetrySchedule } from './retry-schedule.ts';

/** Without any bit libvirt asks the agent for all it knows and leaves out what it does not. */
const everything = 0;

/** libvirt itself gives an agent 5 s to synchronise; a little more, so that its answer comes first. */
const agentTimeoutMs = 7000;

const warningKey = 'guest-agents-mute';

/** Domains named in a warning. */
const maxNames = 10;

/** A call that waits for nothing is answered in a fraction of this. */
const aliveTimeoutMs = 2000;

/** Guests asked at a time. */
const guestsInFlight = 2;

/** Longest wait between two attempts at an agent that does not answer. */
const maxRetryMs = 1_800_000;

export interface GuestAgentOptions {
  /** Selector guest: operating system, host name, load, users, addresses. */
  readonly guest: boolean;
  /** Selector fs_info. */
  readonly fileSystems: boolean;
  readonly intervalSec: number;
}

/** What the daemon in use turned out to know; begun anew with each session. */
interface SessionState {
  loadKnown: boolean;
  /** Guests whose agent lacks a command that was asked for by name. */
  readonly limited: Set<string>;
}

export const guestAgent: CollectorKind = {
  name: 'guest-agent',
  id: 'guestAgent',
  selectors: ['guest', 'fs_info'],
  stage: 'background',
  interval: ({ intervals }) => intervals.guestAgent,
  promptedBy: ['agentLifecycle'],
  make: ({ intervalSec, has }) =>
    new GuestAgent({ guest: has('guest'), fileSystems: has('fs_info'), intervalSec }),
};

/**
 * What guest agents tell: file systems, operating system, host name, load, users, addresses. Needs a
 * read-write connection. A mute agent costs nothing but its own data.
 */
export class GuestAgent implements Collector {
  readonly #options: GuestAgentOptions;
  readonly #retries: RetrySchedule;
  readonly #sessions = new WeakMap<LibvirtAccess, SessionState>();
  /** State of the channel at the last attempt: an agent that came back is asked at once. */
  readonly #channels = new Map<string, string>();

  constructor(options: GuestAgentOptions) {
    this.#options = options;
    this.#retries = new RetrySchedule(options.intervalSec * 1000, maxRetryMs);
  }

  async collect(pass: CollectorPass): Promise<void> {
    if (!pass.libvirt.canWrite) {
      pass.limited('unsupported', 'not permitted on this connection: guest data needs libvirt.read_write');
      return;
    }
    this.#retries.begin(pass.libvirt, pass.domains.present);
    const present = new Set(pass.domains.present.map(({ uuid }) => uuid));
    for (const uuid of this.#channels.keys()) if (!present.has(uuid)) this.#channels.delete(uuid);
    const due = pass.domains.active.filter((record) => this.#isDue(pass, record));
    const notAsked: DomainRecord[] = [];
    await inParallel(
      due,
      guestsInFlight,
      async (record) => {
        if (!(await this.#collectOne(pass, record))) notAsked.push(record);
      },
      () => !pass.signal.aborted,
    );
    this.#warn(pass, notAsked);
    // What has not been asked gets older, and so does the whole.
    if (notAsked.length > 0) throw new NotCalledError('saturated');
  }

  /** Names the guests whose agents do not answer, and those that are not asked because of them. */
  #warn(pass: CollectorPass, notAsked: readonly DomainRecord[]): void {
    const { gate } = pass.libvirt;
    const silent = pass.domains.active.filter(
      ({ uuid, runtime }) => runtime.guest?.agentState === 'notResponding' || gate.isMute(uuid),
    );
    if (silent.length === 0) {
      pass.warnings.clear(warningKey);
      return;
    }
    const mute = silent.filter(({ uuid }) => gate.isMute(uuid));
    const sentences = [`The guest agents of ${namesOf(silent)} do not answer.`];
    if (mute.length > 0) {
      sentences.push(
        `Until it does, or its guest is started anew, a question keeps a worker of libvirtd for each of ${namesOf(mute)}.`,
      );
    }
    if (notAsked.length > 0 && !gate.saturated) {
      sentences.push(
        `These are so many that agents which have not answered before are spared: ${namesOf(notAsked)}.`,
      );
    }
    sentences.push('Restart qemu-guest-agent in these guests, and look there for a file system that hangs.');
    pass.warnings.raise(warningKey, 'guestAgentMute', sentences.join(' '));
  }

  /** An agent can answer only while its guest runs and is connected to the channel. */
  #isDue(pass: CollectorPass, record: DomainRecord): boolean {
    const channel = record.definition?.agentChannel;
    if (channel === undefined || record.state !== 'running') return false;
    const before = this.#channels.get(record.uuid);
    this.#channels.set(record.uuid, channel);
    if (channel === 'disconnected') {
      this.#setState(record, record.runtime, 'disconnected');
      return false;
    }
    if (before !== undefined && before !== channel) this.#retries.succeeded(record);
    if (this.#retries.isDue(record, pass.now)) return true;
    pass.spared(record.name);
    return false;
  }

  /** @returns false if it was not asked for the sake of the daemon. */
  async #collectOne(pass: CollectorPass, record: DomainRecord): Promise<boolean> {
    const { runtime } = record;
    try {
      await this.#ask(pass, record, runtime);
      this.#retries.succeeded(record);
    } catch (error) {
      if (error instanceof ConnectionLostError) throw error;
      if (error instanceof NotCalledError) {
        pass.spared(record.name);
        return error.why !== 'saturated';
      }
      if (isNoDomain(error) || isOperationInvalid(error)) return true;
      this.#retries.failed(record, pass.now);
      const isMute =
        isAgentUnresponsive(error) || (error instanceof CallTimeoutError && (await answers(pass, record)));
      if (isMute) {
        this.#setState(record, runtime, 'notResponding');
      }
      pass.failed(error, record.name, 'member');
    }
    return true;
  }

  async #ask(pass: CollectorPass, record: DomainRecord, runtime: RuntimeFacts): Promise<void> {
    const session = this.#session(pass.libvirt);
    const params = await this.#guestInfo(pass, session, record);
    const facts =
      this.#options.guest && params !== 'unsupported' ? guestFacts(params, systemClock.now()) : noGuestFacts;
    runtime.guest = { ...facts, agentState: 'connected' };
    record.touch();
    if (this.#options.fileSystems) {
      const disks = record.definition?.disks ?? [];
      const found =
        params === 'unsupported'
          ? fileSystemsFromFsInfo(await this.#fsInfo(pass, record), disks)
          : fileSystemFacts(params, disks);
      runtime.fileSystems = numbered(pass, record, found);
      record.touch();
    }
    if (this.#options.guest) await this.#addresses(pass, record, runtime);
  }

  /** `unsupported` from a libvirt older than 5.7. */
  async #guestInfo(
    pass: CollectorPass,
    session: SessionState,
    record: DomainRecord,
  ): Promise<TypedParams | 'unsupported'> {
    if (pass.libvirt.refusal(domainGetGuestInfo) === 'unsupported') return 'unsupported';
    for (;;) {
      const types = session.limited.has(record.uuid) ? everything : this.#wantedTypes(session);
      try {
        const args = { domain: record.ref, types, flags: 0 };
        return await this.#call(pass, domainGetGuestInfo, args);
      } catch (error) {
        // A libvirt that does not know load refuses the whole question; so does one whose agent lacks a command.
        if (isInvalidArgument(error) && session.loadKnown) session.loadKnown = false;
        else if (pass.libvirt.refusal(domainGetGuestInfo) === 'unsupported') return 'unsupported';
        else if ((isNotSupported(error) || isInvalidArgument(error)) && types !== everything) {
          session.limited.add(record.uuid);
        } else throw error;
      }
    }
  }

  #wantedTypes(session: SessionState): number {
    const { guest, fileSystems } = this.#options;
    const info = guestInfoTypes.users | guestInfoTypes.os | guestInfoTypes.timezone | guestInfoTypes.hostname;
    return (
      (guest ? info | (session.loadKnown ? guestInfoTypes.load : 0) : 0) |
      (fileSystems ? guestInfoTypes.fileSystem : 0)
    );
  }

  async #fsInfo(pass: CollectorPass, record: DomainRecord) {
    return await this.#call(pass, domainGetFsInfo, { domain: record.ref, flags: 0 });
  }

  /** The addresses are a second question: an agent that fails it has still answered the first. */
  async #addresses(pass: CollectorPass, record: DomainRecord, runtime: RuntimeFacts): Promise<void> {
    try {
      const reply = await this.#call(pass, domainAgentAddresses, { domain: record.ref, flags: 0 });
      const found = new Map<string, NicAddresses>();
      for (const [key, addresses] of addressesByNic(reply, 'agent', record.definition?.nics)) {
        found.set(key, { text: addresses.join(' '), source: 'agent', seenAt: systemClock.now() });
      }
      takeAddresses(record, runtime, found);
    } catch (error) {
      if (error instanceof ConnectionLostError) throw error;
      pass.failed(error, addressesOf(record), 'member', [record.name]);
    }
  }

  async #call<A, R>(pass: CollectorPass, procedure: Procedure<A, R>, args: A): Promise<R> {
    return await pass.libvirt.call(procedure, args, { timeoutMs: agentTimeoutMs });
  }

  #session(libvirt: LibvirtAccess): SessionState {
    let state = this.#sessions.get(libvirt);
    if (state === undefined) {
      state = { loadKnown: true, limited: new Set() };
      this.#sessions.set(libvirt, state);
    }
    return state;
  }

  #setState(record: DomainRecord, runtime: RuntimeFacts, agentState: Guest['agentState']): void {
    if (runtime.guest?.agentState === agentState) return;
    runtime.guest = { ...(runtime.guest ?? noGuestFacts), agentState };
    record.touch();
  }
}

function namesOf(records: readonly DomainRecord[]): string {
  const names = records
    .map(({ name }) => name)
    .sort()
    .slice(0, maxNames);
  return names.join(', ') + (records.length > maxNames ? ` and ${records.length - maxNames} more` : '');
}

/** What the report calls the second question. */
function addressesOf({ name }: DomainRecord): string {
  return `${name} addresses`;
}

/** Whether libvirt answers at all: if it does not, its silence about an agent says nothing about the agent. */
async function answers(pass: CollectorPass, record: DomainRecord): Promise<boolean> {
  try {
    await pass.libvirt.call(
      domainGetControlInfo,
      { domain: record.ref, flags: 0 },
      { timeoutMs: aliveTimeoutMs },
    );
    return true;
  } catch (error) {
    if (error instanceof ConnectionLostError) throw error;
    return !(error instanceof CallTimeoutError);
  }
}

function numbered(pass: CollectorPass, record: DomainRecord, found: readonly FileSystemFacts[]) {
  pass.indexes.retainDevices(record.uuid, 'fileSystem', new Set(found.map((one) => one.mountPoint)));
  return found
    .map((one) => ({ index: pass.indexes.fileSystem(record.uuid, one.mountPoint), ...one }))
    .sort((a, b) => a.index - b.index);
}
