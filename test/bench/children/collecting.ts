import { writeFile } from 'node:fs/promises';
import { Session } from 'node:inspector';
import { parseArgs } from 'node:util';
import { silentLogger } from '../../../src/log.ts';
import type { Snapshot } from '../../../src/model/snapshot.ts';
import type { BoundTree } from '../../../src/tree/bound-tree.ts';
import { production } from '../production.ts';

/*
 * tsx test/bench/children/collecting.ts --uri URI --refreshes 20: everything from libvirt's bytes to the prepared
 * view, without AgentX, refreshing again and again. Prints one JSON document: see CollectingReport.
 */

/** What the process prints. Lists have one entry a refresh, warm-up left out. */
export interface CollectingReport {
  readonly varbinds: number;
  /** From the inventory's call to the published snapshot, as lveRefreshDuration tells it. */
  readonly durationMs: readonly number[];
  /** CPU time of the whole process, all threads. */
  readonly cpuMs: readonly number[];
  /** Of it, from the first request for statistics on: receiving, decoding, model, snapshot, tree and image. */
  readonly statsCpuMs: readonly number[];
  /** Of it, tree and image: what stands between the snapshot and the first answer. */
  readonly imageMs: readonly number[];
  /** With --trees: the same for the same snapshot without an earlier tree and image. */
  readonly fromNothingMs: readonly number[];
  /** With --trees: the same when the row of one domain is another. */
  readonly oneChangedMs: readonly number[];
  readonly rssMib: readonly number[];
}

const { values } = parseArgs({
  options: {
    uri: { type: 'string', default: '' },
    refreshes: { type: 'string', default: '20' },
    'warm-up': { type: 'string', default: '50' },
    trees: { type: 'boolean', default: false },
    /** Where to write a CPU profile of the refreshes that count. */
    profile: { type: 'string' },
  },
});

const { keepHeapSmall } = await production<typeof import('../../../src/cli/heap.ts')>('cli/heap');
const { Collection } =
  await production<typeof import('../../../src/collect/collection.ts')>('collect/collection');
const { WarningBoard } = await production<typeof import('../../../src/collect/records/warning-board.ts')>(
  'collect/records/warning-board',
);
const { loadConfig } = await production<typeof import('../../../src/config/load.ts')>('config/load');
const { initialSnapshot } =
  await production<typeof import('../../../src/initial-snapshot.ts')>('initial-snapshot');
const { SnapshotStore } =
  await production<typeof import('../../../src/model/snapshot-store.ts')>('model/snapshot-store');
const { IndexStore } =
  await production<typeof import('../../../src/state/index-store.ts')>('state/index-store');
const { ServedMib } = await production<typeof import('../../../src/mib/served-mib.ts')>('mib/served-mib');
const { ImageWriter } =
  await production<typeof import('../../../src/image/image-writer.ts')>('image/image-writer');

const { StatsDecoder } = await production<typeof import('../../../src/collect/decode/stats-decoder.ts')>(
  'collect/decode/stats-decoder',
);
// oxlint-disable-next-line typescript/unbound-method -- it is called with its own `this` below
const { reply } = StatsDecoder.prototype;
let statsAskedAtMs: number | undefined;
StatsDecoder.prototype.reply = function (domains) {
  statsAskedAtMs ??= cpuNowMs();
  return reply.call(this, domains);
};

function cpuNowMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

keepHeapSmall();
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
const indexes = await IndexStore.load({ place: undefined, logger: silentLogger });
const mib = new ServedMib({ vmMib: true, root: config.mib.root });
const stopping = new AbortController();
const collection = new Collection({
  config,
  logger: silentLogger,
  store,
  indexes,
  warnings: new WarningBoard((rows) => store.update({ warnings: rows })),
  lastEventSeq: () => 0,
});

const wanted = Number(values.refreshes);
const durationMs: number[] = [];
const cpuMs: number[] = [];
const statsCpuMs: number[] = [];
const imageMs: number[] = [];
const fromNothingMs: number[] = [];
const oneChangedMs: number[] = [];
const rssMib: number[] = [];
let tree: BoundTree | undefined;
const images = new ImageWriter(mib.slots, () => undefined);
let sinceRefreshMs = 0;
let lastCpuMs = 0;
/** Refreshes still to be left out; counted down once every source has been read. */
let warmUp = Number(values['warm-up']);

const profiler = new Session();
profiler.connect();
const post = (method: string): Promise<unknown> =>
  new Promise((resolve, reject) => {
    profiler.post(method, (error, result) => (error === null ? resolve(result) : reject(error)));
  });

function timed(action: () => void): number {
  const fromMs = performance.now();
  action();
  return performance.now() - fromMs;
}

/** Whether every source in use has been read, the expensive ones that are read only once here included. */
function isComplete({ collectors, domains }: Snapshot): boolean {
  const hasRun = collectors.every(({ enabled, runs, id }) => !enabled || runs > 0 || id === 'events');
  return hasRun && domains.every(({ spec }) => spec !== undefined);
}

store.subscribe((snapshot, previous) => {
  sinceRefreshMs += timed(() => {
    tree = mib.buildTree(snapshot, tree);
    images.write(tree);
  });
  if (snapshot.agent.refreshCount === previous.agent.refreshCount) return;
  const cpu = process.cpuUsage();
  const nowMs = (cpu.user + cpu.system) / 1000;
  if (isComplete(snapshot)) warmUp -= 1;
  if (warmUp < 0) {
    durationMs.push(snapshot.agent.refreshDurationMs ?? 0);
    imageMs.push(sinceRefreshMs);
    cpuMs.push(nowMs - lastCpuMs);
    statsCpuMs.push(nowMs - (statsAskedAtMs ?? nowMs));
    rssMib.push(process.memoryUsage.rss() / 2 ** 20);
    if (values.trees && tree !== undefined) {
      fromNothingMs.push(
        timed(() => {
          new ImageWriter(mib.slots, () => undefined).write(mib.buildTree(snapshot));
        }),
      );
      // The same again, as after an event that changes one domain.
      const [first, ...others] = snapshot.domains;
      if (first !== undefined) {
        const changed = { ...snapshot, domains: [{ ...first }, ...others] };
        oneChangedMs.push(
          timed(() => {
            tree = mib.buildTree(changed, tree);
            images.write(tree);
          }),
        );
      }
    }
  } else if (warmUp === 0 && values.profile !== undefined) {
    void post('Profiler.enable').then(() => post('Profiler.start'));
  }
  const after = process.cpuUsage();
  lastCpuMs = (after.user + after.system) / 1000;
  sinceRefreshMs = 0;
  statsAskedAtMs = undefined;
  if (durationMs.length >= wanted) stopping.abort();
});
await collection.run(stopping.signal);
await indexes.close();
if (values.profile !== undefined) {
  const { profile } = (await post('Profiler.stop')) as { profile: unknown };
  await writeFile(values.profile, JSON.stringify(profile));
}

let varbinds = 0;
const context = { now: Date.now(), masterStartedAt: startedAt };
for (const column of tree?.columns ?? []) {
  for (let row = 0; row < column.rows.length; row++) {
    if (column.read(row, context) !== undefined) varbinds += 1;
  }
}
const report: CollectingReport = {
  varbinds,
  durationMs,
  cpuMs,
  statsCpuMs,
  imageMs,
  fromNothingMs,
  oneChangedMs,
  rssMib,
};
process.stdout.write(`${JSON.stringify(report)}\n`);
