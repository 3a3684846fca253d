import { freeTcpPort } from '../lab/free-port.ts';
import { repositoryPath } from '../lab/mib-path.ts';
import { type RunningProcess, startProcess } from '../lab/process.ts';
import { waitUntil } from '../lab/wait.ts';
import type { PromClientRound } from './children/prom-client.ts';
import { type FacesAgent, startFacesAgent } from './faces-agent.ts';
import { startFleet } from './fleet.ts';
import { atMost, type BenchContext, compared, type Figure, measured } from './measurement.ts';
import { cpuMs } from './process-cost.ts';
import { libvirtExporter, promClient } from './rivals.ts';
import { startStopwatchMaster } from './stopwatch-master.ts';

const gzip = { 'accept-encoding': 'gzip' };

/** Images that are scraped before anything counts, so that the code is compiled. */
const warmUp = 40;

/** Rounds that do not count, for the same reason, of those that are asked once in a round. */
const warmUpRounds = 3;

/** Debian's exporter refuses to list more than 512. */
const exporterDomains = 500;

/** What scrapes cost, beside prom-client and Debian's exporter, and how that grows. */
export async function scrapeFigures(context: BenchContext): Promise<readonly Figure[]> {
  await using fleet = await startFleet(1000, context.otherCpu);
  await using largeFleet = await startFleet(5000, context.otherCpu);
  await using master = await startStopwatchMaster();
  await using largeMaster = await startStopwatchMaster();
  await using ours = await startFacesAgent({
    uri: fleet.uri,
    agentxAddress: master.address,
    intervalSec: 1,
  });
  await using large = await startFacesAgent({
    uri: largeFleet.uri,
    agentxAddress: largeMaster.address,
    intervalSec: 5,
  });
  await using library = await startProcess({
    name: 'prom-client',
    command: process.execPath,
    args: [
      ...['--import', 'tsx', `${repositoryPath}/test/bench/children/prom-client.ts`],
      ...['--module', await promClient()],
    ],
    cwd: repositoryPath,
    stdin: true,
  });
  await using smallFleet = await startFleet(exporterDomains, context.otherCpu);
  await using exporter = await startExporter(smallFleet.uri);
  const first: number[] = [];
  const again: number[] = [];
  const compressed: number[] = [];
  const set: number[] = [];
  const rendered: number[] = [];
  const perSeries: number[] = [];
  const exporterPerSeries: number[] = [];
  const growth: number[] = [];
  for (let image = 0; image < warmUp; image++) {
    await ours.nextImage();
    await ours.spentOn('metrics');
  }
  for (let round = -warmUpRounds; round < 3 * context.rounds; round++) {
    await ours.nextImage();
    const one = await ours.spentOn('metrics');
    const repeated = await ours.spentOn('metrics');
    const packed = await ours.spentOn('metrics', gzip);
    const theirs = await promClientRound(library, ours);
    const exported = await exporter.scrape();
    await large.nextImage();
    const many = await large.spentOn('metrics');
    context.say(
      [
        `scrape ${one.cpuMs.toFixed(1)}, again ${repeated.cpuMs.toFixed(1)}, compressed ${packed.cpuMs.toFixed(1)} ms`,
        `prom-client ${theirs.renderMs.toFixed(0)} and ${theirs.setMs.toFixed(0)} ms for ${theirs.samples} samples`,
        `exporter ${exported.cpuMs.toFixed(0)} ms for ${exported.series} series`,
        `5,000 domains ${many.cpuMs.toFixed(1)} ms`,
      ].join('; '),
    );
    if (round < 0) continue;
    first.push(one.cpuMs);
    again.push(repeated.cpuMs);
    compressed.push(packed.cpuMs);
    set.push(theirs.setMs);
    rendered.push(theirs.renderMs);
    perSeries.push((one.cpuMs / theirs.samples) * 1000);
    exporterPerSeries.push((exported.cpuMs / exported.series) * 1000);
    growth.push(many.cpuMs / one.cpuMs / 5);
  }
  return [
    compared(
      'a new image of 1,000 domains, scraped',
      'ms CPU',
      first,
      { name: 'prom-client, rendering alone', samples: rendered },
      atMost(1 / 8),
    ),
    measured('prom-client, setting the same values', 'ms CPU', set),
    compared(
      'the same image, scraped again',
      'ms CPU',
      again,
      { name: 'first', samples: first },
      atMost(1 / 5),
    ),
    measured('the same image, compressed', 'ms CPU', compressed),
    compared(
      'a scrape, for each series',
      'µs CPU',
      perSeries,
      { name: 'prometheus-libvirt-exporter', samples: exporterPerSeries },
      atMost(1 / 50),
    ),
    measured('a scrape, from 1,000 to 5,000 domains', '× linear', growth, atMost(1.2)),
  ];
}

async function promClientRound(child: RunningProcess, { url }: FacesAgent): Promise<PromClientRound> {
  const lines = (): readonly string[] => child.stdout().split('\n').slice(0, -1);
  const before = lines().length;
  child.stdin?.write(`${url}metrics\n`);
  const line = await waitUntil(() => lines()[before], { what: 'prom-client', timeoutMs: 60_000 });
  return JSON.parse(line) as PromClientRound;
}

interface Exporter {
  /** CPU time of a scrape in milliseconds, and the series of libvirt in it. */
  scrape(): Promise<{ readonly cpuMs: number; readonly series: number }>;
  [Symbol.asyncDispose](): Promise<void>;
}

async function startExporter(uri: string): Promise<Exporter> {
  const address = `127.0.0.1:${await freeTcpPort()}`;
  const running = await startProcess({
    name: 'prometheus-libvirt-exporter',
    command: await libvirtExporter(),
    args: [`--web.listen-address=${address}`, `--libvirt.uri=${uri}`],
    ready: async () => (await fetch(`http://${address}/`)).ok,
  });
  return {
    async scrape() {
      const before = await cpuMs(running.pid);
      const text = await (await fetch(`http://${address}/metrics`)).text();
      const spentMs = (await cpuMs(running.pid)) - before;
      const series = text.split('\n').filter((line) => line.startsWith('libvirt_')).length;
      if (series < 1000)
        throw new Error(`the exporter tells ${series} series: ${running.output().slice(-1000)}`);
      return { cpuMs: spentMs, series };
    },
    [Symbol.asyncDispose]: () => running.stop(),
  };
}
