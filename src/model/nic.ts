import type { Count } from './scalar-types.ts';

/** One network interface of a domain. Directions are those of the guest. */
export interface Nic {
  /** vmNetworkIndex; bound to the MAC address. */
  readonly index: number;
  /** Lower case with colons. */
  readonly mac: string;
  /** Host device, vnet0; undefined for interfaces without one. */
  readonly target: string | undefined;
  readonly type: string | undefined;
  readonly source: string | undefined;
  readonly model: string | undefined;
  readonly alias: string | undefined;
  readonly portId: string | undefined;
  readonly mtuBytes: number | undefined;
  readonly link: 'unknown' | 'up' | 'down' | undefined;
  /** ifIndex of the host device (vmNetworkIfIndex); 0 if there is none. */
  readonly ifIndex: number;
  /** ifIndex of its bridge or lower device (vmNetworkParent); 0 if there is none. */
  readonly parentIfIndex: number;
  readonly rxBytes: Count | undefined;
  readonly rxPackets: Count | undefined;
  readonly rxErrors: Count | undefined;
  readonly rxDrops: Count | undefined;
  readonly txBytes: Count | undefined;
  readonly txPackets: Count | undefined;
  readonly txErrors: Count | undefined;
  readonly txDrops: Count | undefined;
  /** Bytes per second. */
  readonly inAverageBytes: Count | undefined;
  readonly outAverageBytes: Count | undefined;
  /** `192.0.2.7/24 2001:db8::7/64` */
  readonly addresses: string | undefined;
  readonly addressSource: 'lease' | 'agent' | 'arp' | undefined;
}
