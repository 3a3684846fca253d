import type { AgentxAddress } from '../agentx/address.ts';
import type { Capability, Region } from '../agentx/registration.ts';
import type { SubagentState } from '../agentx/subagent.ts';
import type { Image, ImageShape } from '../image/image.ts';
import type { OutgoingNotification } from '../tree/tree.ts';
import type { LogLine } from './thread-logger.ts';

/** What the two threads say to each other: plain data only. */

/** What the serving thread is told when it is started. */
export interface ServingOptions {
  readonly address: AgentxAddress;
  readonly description: string;
  readonly priority: number;
  /** Whether the main thread is told that the master asks this agent. */
  readonly tellsAsked: boolean;
}

/** What the images of one source are served as. */
export interface Scope {
  /** The SNMP contexts; the empty name is the default one. */
  readonly contexts: readonly string[];
  readonly regions: readonly Region[];
  /** Announced for the first of the contexts. */
  readonly capabilities: readonly Capability[];
  readonly shape: ImageShape;
  /** Names of objects that only the default context has. */
  readonly onlyInDefault: readonly string[];
}

export type ToServing =
  /** Serve one more source of images, which is called `scope` from now on. */
  | { readonly kind: 'scope'; readonly scope: number; readonly served: Scope }
  /** Serve it no longer. */
  | { readonly kind: 'endScope'; readonly scope: number }
  /** Serve this from now on. `switchesSeen` is the ticket of the last switch whose effect is in it. */
  | {
      readonly kind: 'image';
      readonly scope: number;
      readonly image: Image;
      readonly switchesSeen: number;
    }
  | { readonly kind: 'notify'; readonly id: number; readonly notification: OutgoingNotification }
  /** Is to be answered at once: the thread goes on. */
  | { readonly kind: 'ping' }
  | { readonly kind: 'stop' };

export type FromServing =
  /** The last image is served; nothing of the one before is used any more. */
  | { readonly kind: 'shown'; readonly scope: number }
  /** No image of it is used any more, and nothing of it is registered. */
  | { readonly kind: 'scopeEnded'; readonly scope: number }
  | { readonly kind: 'state'; readonly state: SubagentState }
  | { readonly kind: 'pong' }
  /** The master has asked for values since this was said last. */
  | { readonly kind: 'asked' }
  /** How a notification fared; without a failure the master has taken it. */
  | { readonly kind: 'notified'; readonly id: number; readonly failure?: NotifyFailure }
  /** A switch was set; tickets ascend. */
  | {
      readonly kind: 'switch';
      readonly scope: number;
      readonly name: string;
      readonly value: boolean;
      readonly ticket: number;
    }
  | LogLine;

/** Why a notification was not taken; `refused` is for good, the others may be tried again. */
export type NotifyFailure =
  | { readonly kind: 'refused'; readonly what: string; readonly resError: number }
  | { readonly kind: 'lost' | 'unsent'; readonly message: string }
  | { readonly kind: 'other'; readonly message: string };
