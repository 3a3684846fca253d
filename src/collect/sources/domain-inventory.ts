import { domainFilter } from '../../config/domain-filter.ts';
import { connectListAllDomains } from '../../libvirt/procedures.ts';
import type { DomainRef } from '../../libvirt/protocol.ts';
import { sameReplyOnce } from '../../libvirt/same-reply.ts';
import { listDomainsFlags } from '../../libvirt-enums/flags.ts';
import { bootId } from '../../run/boot-id.ts';
import { systemClock } from '../../run/clock.ts';
import { inParallel } from '../../run/pool.ts';
import type { LibvirtAccess } from '../access/libvirt-access.ts';
import type { ReachedLimit } from '../limit-board.ts';
import type { DomainTable, HypervisorProcess, ListedDomain } from '../records/domain-table.ts';
import type { Collector, CollectorKind, CollectorPass } from './collector.ts';
import { ProcessFinder } from './hypervisor-process.ts';
import { inNumberingOrder } from './numbering-order.ts';

/** Processes looked at side by side. */
const processesInFlight = 4;

export const domainInventory: CollectorKind = {
  name: 'inventory',
  id: 'inventory',
  selectors: [],
  stage: 'opening',
  interval: ({ collect }) => collect.interval,
  make: ({ config, local }) =>
    new DomainInventory(domainFilter(config.collect), config.collect.maxDomains, local),
};

/** Which domains exist: one list call, and one for each property that libvirt can filter by. */
export class DomainInventory implements Collector {
  readonly #admits: (name: string) => boolean;
  readonly #maxDomains: number;
  readonly #local: boolean;
  readonly #finder = new ProcessFinder();
  readonly #all = sameReplyOnce(connectListAllDomains);
  readonly #persistent = new FlaggedDomains(listDomainsFlags.persistent);
  readonly #autostart = new FlaggedDomains(listDomainsFlags.autostart);
  readonly #managedSave = new FlaggedDomains(listDomainsFlags.managedSave);
  #last: Lists | undefined;
  /** The session in which the processes of the running domains were compared with those remembered. */
  #compared: LibvirtAccess | undefined;

  /**
   * @param admits - whether a domain of this name is monitored at all.
   * @param maxDomains - how many of them are.
   * @param local - whether the hypervisor is this machine, so that its processes can be looked at.
   */
  constructor(admits: (name: string) => boolean, maxDomains: number, local: boolean) {
    this.#admits = admits;
    this.#maxDomains = maxDomains;
    this.#local = local;
  }

  async collect(pass: CollectorPass): Promise<void> {
    const [all, persistent, autostart, managedSave] = await Promise.all([
      pass.libvirt.call(this.#all, { flags: 0 }),
      this.#persistent.read(pass),
      this.#autostart.read(pass),
      this.#managedSave.read(pass),
    ]);
    const { listed, leftOut } = this.#listed({ all, persistent, autostart, managedSave }, pass.domains);
    if (leftOut > 0) pass.limits.reached(this.#tooMany(leftOut));
    const processes = await this.#processes(pass, listed);
    const { appeared, switched } = pass.domains.applyInventory(listed, systemClock.now(), processes);
    const { domains, infrastructure } = pass;
    pass.share?.retain((uuid) => domains.get(uuid) !== undefined || infrastructure.has(uuid));
    for (const record of [...appeared, ...switched]) pass.changed(record);
  }

  #tooMany(leftOut: number): ReachedLimit {
    return {
      key: 'max-domains',
      code: 'limitReached',
      text: () =>
        `${leftOut} domains are not monitored: this hypervisor has more than ${this.#maxDomains} (collect.max_domains).`,
    };
  }

  /**
   * The processes of the running domains, at the first inventory of a session: libvirt, or the whole host, may have
   * been started anew since, and given the ids of before to other runs.
   */
  async #processes(
    { libvirt, domains }: CollectorPass,
    listed: readonly ListedDomain[],
  ): Promise<ReadonlyMap<string, HypervisorProcess>> {
    const found = new Map<string, HypervisorProcess>();
    if (!this.#local || this.#compared === libvirt) return found;
    this.#compared = libvirt;
    domains.setBoot(await bootId());
    const running = listed.filter(({ ref }) => domains.remembersRun(ref));
    await inParallel(running, processesInFlight, async ({ ref: { name, uuid } }) => {
      const process = await this.#finder.find(name, uuid);
      if (process !== undefined) found.set(uuid, process);
    });
    return found;
  }

  /** What the lists say together; the same object as before for the same lists. */
  #listed(lists: Replies, domains: DomainTable): Lists {
    const { all, persistent, autostart, managedSave } = lists;
    const last = this.#last;
    if (
      last?.all === all &&
      last.persistent === persistent &&
      last.autostart === autostart &&
      last.managedSave === managedSave
    ) {
      return last;
    }
    const admitted = all.filter((ref) => this.#admits(ref.name));
    const leftOut = Math.max(0, admitted.length - this.#maxDomains);
    const monitored = inNumberingOrder(admitted, (uuid) => domains.claimOf(uuid)).slice(0, this.#maxDomains);
    const listed = monitored.map((ref) => ({
      ref,
      // A call that failed says nothing about it: what was known stays.
      persistent: persistent?.has(ref.uuid) ?? domains.get(ref.uuid)?.persistent ?? false,
      autostart: autostart?.has(ref.uuid),
      managedSave: managedSave?.has(ref.uuid),
    }));
    this.#last = { ...lists, listed, leftOut };
    return this.#last;
  }
}

/** What the calls of one inventory said. */
interface Replies {
  readonly all: readonly DomainRef[];
  readonly persistent: ReadonlySet<string> | undefined;
  readonly autostart: ReadonlySet<string> | undefined;
  readonly managedSave: ReadonlySet<string> | undefined;
}

/** The same, and what is made of it. */
interface Lists extends Replies {
  readonly listed: readonly ListedDomain[];
  /** How many are not monitored because there are too many. */
  readonly leftOut: number;
}

/** The domains with a property that libvirt can filter by. */
class FlaggedDomains {
  readonly #flags: number;
  readonly #list = sameReplyOnce(connectListAllDomains);
  #refs: readonly DomainRef[] | undefined;
  #uuids: ReadonlySet<string> = new Set();

  constructor(flags: number) {
    this.#flags = flags;
  }

  /** Their UUIDs, the same object while they are the same; undefined where this driver cannot tell. */
  async read(pass: CollectorPass): Promise<ReadonlySet<string> | undefined> {
    try {
      const refs = await pass.libvirt.call(this.#list, { flags: this.#flags });
      if (refs !== this.#refs) {
        this.#refs = refs;
        this.#uuids = new Set(refs.map((ref) => ref.uuid));
      }
      return this.#uuids;
    } catch (error) {
      pass.failed(error);
      return undefined;
    }
  }
}
