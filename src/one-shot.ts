import { Collection } from './collect/collection.ts';
import { WarningBoard } from './collect/records/warning-board.ts';
import type { Config } from './config/config.ts';
import { initialSnapshot } from './initial-snapshot.ts';
import { type Logger, silentLogger } from './log.ts';
import type { Snapshot } from './model/snapshot.ts';
import { SnapshotStore } from './model/snapshot-store.ts';
import { systemClock } from './run/clock.ts';
import { IndexStore } from './state/index-store.ts';

export interface OneShotOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly version: string;
  readonly signal: AbortSignal;
}

/**
 * Connects to libvirt, collects everything once and returns the snapshot: what `dump` prints and `check`
 * looks at. Nothing is saved: the state directory may belong to a running agent.
 *
 * @throws ConnectionFailedError, ConnectionLostError, LibvirtError
 */
export async function collectOnce(options: OneShotOptions): Promise<Snapshot> {
  const { logger, version, signal } = options;
  // Nobody asks over HTTP, so that nothing is kept for that.
  const config: Config = { ...options.config, http: { ...options.config.http, specs: false } };
  const startedAt = systemClock.now();
  const store = new SnapshotStore(initialSnapshot(config, version, startedAt), systemClock.now);
  const indexes = await IndexStore.load({ place: undefined, logger: silentLogger });
  const collection = new Collection({
    config,
    logger,
    store,
    indexes,
    warnings: new WarningBoard((rows) => store.update({ warnings: rows })),
    lastEventSeq: () => 0,
  });
  await collection.once(signal);
  await indexes.close();
  return store.current;
}
