import type { DiskDefinition, NicDefinition } from '../../definition/domain-definition.ts';

/** What a disk is known by. */
export interface DiskIdentity {
  /** Its number, bound to the target. */
  readonly index: number;
  readonly target: string;
  readonly definition: DiskDefinition | undefined;
}

/** What an interface is known by. */
export interface NicIdentity {
  /** Its number, bound to the MAC address. */
  readonly index: number;
  readonly definition: NicDefinition;
}
