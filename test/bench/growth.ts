import { definitions } from '../../src/mib/definition.ts';
import { modules } from '../../src/mib/objects.gen.ts';
import { startQuietAgent } from './agent-rig.ts';
import { runCollecting } from './child.ts';
import { startFleet } from './fleet.ts';
import { makeLoopProbe } from './loop-probe.ts';
import { atMost, type BenchContext, type Measurement, measured } from './measurement.ts';
import { logPlot } from './plot.ts';
import { cpuMs, residentMib, separateServing } from './process-cost.ts';
import { mean, quantile } from './statistics.ts';
import { startStopwatchMaster } from './stopwatch-master.ts';
import { atRest, probedRestMs } from './walk-rig.ts';

const sizes = [10, 100, 1000, 5000] as const;

/** lveDomUptime of the last domain. */
const uptime = [...modules['LIBVIRT-EXT-MIB'].root, ...definitions['lveDomUptime'].oid];

const costs = [
  ['startMs', 'start to the last domain’s answer', 'ms'],
  ['startCpuMs', 'CPU until everything is collected', 'ms'],
  ['refreshMs', 'refresh, wall', 'ms'],
  ['refreshCpuMs', 'refresh, CPU', 'ms'],
  ['imageMs', 'tree and image in a refresh', 'ms'],
  ['oneChangedMs', 'the same when one domain is another', 'ms'],
  ['fromNothingMs', 'the same from nothing', 'ms'],
  ['answerMs', 'answer to a GET, median', 'ms'],
  ['stallMs', 'longest hold of the event loop in refreshes', 'ms'],
  ['residentMib', 'resident', 'MiB'],
] as const;

type Costs = Readonly<Record<(typeof costs)[number][0], number>>;

export const growthMeasurement: Measurement = {
  name: 'growth',
  title: 'Growth with the number of domains',
  method:
    'Every cost at 10, 100, 1,000 and 5,000 domains, once each. Growth: the factor by which a cost rises from 1,000 to 5,000 domains over the factor by which the domains do; 1 is linear.',
  async run(context) {
    const found: Costs[] = [];
    for (const domains of sizes) {
      found.push(await costsAt(context, domains));
      context.say(`${domains}: ${JSON.stringify(found.at(-1))}`);
    }
    const [, , thousand, fiveThousand] = found;
    const growth = (name: keyof Costs): number =>
      thousand === undefined || fiveThousand === undefined ? 0 : fiveThousand[name] / thousand[name] / 5;
    const table = [
      `| cost | ${sizes.map((size) => size.toLocaleString('en-GB')).join(' | ')} |`,
      `| --- |${sizes.map(() => ' --- |').join('')}`,
      ...costs.map(
        ([name, what, unit]) =>
          `| ${what} (${unit}) | ${found.map((at) => Number(at[name].toPrecision(3))).join(' | ')} |`,
      ),
    ].join('\n');
    const plot = logPlot(
      sizes,
      costs
        .filter(
          ([name]) =>
            name === 'refreshCpuMs' ||
            name === 'fromNothingMs' ||
            name === 'startCpuMs' ||
            name === 'answerMs',
        )
        .map(([name, what]) => ({ what, values: found.map((at) => at[name]) })),
    );
    return {
      figures: costs.map(([name, what]) => measured(what, '× linear', [growth(name)], atMost(1.2))),
      details: [table, `\`\`\`text\n${plot}\n\`\`\``],
    };
  },
};

async function costsAt(context: BenchContext, domains: number): Promise<Costs> {
  await using fleet = await startFleet(domains, context.otherCpu);
  const refreshes = context.quick ? 10 : 30;
  const report = await runCollecting({ uri: fleet.uri, refreshes, cpu: context.cpu });
  const trees = await runCollecting({ uri: fleet.uri, refreshes, trees: true, cpu: context.cpu });
  await using master = await startStopwatchMaster();
  await using probe = await makeLoopProbe();
  const startedMs = performance.now();
  await using agent = await startQuietAgent({
    uri: fleet.uri,
    agentxAddress: master.address,
    intervalSec: 5,
    env: probe.env,
  });
  await separateServing(agent.pid, context.cpu, context.otherCpu);
  await master.waitForObject([...uptime, domains]);
  const startMs = performance.now() - startedMs;
  if (domains < 1000) await master.time([...uptime, domains], 5000, 50);
  else await atRest(agent.pid, probedRestMs);
  const startCpuMs = await cpuMs(agent.pid);
  await probe.read(agent.pid);
  const answers = await master.time([...uptime, domains], 12_000, 5);
  return {
    startMs,
    startCpuMs,
    // Means: a collection of all garbage belongs to the refreshes that it comes after, one in four or every one.
    refreshMs: mean(report.durationMs),
    refreshCpuMs: mean(report.cpuMs),
    imageMs: quantile(report.imageMs, 0.5),
    oneChangedMs: quantile(trees.oneChangedMs, 0.5),
    fromNothingMs: quantile(trees.fromNothingMs, 0.5),
    answerMs: quantile(answers, 0.5),
    stallMs: (await probe.read(agent.pid)).maxMs,
    residentMib: await residentMib(agent.pid),
  };
}
