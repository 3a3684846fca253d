import type { Agent } from './agent.ts';
import type { Domain } from './domain.ts';
import type { LoggedEvent } from './event.ts';
import type { Host } from './host.ts';

/** One hypervisor of an agent that serves several, by the latest of its own snapshots. */
export interface HypervisorStatus {
  /** Also that of its SNMP context. */
  readonly name: string;
  /** Whether it is served in the default context as well. */
  readonly isDefault: boolean;
  readonly agent: Agent;
  readonly host: Host;
  readonly domains: readonly Domain[];
  /** How many rows its lveWarningTable has. */
  readonly conditions: number;
}

/** An entry of the event log of one of them. */
export interface FleetEvent {
  readonly hypervisor: string;
  readonly event: LoggedEvent;
}

/** What there is to say of all hypervisors together. */
export interface Fleet {
  readonly hypervisors: readonly HypervisorStatus[];
  /** The latest, oldest first. */
  readonly events: readonly FleetEvent[];
}

/** Of an agent with one connection that has no name, and of every hypervisor but the default one. */
export const noFleet: Fleet = { hypervisors: [], events: [] };
