import type { SubagentState } from '../agentx/subagent.ts';
import type { OutgoingNotification } from '../tree/tree.ts';

/** Notifications without an answer; more of them that snmpd does not read can block it. The one bound there is. */
export const maxUnderWay = 16;

/** The way to the master. */
export interface NotificationMaster {
  readonly state: SubagentState;
  /** Whether the master has asked this agent lately, and not another one with a better priority. */
  readonly isAsked: boolean;
  /** Tells of each change of the state. Returns what ends that. */
  onStateChange(listener: (state: SubagentState) => void): () => void;
  /**
   * Sends one notification and resolves when the master has taken it, however late.
   *
   * @throws NotSentError when there was no session, ConnectionLostError when it ended; AgentxError.
   */
  notify(notification: OutgoingNotification): Promise<void>;
}
