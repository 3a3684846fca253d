import { isNoDomain, isOperationInvalid, LibvirtError } from '../../libvirt/libvirt-error.ts';
import {
  domainArpAddresses,
  domainLeaseAddresses,
  type InterfaceAddresses,
} from '../../libvirt/procedures.ts';
import type { NicAddresses } from '../../model/nic.ts';
import type { EpochMs } from '../../model/scalar-types.ts';
import type { IdentifiedNic } from '../records/device-facts.ts';
import type { DomainRecord } from '../records/domain-record.ts';
import type { Collector, CollectorKind, CollectorPass } from './collector.ts';
import { eachDomain } from './each-domain.ts';
import { RetrySchedule } from './retry-schedule.ts';

/** Addresses listed of one interface: containers and load balancers add many. */
const maxAddresses = 32;

const hostKey = { uuid: 'host', id: 0 } as const;

/**
 * A libvirt that cannot read the ARP table (9.0 on some kernels) logs two errors each time it is asked: it is left alone
 * for this time in milliseconds, and for ever longer after that.
 */
const arpRetryMs = 3_600_000;
const longestArpRetryMs = 24 * arpRetryMs;

export const hostSeenAddresses: CollectorKind = {
  name: 'nic-addresses',
  id: 'networks',
  selectors: ['network'],
  stage: 'background',
  interval: ({ intervals }) => intervals.networks,
  make: ({ intervalSec }) => new HostSeenAddresses(intervalSec),
};

/** What the sources of the host said of one domain; undefined where one did not answer. */
interface HostSight {
  readonly record: DomainRecord;
  readonly runtime: DomainRecord['runtime'];
  readonly leases: AddressLists | undefined;
  readonly neighbours: AddressLists | undefined;
}

/**
 * Addresses of guests as the host sees them: DHCP leases, else its ARP table (virDomainInterfaceAddresses). That
 * table forgets what has not been talked to for a minute, though the address is still in use.
 */
export class HostSeenAddresses implements Collector {
  readonly #retries: RetrySchedule;
  readonly #arpRetries: RetrySchedule;
  /** Ends when the ARP table has been asked for the last domain. */
  #arpTurn: Promise<unknown> = Promise.resolve();
  readonly #memories = new WeakMap<DomainRecord['runtime'], NeighbourMemory>();

  constructor(intervalSec: number) {
    this.#retries = new RetrySchedule(intervalSec * 1000);
    this.#arpRetries = new RetrySchedule(arpRetryMs, longestArpRetryMs);
  }

  async collect(pass: CollectorPass): Promise<void> {
    if (pass.libvirt.refusal(domainLeaseAddresses) !== undefined) {
      pass.spared();
      return;
    }
    const { active } = pass.domains;
    const sights: HostSight[] = [];
    this.#arpRetries.begin(pass.libvirt, [hostKey]);
    await eachDomain(pass, active, this.#retries, async (record) => {
      const { runtime } = record;
      // What the guest itself says is better.
      if (saysItself(record)) return;
      const leases = await this.#ask(pass, record, 'lease');
      sights.push({ record, runtime, leases, neighbours: await this.#fromArp(pass, record, leases) });
    });
    const claims = claimsOf(sights, active);
    for (const sight of sights) this.#take(sight, claims, pass.now);
  }

  #take({ record, runtime, leases, neighbours }: HostSight, claims: Claims, now: EpochMs): void {
    if (record.runtime !== runtime || saysItself(record)) return;
    const memory = this.#memories.get(runtime) ?? new NeighbourMemory();
    this.#memories.set(runtime, memory);
    if (neighbours !== undefined) memory.note(neighbours, now);
    memory.retain(record.definition?.nics, (address, key) => isClaimed(claims, address, record.uuid, key));
    const found = new Map<string, NicAddresses>(memory.read());
    for (const [key, known] of runtime.nicAddresses ?? []) {
      if (leases === undefined && known.source === 'lease') found.set(key, known);
    }
    for (const [key, addresses] of leases ?? []) {
      found.set(key, { text: addresses.join(' '), source: 'lease', seenAt: now });
    }
    takeAddresses(record, runtime, found);
  }

  /**
   * The ARP table is the host's: if libvirt cannot read it, it cannot for any domain, and is not asked for another one
   * meanwhile. Leases are better where each interface has one.
   */
  async #fromArp(
    pass: CollectorPass,
    record: DomainRecord,
    leases: AddressLists,
  ): Promise<AddressLists | undefined> {
    if (record.definition?.nics.every(({ key }) => leases.has(key)) === true) return undefined;
    const turn = this.#arpTurn;
    const ask = async (): Promise<AddressLists | undefined> => {
      await turn;
      if (!this.#arpRetries.isDue(hostKey, pass.now)) {
        pass.spared('ARP table');
        return undefined;
      }
      try {
        const found = await this.#ask(pass, record, 'arp');
        this.#arpRetries.succeeded(hostKey);
        return found;
      } catch (error) {
        if (!(error instanceof LibvirtError) || isNoDomain(error)) throw error;
        this.#arpRetries.failed(hostKey, pass.now);
        pass.failed(error, 'ARP table');
        return undefined;
      }
    };
    const asked = ask();
    this.#arpTurn = asked.catch(() => undefined);
    return await asked;
  }

  async #ask(pass: CollectorPass, record: DomainRecord, source: 'arp' | 'lease'): Promise<AddressLists> {
    try {
      const procedure = source === 'arp' ? domainArpAddresses : domainLeaseAddresses;
      const reply = await pass.libvirt.call(procedure, { domain: record.ref, flags: 0 });
      return addressesByNic(reply, source, record.definition?.nics);
    } catch (error) {
      // A domain without an interface on a network of libvirt's has no leases to ask for.
      if (isOperationInvalid(error)) return new Map();
      throw error;
    }
  }
}

