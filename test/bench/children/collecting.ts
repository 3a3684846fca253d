import { parseArgs } from 'node:util';
import { silentLogger } from '../../../src/log.ts';
import type { MibTree } from '../../../src/mib/tree.ts';
import type { Snapshot } from '../../../src/model/snapshot.ts';
import { production } from '../production.ts';

/*
 * tsx test/bench/children/collecting.ts --uri URI --refreshes 20 [--pause MS]: everything from libvirt's bytes to the
 * prepared view, without AgentX, refreshing again and again. Prints one JSON document: see CollectingReport.
 */

/** What the process prints. Lists have one entry a refresh, warm-up left out. */
export interface CollectingReport {
  readonly varbinds: number;
  /** From the inventory's call to the published snapshot, as lveRefreshDuration tells it. */
  readonly durationMs: readonly number[];
  /** CPU time of the whole process, all threads. */
  readonly cpuMs: readonly number[];
  /** Of it, tree and view: buildTree and TreeView. */
  readonly treeMs: readonly number[];
  /** A full build beside it: no previous tree. */
  readonly fullTreeMs: readonly number[];
  /** Tree and view of a snapshot in which no table changed. */
  readonly sameTreeMs: readonly number[];
  readonly rssMib: readonly number[];
}

const { values } = parseArgs({
  options: {
    uri: { type: 'string', default: '' },
    refreshes: { type: 'string', default: '20' },
    'warm-up': { type: 'string', default: '10' },
    /** Takes the time of full builds and unchanged trees too, which the CPU figures then contain. */
    trees: { type: 'boolean', default: false },
  },
});

const { Collection } =
  await production<typeof import('../../../src/collect/collection.ts')>('collect/collection');
const { WarningBoard } = await production<typeof import('../../../src/collect/records/warning-board.ts')>(
  'collect/records/warning-board',
);
const { loadConfig } = await production<typeof import('../../../src/config/load.ts')>('config/load');
const { initialSnapshot } =
  await production<typeof import('../../../src/initial-snapshot.ts')>('initial-snapshot');
const { SnapshotStore } =
  await production<typeof import('../../../src/publish/snapshot-store.ts')>('publish/snapshot-store');
const { IndexStore } =
  await production<typeof import('../../../src/state/index-store.ts')>('state/index-store');
const { ServedMib } = await production<typeof import('../../../src/mib/served-mib.ts')>('mib/served-mib');
const { TreeView } = await production<typeof import('../../../src/agentx/view.ts')>('agentx/view');

const rareKeys = ['inventory', 'pinning', 'disk_errors', 'jobs', 'guest_agent', 'snapshots', 'tuning'];
const flags = [
  ['libvirt.uri', values.uri],
  ...[...rareKeys, 'pools', 'networks', 'host'].map((key) => [`intervals.${key}`, '86400']),
].map(([key = '', text = '']) => ({ key, option: key, text }));
const loaded = (await loadConfig({ file: undefined, env: {}, flags })).config;
// Shorter than the schema allows: the next refresh follows at once.
const config = { ...loaded, collect: { ...loaded.collect, interval: 0.001 } };

const startedAt = Date.now();
const store = new SnapshotStore(initialSnapshot(config, 'bench', startedAt));
const indexes = await IndexStore.load({ directory: undefined, logger: silentLogger });
const mib = new ServedMib({ vmMib: true, root: config.mib.root });
const stopping = new AbortController();
const collection = new Collection({
  config,
  logger: silentLogger,
  store,
  indexes,
  warnings: new WarningBoard((rows) => store.update({ warnings: rows })),
  startedAt,
  lastEventSeq: () => 0,
  onEvent: () => undefined,
  onConnection: () => undefined,
});

const wanted = Number(values.refreshes);
const warmUp = Number(values['warm-up']);
const durationMs: number[] = [];
const cpuMs: number[] = [];
const treeMs: number[] = [];
const fullTreeMs: number[] = [];
const sameTreeMs: number[] = [];
const rssMib: number[] = [];
let tree: MibTree | undefined;
let sinceRefreshMs = 0;
let lastCpuMs = 0;

const present = (snapshot: Snapshot, previous: MibTree | undefined): { tree: MibTree; ms: number } => {
  const fromMs = performance.now();
  const built = mib.buildTree(snapshot, previous);
  new TreeView(built, () => undefined);
  return { tree: built, ms: performance.now() - fromMs };
};

store.subscribe((snapshot, previous) => {
  const presented = present(snapshot, tree);
  tree = presented.tree;
  sinceRefreshMs += presented.ms;
  if (snapshot.agent.refreshCount === previous.agent.refreshCount) return;
  if (values.trees) {
    fullTreeMs.push(present(snapshot, undefined).ms);
    sameTreeMs.push(present(snapshot, tree).ms);
  }
  const cpu = process.cpuUsage();
  const nowMs = (cpu.user + cpu.system) / 1000;
  durationMs.push(snapshot.agent.refreshDurationMs ?? 0);
  treeMs.push(sinceRefreshMs);
  cpuMs.push(nowMs - lastCpuMs);
  lastCpuMs = nowMs;
  sinceRefreshMs = 0;
  rssMib.push(process.memoryUsage.rss() / 2 ** 20);
  if (snapshot.agent.refreshCount >= wanted + warmUp) stopping.abort();
});
await collection.run(stopping.signal);
await indexes.close();

let varbinds = 0;
const context = { snapshot: store.current, now: Date.now(), masterStartedAt: startedAt };
for (const column of tree?.columns ?? []) {
  for (let row = 0; row < column.rows.length; row++) {
    if (column.read(row, context) !== undefined) varbinds += 1;
  }
}
const report: CollectingReport = {
  varbinds,
  durationMs: durationMs.slice(warmUp),
  cpuMs: cpuMs.slice(warmUp),
  treeMs: treeMs.slice(warmUp),
  fullTreeMs: fullTreeMs.slice(warmUp),
  sameTreeMs: sameTreeMs.slice(warmUp),
  rssMib: rssMib.slice(warmUp),
};
process.stdout.write(`${JSON.stringify(report)}\n`);
