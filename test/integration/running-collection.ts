import { Collection } from '../../src/collect/collection.ts';
import { WarningBoard } from '../../src/collect/records/warning-board.ts';
import { loadConfig } from '../../src/config/load.ts';
import { initialSnapshot } from '../../src/initial-snapshot.ts';
import { silentLogger } from '../../src/log.ts';
import type { Domain } from '../../src/model/domain.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import { type SnapshotListener, SnapshotStore } from '../../src/model/snapshot-store.ts';
import { IndexStore } from '../../src/state/index-store.ts';
import { waitUntil } from '../lab/wait.ts';

/** The agent's collectors at work on a real libvirtd, without AgentX. */
export interface RunningCollection {
  readonly snapshot: Snapshot;
  /** Calls back with every snapshot. */
  subscribe(listener: SnapshotListener): void;
  /** Waits until a domain's row satisfies the condition, and returns it. */
  domain(name: string, what: string, condition: (domain: Domain) => boolean): Promise<Domain>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** What matters of a row that is not as expected: sources in trouble, and the row without its long lists. */
function describe(domain: Domain | undefined, collectors: Snapshot['collectors']): string {
  const troubled = collectors.filter((one) => one.lastError !== '');
  const row = { ...domain, stats: [], xmlChunks: [], spec: undefined, disks: [], nova: undefined };
  return JSON.stringify({ troubled, row }, (_key, value) => (typeof value === 'bigint' ? `${value}` : value));
}

/** @param flags - values by setting key, as on the command line. */
export async function runCollection(
  uri: string,
  flags: Readonly<Record<string, string>>,
): Promise<RunningCollection> {
  const given = Object.entries({ 'libvirt.uri': uri, ...flags });
  const { config } = await loadConfig({
    file: undefined,
    env: {},
    flags: given.map(([key, text]) => ({ key, option: key, text })),
  });
  const startedAt = Date.now();
  const store = new SnapshotStore(initialSnapshot(config, '0', startedAt));
  const indexes = await IndexStore.load({ place: undefined, logger: silentLogger });
  const collection = new Collection({
    config,
    logger: silentLogger,
    store,
    indexes,
    warnings: new WarningBoard((rows) => store.update({ warnings: rows })),
    lastEventSeq: () => 0,
  });
  const controller = new AbortController();
  const running = collection.run(controller.signal);
  return {
    get snapshot() {
      return store.current;
    },
    subscribe(listener) {
      store.subscribe(listener);
    },
    domain: (name, what, condition) => {
      const find = (): Domain | undefined => store.current.domains.find(({ facts }) => facts.name === name);
      return waitUntil(
        () => {
          const domain = find();
          return Promise.resolve(domain !== undefined && condition(domain) ? domain : undefined);
        },
        {
          what: `${what} of ${name}`,
          timeoutMs: 60_000,
          intervalMs: 50,
          context: () => describe(find(), store.current.collectors),
        },
      );
    },
    async [Symbol.asyncDispose]() {
      controller.abort();
      await running;
      await indexes.close();
    },
  };
}
