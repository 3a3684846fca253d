import type { Count } from './scalar-types.ts';

/** Who an interface is and what the definition says of it: the same object until that changes. */
export interface NicFacts {
  /** vmNetworkIndex; bound to the MAC address. */
  readonly index: number;
  /** Lower case with colons. */
  readonly mac: string;
  /** Host device, vnet0; active definitions only, as a rule. */
  readonly target: string | undefined;
  readonly type: string | undefined;
  /** Bridge, network, device, socket or address it is connected to. */
  readonly source: string | undefined;
  readonly model: string | undefined;
  readonly alias: string | undefined;
  /** interfaceid of an Open vSwitch port. */
  readonly portId: string | undefined;
  readonly mtuBytes: number | undefined;
  readonly link: 'unknown' | 'up' | 'down' | undefined;
}

/** What an interface is attached to on the host; 0 where there is none, as VM-MIB has it. */
export interface NicLinks {
  /** ifIndex of the host device (vmNetworkIfIndex). */
  readonly ifIndex: number;
  /** ifIndex of its bridge or lower device (vmNetworkParent). */
  readonly parentIfIndex: number;
}

/** Limits of an interface (virDomainGetInterfaceParameters) in bytes per second. */
export interface NicLimits {
  readonly inAverageBytes: number | undefined;
  readonly outAverageBytes: number | undefined;
}

/** virDomainInterfaceAddresses of one interface. */
export interface NicAddresses {
  /** `192.0.2.7/24 2001:db8::7/64` */
  readonly text: string;
  readonly source: 'lease' | 'agent' | 'arp';
}

/** One network interface of a domain. Directions are those of the guest. */
export interface Nic {
  readonly facts: NicFacts;
  readonly links: NicLinks;
  readonly limits: NicLimits | undefined;
  readonly addresses: NicAddresses | undefined;
  readonly rxBytes: Count | undefined;
  readonly rxPackets: Count | undefined;
  readonly rxErrors: Count | undefined;
  readonly rxDrops: Count | undefined;
  readonly txBytes: Count | undefined;
  readonly txPackets: Count | undefined;
  readonly txErrors: Count | undefined;
  readonly txDrops: Count | undefined;
}
