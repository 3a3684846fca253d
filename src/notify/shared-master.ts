import type { SubagentState } from '../agentx/subagent.ts';
import { Places } from '../run/places.ts';
import type { OutgoingNotification } from '../tree/tree.ts';
import { maxUnderWay, type NotificationMaster } from './notification-master.ts';

/**
 * One master for the queues of several hypervisors: together they have no more notifications under way than one would, and
 * take turns, so that a storm at one of them holds none of the others up for longer than its first few.
 */
export class SharedMaster implements NotificationMaster {
  readonly #master: NotificationMaster;
  readonly #places = new Places(maxUnderWay);

  constructor(master: NotificationMaster) {
    this.#master = master;
  }

  get state(): SubagentState {
    return this.#master.state;
  }

  get isAsked(): boolean {
    return this.#master.isAsked;
  }

  onStateChange(listener: (state: SubagentState) => void): () => void {
    return this.#master.onStateChange(listener);
  }

  async notify(notification: OutgoingNotification): Promise<void> {
    const turn = this.#places.enter();
    if (turn !== undefined) await turn;
    try {
      await this.#master.notify(notification);
    } finally {
      this.#places.leave();
    }
  }
}
