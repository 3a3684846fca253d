import type { NicDefinition } from '../../../definition/domain-definition.ts';
import type { Nic } from '../../../model/nic.ts';
import type { Count } from '../../../model/scalar-types.ts';
import type { NetSample } from '../../decode/samples/net-sample.ts';
import type { NicIdentity } from '../device-identity.ts';
import type { DomainRecord, NicAddresses, NicLimits, NicLinks } from '../domain-record.ts';

/** An interface of the definition, with the statistics of its host device. */
export class NicRow implements Nic {
  readonly index: number;
  readonly #definition: NicDefinition;
  readonly #sample: NetSample | undefined;
  readonly #addresses: NicAddresses | undefined;
  readonly #links: NicLinks | undefined;
  readonly #limits: NicLimits | undefined;

  constructor({ index, definition }: NicIdentity, sample: NetSample | undefined, record: DomainRecord) {
    const { nicAddresses, nicLinks } = record.runtime;
    this.index = index;
    this.#definition = definition;
    this.#sample = sample;
    this.#addresses = nicAddresses?.get(definition.mac);
    this.#links = nicLinks?.get(definition.mac);
    this.#limits = record.nicLimits?.get(definition.mac);
  }

  get mac(): string {
    return this.#definition.mac;
  }

  get target(): string | undefined {
    return this.#definition.target;
  }

  get type(): string | undefined {
    return this.#definition.type;
  }

  get source(): string | undefined {
    return this.#definition.source;
  }

  get model(): string | undefined {
    return this.#definition.model;
  }

  get alias(): string | undefined {
    return this.#definition.alias;
  }

  get portId(): string | undefined {
    return this.#definition.portId;
  }

  get mtuBytes(): number | undefined {
    return this.#definition.mtuBytes;
  }

  get link(): Nic['link'] {
    return this.#definition.link;
  }

  get ifIndex(): number {
    return this.#links?.ifIndex ?? 0;
  }

  get parentIfIndex(): number {
    return this.#links?.parentIfIndex ?? 0;
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

  get inAverageBytes(): Count | undefined {
    return this.#limits?.inAverageBytes;
  }

  get outAverageBytes(): Count | undefined {
    return this.#limits?.outAverageBytes;
  }

  get addresses(): string | undefined {
    return this.#addresses?.text;
  }

  get addressSource(): Nic['addressSource'] {
    return this.#addresses?.source;
  }
}
