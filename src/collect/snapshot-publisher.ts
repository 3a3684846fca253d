import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Agent } from '../model/agent.ts';
import type { Domain } from '../model/domain.ts';
import type { SnapshotStore } from '../model/snapshot-store.ts';
import type { CollectorBoard } from './collector-board.ts';
import { type BuildContext, buildDomain } from './records/domain-builder.ts';
import type { DomainTable } from './records/domain-table.ts';
import { HostBuilder } from './records/host-builder.ts';
import type { HostRecord } from './records/host-record.ts';
import type { InfrastructureRecord } from './records/infrastructure-record.ts';

/** Longest time in milliseconds that rows are built without letting requests through. */
const sliceMs = 4;

export interface PublisherParts {
  readonly store: SnapshotStore;
  readonly domains: DomainTable;
  readonly host: HostRecord;
  readonly infrastructure: InfrastructureRecord;
  readonly board: CollectorBoard;
  readonly context: BuildContext;
}

/** Turns the working records into a snapshot. Rows are built in slices; the swap itself is one step. */
export class SnapshotPublisher {
  readonly #parts: PublisherParts;
  readonly #host: HostBuilder;
  #running: Promise<void> | undefined;
  #again = false;
  /** Parts of the agent's own row to publish along with the next snapshot. */
  #agent: Partial<Agent> = {};

  constructor(parts: PublisherParts) {
    this.#parts = parts;
    this.#host = new HostBuilder(parts.host);
  }

  /** Parts of the agent's own row that become visible with the next snapshot. */
  note(agent: Partial<Agent>): void {
    this.#agent = { ...this.#agent, ...agent };
  }

  /**
   * Publishes what the records hold now. A call while another is under way leads to one more publication
   * after it; the promise resolves when the state at the time of the call is visible.
   */
  async publish(agent: Partial<Agent> = {}): Promise<void> {
    this.note(agent);
    if (this.#running === undefined) {
      this.#running = this.#publishUntilCurrent().finally(() => {
        this.#running = undefined;
      });
    } else {
      this.#again = true;
    }
    await this.#running;
  }

  async #publishUntilCurrent(): Promise<void> {
    do {
      this.#again = false;
      await this.#publish();
    } while (this.#again);
  }

  async #publish(): Promise<void> {
    const { store, domains, infrastructure, board, context } = this.#parts;
    const records = domains.all;
    let sliceEnd = performance.now() + sliceMs;
    for (const record of records) {
      if (record.built !== undefined) continue;
      buildDomain(record, context);
      if (performance.now() < sliceEnd) continue;
      await nextTurn();
      sliceEnd = performance.now() + sliceMs;
    }
    // Records touched while the loop yielded are few; building them here keeps the swap in one step.
    const now = domains.all;
    const rows: Domain[] = [];
    for (const record of now) rows.push(buildDomain(record, context));
    const previous = store.current;
    const agent = { ...previous.agent, ...this.#agent, domainsChangedAt: domains.changedAt };
    this.#agent = {};
    store.update({
      agent,
      domains: sameItems(previous.domains, rows) ? previous.domains : rows,
      host: this.#host.build(rows, now),
      pools: infrastructure.pools,
      networks: infrastructure.networks,
      collectors: board.rows,
    });
  }
}

function sameItems<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
