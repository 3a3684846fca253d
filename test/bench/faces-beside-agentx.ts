import { definitions } from '../../src/mib/definitions.ts';
import { modules } from '../../src/mib/objects.gen.ts';
import type { ConfigSection } from '../lab/agent.ts';
import { repositoryPath } from '../lab/mib-path.ts';
import { type RunningProcess, startProcess } from '../lab/process.ts';
import { type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { delay, waitUntil } from '../lab/wait.ts';
import { startQuietAgent } from './agent-rig.ts';
import { startFacesAgent } from './faces-agent.ts';
import { startFleet } from './fleet.ts';
import { type LoopProbe, makeLoopProbe } from './loop-probe.ts';
import { atLeast, atMost, type BenchContext, compared, type Figure, measured } from './measurement.ts';
import { favour, mainThreadCpuMs, pin, prioritize, separateServing } from './process-cost.ts';
import { bulkwalk, readBindings } from './walk.ts';
import { tableOid } from './walk-rig.ts';

const domains = 1000;
const intervalSec = 2;
/** Refreshes that a round lasts for. */
const refreshesPerRound = 4;
const refreshCount = `${modules['LIBVIRT-EXT-MIB'].root.join('.')}.${definitions['lveRefreshCount'].oid.join('.')}.0`;

/** What those who scrape and what is pushed costs those who ask by SNMP. */
export async function besideAgentxFigures(context: BenchContext): Promise<readonly Figure[]> {
  await using fleet = await startFleet(domains, context.otherCpu);
  await using load = await startLoad(context.otherCpu);
  const [, statsd = ''] = /^statsd (\d+)$/m.exec(load.stdout()) ?? [];
  const [, influxdb = ''] = /^influxdb (\d+)$/m.exec(load.stdout()) ?? [];
  await using without = await startRig(context, fleet.uri);
  await using busy = await startRig(context, fleet.uri, {
    statsd: { host: '127.0.0.1', port: Number(statsd), interval: 1 },
    influxdb: { url: `http://127.0.0.1:${influxdb}`, interval: 1 },
  });
  const rates = { without: [] as number[], busy: [] as number[] };
  const holds = { without: [] as number[], busy: [] as number[] };
  const refreshes = { without: [] as number[], busy: [] as number[] };
  const answers: number[] = [];
  await without.pause();
  await busy.pause();
  for (let round = -1; round < 2 * context.rounds; round++) {
    for (const name of ['without', 'busy'] as const) {
      const rig = name === 'busy' ? busy : without;
      rig.resume();
      const startedMs = performance.now();
      if (name === 'busy') load.stdin?.write(`scrape ${busy.url}metrics\n`);
      const found = await rig.round();
      await rig.pause();
      const seconds = (performance.now() - startedMs) / 1000;
      if (name === 'busy') answers.push((await stopScraping(load)) / seconds);
      context.say(
        `${name}: ${Math.round(found.perSecond)} varbinds/s, held ${found.heldMs.toFixed(2)} ms, ${found.refreshMs.toFixed(1)} ms a refresh`,
      );
      if (round < 0) continue;
      rates[name].push(found.perSecond);
      holds[name].push(found.heldMs);
      refreshes[name].push(found.refreshMs);
    }
  }
  const rival = (samples: readonly number[]) => ({ name: 'without', samples });
  return [
    measured('four scrapers a second and both pushes: scrapes answered', 'per second', answers),
    compared('the same, rate of a bulkwalk', 'varbinds/s', rates.busy, rival(rates.without), atLeast(0.95)),
    compared('the same, longest hold', 'ms', holds.busy, rival(holds.without), atMost(1.2)),
    compared(
      'the same, a refresh in the thread that collects',
      'ms CPU',
      refreshes.busy,
      rival(refreshes.without),
      atMost(1.05),
    ),
  ];
}

interface Round {
  readonly perSecond: number;
  readonly heldMs: number;
  readonly refreshMs: number;
}

/** An agent under an snmpd of its own; while it is paused it does nothing at all. */
interface Rig {
  readonly url: string;
  round(): Promise<Round>;
  pause(): Promise<void>;
  resume(): void;
  [Symbol.asyncDispose](): Promise<void>;
}

/** @param config of the faces; undefined is without any. */
async function startRig(context: BenchContext, uri: string, config?: ConfigSection): Promise<Rig> {
  const snmpd = await startSnmpd();
  const probe = await makeLoopProbe();
  const options = { uri, agentxAddress: snmpd.agentxAddress, intervalSec, env: probe.env };
  const faces = config === undefined ? undefined : await startFacesAgent({ ...options, config });
  const agent = faces?.agent ?? (await startQuietAgent(options));
  const { pid } = agent;
  await prioritize(pid);
  await separateServing(pid, context.cpu, context.otherCpu);
  await favour(snmpd.pid(), context.cpu);
  const refreshesNow = async (): Promise<number> => Number((await snmpd.get(refreshCount))[0]?.value);
  const nextRefresh = async (): Promise<number> => {
    const before = await refreshesNow();
    return waitUntil(
      async () => {
        const now = await refreshesNow();
        return now > before ? now : undefined;
      },
      { what: 'a refresh', intervalMs: 10 },
    );
  };
  await nextRefresh();
  return {
    url: faces?.url ?? '',
    round: () => round(context, { snmpd, probe, pid, nextRefresh }),
    // Right behind a refresh no call to libvirt is under way, whose time would pass meanwhile.
    async pause() {
      await nextRefresh();
      await delay(200);
      process.kill(pid, 'SIGSTOP');
    },
    resume: () => process.kill(pid, 'SIGCONT'),
    async [Symbol.asyncDispose]() {
      process.kill(pid, 'SIGCONT');
      await agent.stop();
      await probe[Symbol.asyncDispose]();
      await snmpd.stop();
    },
  };
}

interface RoundParts {
  readonly snmpd: Snmpd;
  readonly probe: LoopProbe;
  readonly pid: number;
  readonly nextRefresh: () => Promise<number>;
}

async function round(context: BenchContext, { snmpd, probe, pid, nextRefresh }: RoundParts): Promise<Round> {
  await nextRefresh();
  const from = await nextRefresh();
  const fromMs = await mainThreadCpuMs(pid);
  await probe.read(pid);
  let varbinds = 0;
  let walkedMs = 0;
  const outputPath = `${snmpd.directoryPath}/walk`;
  let to = from;
  while (to < from + refreshesPerRound) {
    walkedMs += await bulkwalk({
      address: snmpd.address,
      oids: [tableOid('lveDomTable')],
      outputPath,
      cpu: context.cpu,
    });
    varbinds += (await readBindings(outputPath)).length;
    to = await nextRefresh();
  }
  return {
    perSecond: (varbinds / walkedMs) * 1000,
    heldMs: (await probe.read(pid)).maxMs,
    refreshMs: ((await mainThreadCpuMs(pid)) - fromMs) / (to - from),
  };
}

async function startLoad(cpu: number): Promise<RunningProcess> {
  const child = await startProcess({
    name: 'faces-load',
    command: process.execPath,
    args: ['--import', 'tsx', `${repositoryPath}/test/bench/children/faces-load.ts`],
    cwd: repositoryPath,
    stdin: true,
    ready: (output) => output.includes('influxdb '),
  });
  await pin(child.pid, cpu);
  return child;
}

async function stopScraping(load: RunningProcess): Promise<number> {
  const counts = (): readonly string[] => load.stdout().match(/(?<=^answers )\d+$/gm) ?? [];
  const before = counts().length;
  load.stdin?.write('stop\n');
  return Number(await waitUntil(() => counts()[before], { what: 'the scrapers' }));
}
