import type { EventKind } from '../model/event.ts';
import type { Job } from '../model/job.ts';
import type { Pool } from '../model/pool.ts';
import type { Count } from '../model/scalar-types.ts';
import type { Lifecycle } from './lifecycle.ts';

/** What a libvirt event is about. */
export interface EventSubject {
  readonly type: 'domain' | 'pool' | 'network';
  readonly name: string;
  /** Lower-case text form. */
  readonly uuid: string;
}

/** What follows from a libvirt event beyond its entry in the log. */
export type EventEffect =
  | { readonly type: 'lifecycle'; readonly lifecycle: Lifecycle }
  | { readonly type: 'agent'; readonly state: 'connected' | 'disconnected' }
  | {
      readonly type: 'job';
      readonly operation: NonNullable<Job['operation']>;
      readonly success: boolean | undefined;
      readonly elapsedMs: Count | undefined;
      readonly errorText: string;
    }
  | {
      readonly type: 'blockThreshold';
      readonly target: string;
      readonly source: string;
      readonly thresholdBytes: Count;
      readonly excessBytes: Count;
    }
  | { readonly type: 'poolState'; readonly state: Pool['state'] };

/** A libvirt event in the terms of the event log. */
export interface EventDescription {
  readonly kind: EventKind;
  readonly detail: number;
  /** `started/migrated` */
  readonly name: string;
  readonly text: string;
  /** Undefined if the event is about the connection or nothing in particular. */
  readonly subject: EventSubject | undefined;
  readonly effect: EventEffect | undefined;
}
