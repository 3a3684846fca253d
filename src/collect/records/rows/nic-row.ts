import type { Nic, NicAddresses, NicFacts, NicLimits, NicLinks } from '../../../model/nic.ts';
import { noFigures } from '../../decode/figures.ts';
import { NetSample } from '../../decode/samples/net-sample.ts';
import type { DomainRecord } from '../domain-record.ts';

const noLinks: NicLinks = { ifIndex: 0, parentIfIndex: 0 };

/** An interface of the definition, with the statistics of its host device. */
export class NicRow extends NetSample implements Nic {
  readonly facts: NicFacts;
  readonly links: NicLinks;
  readonly limits: NicLimits | undefined;
  readonly addresses: NicAddresses | undefined;

  constructor(facts: NicFacts, sample: NetSample | undefined, { runtime, nicLimits }: DomainRecord) {
    super(sample?.number ?? -1, sample?.figures ?? noFigures, sample?.base ?? 0);
    this.facts = facts;
    this.links = runtime.nicLinks?.get(facts.mac) ?? noLinks;
    this.limits = nicLimits?.get(facts.mac);
    this.addresses = runtime.nicAddresses?.get(facts.mac);
  }
}
