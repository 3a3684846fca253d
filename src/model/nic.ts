import type { FigureReader } from './figure-reader.ts';
import type { EpochMs } from './scalar-types.ts';

/** Who an interface is and what the definition says of it: the same object until that changes. */
export interface NicFacts {
  /** vmNetworkIndex; bound to the key. */
  readonly index: number;
  /** The MAC address, followed by an ordinal where another interface of the domain has the same: `52:54:00:00:00:01#2`. */
  readonly key: string;
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
  /** Last discontinuity of its counters alone; those of the domain apply as well. */
  readonly discontinuityAt: EpochMs | undefined;
}

/**
 * An interface that is known: its key, and what it was last told by. libvirt demands no unique MAC address (the two
 * halves of a teaming pair must share one), and nothing else of an interface is both unique and lasting.
 */
export interface KnownNic {
  readonly key: string;
  readonly mac: string;
  /** What tells it from others with the same MAC address, the best first. */
  readonly marks: readonly string[];
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
  /** When the source last had one of them: the ARP table forgets addresses that are still in use. */
  readonly seenAt: EpochMs;
}

/** One network interface of a domain, with the parameters `net.N.` of its host device. Directions are the guest's. */
export type Nic = Readonly<ReturnType<typeof nicRow>>;

const counter = { counter: true } as const;

export function nicRow(
  read: FigureReader,
  facts: NicFacts,
  links: NicLinks,
  limits: NicLimits | undefined,
  addresses: NicAddresses | undefined,
) {
  return {
    facts,
    links,
    limits,
    addresses,
    rxBytes: read.count('rx.bytes', counter),
    rxPackets: read.count('rx.pkts', counter),
    rxErrors: read.count('rx.errs', counter),
    rxDrops: read.count('rx.drop', counter),
    txBytes: read.count('tx.bytes', counter),
    txPackets: read.count('tx.pkts', counter),
    txErrors: read.count('tx.errs', counter),
    txDrops: read.count('tx.drop', counter),
  };
}
