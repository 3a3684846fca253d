import type { AgentxAddress } from '../agentx/address.ts';
import type { Capability, Region } from '../agentx/registration.ts';
import type { SubagentState } from '../agentx/subagent.ts';
import type { Image, ImageShape } from '../image/image.ts';
import type { OutgoingNotification } from '../tree/tree.ts';
import type { LogLine } from './thread-logger.ts';

/** What the two threads say to each other: plain data only. */

/** What the serving thread is told when it is started. */
export interface ServingOptions {
  readonly shape: ImageShape;
  readonly address: AgentxAddress;
  readonly description: string;
  readonly regions: readonly Region[];
  readonly capabilities: readonly Capability[];
  readonly contexts: readonly string[];
  readonly priority: number;
  /** Whether the main thread is told that the master asks this agent. */
  readonly tellsAsked: boolean;
}

export type ToServing =
  /** Serve this from now on. `switchesSeen` is the ticket of the last switch whose effect is in it. */
  | { readonly kind: 'image'; readonly image: Image; readonly switchesSeen: number }
  | { readonly kind: 'notify'; readonly id: number; readonly notification: OutgoingNotification }
  | { readonly kind: 'stop' };

export type FromServing =
  /** The last image is served; nothing of the one before is used any more. */
  | { readonly kind: 'shown' }
  | { readonly kind: 'state'; readonly state: SubagentState }
  /** The master has asked for values since this was said last. */
  | { readonly kind: 'asked' }
  /** How a notification fared; without a failure the master has taken it. */
  | { readonly kind: 'notified'; readonly id: number; readonly failure?: NotifyFailure }
  /** A switch was set; tickets ascend. */
  | { readonly kind: 'switch'; readonly name: string; readonly value: boolean; readonly ticket: number }
  | LogLine;

/** Why a notification was not taken; `refused` is for good, the others may be tried again. */
export type NotifyFailure =
  | { readonly kind: 'refused'; readonly what: string; readonly resError: number }
  | { readonly kind: 'lost'; readonly message: string }
  | { readonly kind: 'other'; readonly message: string };
