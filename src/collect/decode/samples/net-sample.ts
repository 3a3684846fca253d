import type { Count } from '../../../model/scalar-types.ts';
import { NumberedFigures, slots } from '../figures.ts';

export const netSlots = slots(
  'name',
  'rxBytes',
  'rxPackets',
  'rxErrors',
  'rxDrops',
  'txBytes',
  'txPackets',
  'txErrors',
  'txDrops',
);

/** The parameters `net.N.` */
export class NetSample extends NumberedFigures {
  /** Host device: vnet0. */
  get name(): string | undefined {
    return this.text(netSlots.name);
  }

  get rxBytes(): Count | undefined {
    return this.count(netSlots.rxBytes);
  }

  get rxPackets(): Count | undefined {
    return this.count(netSlots.rxPackets);
  }

  get rxErrors(): Count | undefined {
    return this.count(netSlots.rxErrors);
  }

  get rxDrops(): Count | undefined {
    return this.count(netSlots.rxDrops);
  }

  get txBytes(): Count | undefined {
    return this.count(netSlots.txBytes);
  }

  get txPackets(): Count | undefined {
    return this.count(netSlots.txPackets);
  }

  get txErrors(): Count | undefined {
    return this.count(netSlots.txErrors);
  }

  get txDrops(): Count | undefined {
    return this.count(netSlots.txDrops);
  }
}
