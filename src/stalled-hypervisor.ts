import type { HypervisorConfig } from './config/hypervisor-configs.ts';
import { errorText } from './errors.ts';
import { initialSnapshot } from './initial-snapshot.ts';
import type { EpochMs } from './model/scalar-types.ts';
import { SnapshotStore } from './model/snapshot-store.ts';
import type { Outlet } from './outlet.ts';
import { systemClock } from './run/clock.ts';
import { StateDirectoryError } from './state/state-directory-error.ts';

/** One that could not start is tried again after this, in milliseconds. */
const retryMs = 30_000;

export interface StalledOptions {
  readonly hypervisor: HypervisorConfig;
  readonly outlet: Outlet;
  readonly version: string;
  /** When the agent was started. */
  readonly startedAt: EpochMs;
  /** Why it could not be started. */
  readonly error: unknown;
  /** Called when the next attempt may succeed, once. */
  readonly onDue: () => void;
}

/**
 * Stands for one of several hypervisors that could not be started: shows why, and nothing else, until it can. The others
 * go on.
 */
export class StalledHypervisor {
  readonly hypervisor: HypervisorConfig;
  readonly outlet: Outlet;
  readonly store: SnapshotStore;
  readonly error: unknown;
  readonly #end: () => void;

  constructor({ hypervisor, outlet, version, startedAt, error, onDue }: StalledOptions) {
    this.hypervisor = hypervisor;
    this.outlet = outlet;
    this.error = error;
    const initial = initialSnapshot(hypervisor.config, version, startedAt);
    const text = errorText(error);
    const connSince = systemClock.now();
    this.store = new SnapshotStore(
      {
        ...initial,
        agent: { ...initial.agent, connState: 'disconnected', connSince, connLastError: text },
        warnings: [
          { index: 1, code: 'other', text: `This hypervisor is not started: ${text}.`, since: connSince },
        ],
      },
      systemClock.now,
    );
    const trees = outlet.feed();
    const unsubscribe = this.store.subscribe((snapshot) => trees.push(snapshot));
    trees.push(this.store.current);
    let isOver = false;
    const due = (): void => {
      if (!isOver) onDue();
    };
    // A file system that is silent would keep one more thread with each attempt.
    const answered = error instanceof StateDirectoryError ? error.answered : undefined;
    const timer = answered === undefined ? setTimeout(due, retryMs) : undefined;
    timer?.unref();
    void answered?.then(due);
    this.#end = () => {
      isOver = true;
      clearTimeout(timer);
      unsubscribe();
      trees.close();
    };
  }

  close(): void {
    this.#end();
  }
}
