import { isNoDomain, isOperationInvalid, LibvirtError } from '../../libvirt/libvirt-error.ts';
import {
  domainArpAddresses,
  domainLeaseAddresses,
  type InterfaceAddresses,
} from '../../libvirt/procedures.ts';
import type { NicAddresses } from '../../model/nic.ts';
import type { DomainRecord } from '../records/domain-record.ts';
import type { Collector, CollectorKind, CollectorPass } from './collector.ts';
import { eachDomain } from './each-domain.ts';
import { RetrySchedule } from './retry-schedule.ts';

/** Addresses listed of one interface: containers and load balancers add many. */
const maxAddresses = 32;

const hostKey = { uuid: 'host', id: 0 } as const;

export const hostSeenAddresses: CollectorKind = {
  name: 'nic-addresses',
  id: 'networks',
  selectors: ['network'],
  stage: 'background',
  interval: ({ intervals }) => intervals.networks,
  make: ({ intervalSec }) => new HostSeenAddresses(intervalSec),
};

/** Addresses of guests as the host sees them: DHCP leases, else its ARP table (virDomainInterfaceAddresses). */
export class HostSeenAddresses implements Collector {
  readonly #retries: RetrySchedule;
  readonly #arpRetries: RetrySchedule;

  constructor(intervalSec: number) {
    this.#retries = new RetrySchedule(intervalSec * 1000);
    this.#arpRetries = new RetrySchedule(intervalSec * 1000);
  }

  async collect(pass: CollectorPass): Promise<void> {
    if (pass.libvirt.refusal(domainLeaseAddresses) !== undefined) return;
    await eachDomain(pass, pass.domains.active, this.#retries, async (record) => {
      const { runtime } = record;
      // What the guest itself says is better.
      for (const known of runtime.nicAddresses?.values() ?? []) if (known.source === 'agent') return;
      const found = new Map(await this.#fromArp(pass, record));
      for (const [mac, addresses] of await this.#ask(pass, record, 'lease')) found.set(mac, addresses);
      takeAddresses(record, runtime, found);
    });
  }

  /** The ARP table is the host's: if libvirt cannot read it, it cannot for any domain. */
  async #fromArp(pass: CollectorPass, record: DomainRecord): Promise<ReadonlyMap<string, NicAddresses>> {
    if (!this.#arpRetries.isDue(hostKey, pass.now)) return new Map();
    try {
      const found = await this.#ask(pass, record, 'arp');
      this.#arpRetries.succeeded(hostKey);
      return found;
    } catch (error) {
      if (!(error instanceof LibvirtError) || isNoDomain(error)) throw error;
      this.#arpRetries.failed(hostKey, pass.now);
      pass.failed(error, 'ARP table');
      return new Map();
    }
  }

  async #ask(
    pass: CollectorPass,
    record: DomainRecord,
    source: 'arp' | 'lease',
  ): Promise<ReadonlyMap<string, NicAddresses>> {
    try {
      const procedure = source === 'arp' ? domainArpAddresses : domainLeaseAddresses;
      const reply = await pass.libvirt.call(procedure, { domain: record.ref, flags: 0 });
      return addressesByMac(reply, source);
    } catch (error) {
      // A domain without an interface on a network of libvirt's has no leases to ask for.
      if (isOperationInvalid(error)) return new Map();
      throw error;
    }
  }
}

/** Stores the addresses of a run of a domain if they differ from those known. */
export function takeAddresses(
  record: DomainRecord,
  runtime: DomainRecord['runtime'],
  found: ReadonlyMap<string, NicAddresses>,
): void {
  const known = runtime.nicAddresses;
  const same =
    known?.size === found.size &&
    [...found].every(([mac, one]) => {
      const before = known.get(mac);
      return before?.text === one.text && before.source === one.source;
    });
  if (same) return;
  runtime.nicAddresses = found;
  record.touch();
}

/** Addresses with their prefix lengths by MAC address. Loopback and link-local addresses tell nothing. */
export function addressesByMac(
  interfaces: readonly InterfaceAddresses[],
  source: NicAddresses['source'],
): ReadonlyMap<string, NicAddresses> {
  const lists = new Map<string, string[]>();
  for (const { hwaddr, addresses } of interfaces) {
    const mac = hwaddr?.toLowerCase();
    if (mac === undefined || mac === '00:00:00:00:00:00') continue;
    const list = lists.get(mac) ?? [];
    for (const { address, prefix } of addresses) {
      // The ARP table knows no prefix lengths.
      const text = prefix === 0 ? address : `${address}/${prefix}`;
      if (!isLocal(address) && !list.includes(text) && list.length < maxAddresses) list.push(text);
    }
    lists.set(mac, list);
  }
  const found = new Map<string, NicAddresses>();
  for (const [mac, list] of lists) if (list.length > 0) found.set(mac, { text: list.join(' '), source });
  return found;
}

function isLocal(address: string): boolean {
  return address.startsWith('127.') || address === '::1' || /^fe[89ab]/i.test(address);
}
