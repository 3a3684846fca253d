import type { Nic, NicAddresses, NicFacts, NicLimits, NicLinks } from '../../../model/nic.ts';
import type { Count } from '../../../model/scalar-types.ts';
import type { NetSample } from '../../decode/samples/net-sample.ts';
import type { DomainRecord } from '../domain-record.ts';

const noLinks: NicLinks = { ifIndex: 0, parentIfIndex: 0 };

/** An interface of the definition, with the statistics of its host device. */
export class NicRow implements Nic {
  readonly facts: NicFacts;
  readonly links: NicLinks;
  readonly limits: NicLimits | undefined;
  readonly addresses: NicAddresses | undefined;
  readonly #sample: NetSample | undefined;

  constructor(facts: NicFacts, sample: NetSample | undefined, { runtime, nicLimits }: DomainRecord) {
    this.facts = facts;
    this.links = runtime.nicLinks?.get(facts.mac) ?? noLinks;
    this.limits = nicLimits?.get(facts.mac);
    this.addresses = runtime.nicAddresses?.get(facts.mac);
    this.#sample = sample;
  }

  get rxBytes(): Count | undefined {
    return this.#sample?.rxBytes;
  }

  get rxPackets(): Count | undefined {
    return this.#sample?.rxPackets;
  }

  get rxErrors(): Count | undefined {
    return this.#sample?.rxErrors;
  }

  get rxDrops(): Count | undefined {
    return this.#sample?.rxDrops;
  }

  get txBytes(): Count | undefined {
    return this.#sample?.txBytes;
  }

  get txPackets(): Count | undefined {
    return this.#sample?.txPackets;
  }

  get txErrors(): Count | undefined {
    return this.#sample?.txErrors;
  }

  get txDrops(): Count | undefined {
    return this.#sample?.txDrops;
  }
}