function saysItself({ runtime }: DomainRecord): boolean {
  for (const known of runtime.nicAddresses?.values() ?? []) if (known.source === 'agent') return true;
  return false;
}

/** Which interface has an address now, as `UUID key`. */
type Claims = ReadonlyMap<string, string>;

/** Who was seen with an address in this run, or says so itself. */
function claimsOf(sights: readonly HostSight[], active: readonly DomainRecord[]): Claims {
  const claims = new Map<string, string>();
  for (const { uuid, runtime } of active) {
    for (const [key, { text, source }] of runtime.nicAddresses ?? []) {
      if (source === 'agent')
        for (const address of text.split(' ')) claims.set(bare(address), `${uuid} ${key}`);
    }
  }
  for (const { record, leases, neighbours } of sights) {
    for (const [key, addresses] of [...(neighbours ?? []), ...(leases ?? [])]) {
      for (const address of addresses) claims.set(bare(address), `${record.uuid} ${key}`);
    }
  }
  return claims;
}

function isClaimed(claims: Claims, address: string, uuid: string, key: string): boolean {
  const claim = claims.get(bare(address));
  return claim !== undefined && claim !== `${uuid} ${key}`;
}

/** Without the length of the prefix. */
function bare(address: string): string {
  return address.split('/', 1)[0] ?? address;
}

/** An interface that has shown another address since has given this one up, after this time in milliseconds. */
const givenUpMs = 24 * 3600 * 1000;

/** The addresses that the ARP table had of the interfaces of one run of a domain. */
class NeighbourMemory {
  /** When each address was last seen, by key of the interface. */
  readonly #seen = new Map<string, Map<string, EpochMs>>();

  note(found: AddressLists, now: EpochMs): void {
    for (const [key, addresses] of found) {
      const seen = this.#seen.get(key) ?? new Map<string, EpochMs>();
      this.#seen.set(key, seen);
      for (const address of addresses) seen.set(address, now);
      for (const [address, at] of [...seen].sort(([, a], [, b]) => a - b)) {
        if (now - at > givenUpMs || seen.size > maxAddresses) seen.delete(address);
      }
    }
  }

  /** Forgets interfaces that are gone, and addresses that others have now. */
  retain(
    nics: readonly IdentifiedNic[] | undefined,
    isClaimed: (address: string, key: string) => boolean,
  ): void {
    const keys = nics === undefined ? undefined : new Set(nics.map(({ key }) => key));
    for (const [key, seen] of this.#seen) {
      for (const address of [...seen.keys()]) if (isClaimed(address, key)) seen.delete(address);
      if (seen.size === 0 || keys?.has(key) === false) this.#seen.delete(key);
    }
  }

  *read(): Iterable<readonly [string, NicAddresses]> {
    for (const [key, seen] of this.#seen) {
      yield [key, { text: [...seen.keys()].join(' '), source: 'arp', seenAt: Math.max(...seen.values()) }];
    }
  }
}

/** Stores the addresses of a run of a domain, by key of the interface. */
export function takeAddresses(
  record: DomainRecord,
  runtime: DomainRecord['runtime'],
  found: ReadonlyMap<string, NicAddresses>,
): void {
  if (found.size === 0 && (runtime.nicAddresses?.size ?? 0) === 0) return;
  runtime.nicAddresses = found;
  // Nothing but the interfaces shows them, and how old they are changes each time.
  record.touchFigures();
}

/** Addresses with their prefix lengths, by key of the interface. */
export type AddressLists = ReadonlyMap<string, readonly string[]>;

/**
 * Addresses by interface. The host names its device of each; a guest agent knows its own names only, so that
 * interfaces that share a MAC address share what it says. Loopback and link-local addresses tell nothing.
 *
 * @param nics - undefined while the definition has not been read: the MAC address is then taken for the key.
 */
export function addressesByNic(
  interfaces: readonly InterfaceAddresses[],
  source: NicAddresses['source'],
  nics: readonly IdentifiedNic[] | undefined,
): AddressLists {
  const lists = new Map<string, string[]>();
  for (const { name, hwaddr, addresses } of interfaces) {
    const mac = hwaddr?.toLowerCase();
    if (mac === undefined || mac === '00:00:00:00:00:00') continue;
    const texts = addresses
      .filter(({ address }) => !isLocal(address))
      // The ARP table knows no prefix lengths.
      .map(({ address, prefix }) => (prefix === 0 ? address : `${address}/${prefix}`));
    if (texts.length === 0) continue;
    for (const key of keysOf(mac, source === 'agent' ? undefined : name, nics)) {
      const list = lists.get(key) ?? [];
      for (const text of texts) if (!list.includes(text) && list.length < maxAddresses) list.push(text);
      lists.set(key, list);
    }
  }
  return lists;
}

function keysOf(
  mac: string,
  device: string | undefined,
  nics: readonly IdentifiedNic[] | undefined,
): readonly string[] {
  const likes = nics?.filter((nic) => nic.mac === mac) ?? [];
  const own = likes.filter(({ target }) => target !== undefined && target === device);
  const keys = (own.length > 0 ? own : likes).map(({ key }) => key);
  return keys.length > 0 ? keys : [mac];
}

function isLocal(address: string): boolean {
  return address.startsWith('127.') || address === '::1' || /^fe[89ab]/i.test(address);
}
