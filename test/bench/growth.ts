import { definitions } from '../../src/mib/definitions.ts';
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

/** Measured in one process without AgentX, several times, alternating with the other sizes. */
const collectingCosts = [
  ['refreshMs', 'refresh, wall', 'ms'],
  ['refreshCpuMs', 'refresh, CPU', 'ms'],
  ['imageMs', 'tree and image in a refresh', 'ms'],
  ['oneChangedMs', 'the same when one domain is another', 'ms'],
  ['fromNothingMs', 'the same from nothing', 'ms'],
] as const;

/** Measured on the program, several times, likewise. */
const programCosts = [
  ['startMs', 'start to the last domain’s answer', 'ms'],
  ['startCpuMs', 'CPU until everything is collected', 'ms'],
  ['answerMs', 'answer to a GET, median', 'ms'],
  ['stallMs', 'longest hold of the event loop in refreshes', 'ms'],
  ['residentMib', 'resident', 'MiB'],
] as const;

const costs = [...collectingCosts, ...programCosts] as const;

type CollectingCosts = Readonly<Record<(typeof collectingCosts)[number][0], number>>;
type ProgramCosts = Readonly<Record<(typeof programCosts)[number][0], number>>;
type Costs = CollectingCosts & ProgramCosts;
type CostName = keyof Costs;

/** By size, by round. */
type Found = Readonly<Record<CostName, readonly number[]>>;

/** The costs that the plot shows. */
const plotted: ReadonlySet<CostName> = new Set(['refreshCpuMs', 'fromNothingMs', 'startCpuMs', 'answerMs']);

export const growthMeasurement: Measurement = {
  name: 'growth',
  title: 'Growth with the number of domains',
  method:
    'Every cost at 10, 100, 1,000 and 5,000 domains, five times, alternating between the sizes. Growth: the factor by which a cost rises from 1,000 to 5,000 domains over the factor by which the domains do; 1 is linear.',
  async run(context) {
    const rounds = sizes.map((): Costs[] => []);
    for (let round = 0; round < (context.quick ? 1 : 5); round++) {
      for (const [at, domains] of sizes.entries()) {
        const found = {
          ...(await collectingCostsAt(context, domains)),
          ...(await programCostsAt(context, domains)),
        };
        rounds[at]?.push(found);
        context.say(`${domains}: ${JSON.stringify(found)}`);
      }
    }
    const found = rounds.map((all): Found => byName(costs, (name) => all.map((one) => one[name])));
    const [, , thousand, fiveThousand] = found;
    const growth = (name: CostName): readonly number[] =>
      (fiveThousand?.[name] ?? []).map((cost, round) => cost / (thousand?.[name][round] ?? Number.NaN) / 5);
    const median = (at: Found, name: CostName): number => quantile(at[name], 0.5);
    const table = [
      `| cost | ${sizes.map((size) => size.toLocaleString('en-GB')).join(' | ')} |`,
      `| --- |${sizes.map(() => ' --- |').join('')}`,
      ...costs.map(
        ([name, what, unit]) =>
          `| ${what} (${unit}) | ${found.map((at) => Number(median(at, name).toPrecision(3))).join(' | ')} |`,
      ),
    ].join('\n');
    const plot = logPlot(
      sizes,
      costs
        .filter(([name]) => plotted.has(name))
        .map(([name, what]) => ({ what, values: found.map((at) => median(at, name)) })),
    );
    return {
      figures: costs.map(([name, what]) => measured(what, '× linear', growth(name), atMost(1.2))),
      details: [table, `\`\`\`text\n${plot}\n\`\`\``],
    };
  },
};

function byName<Name extends string, Value>(
  named: readonly (readonly [Name, ...unknown[]])[],
  read: (name: Name) => Value,
): Record<Name, Value> {
  return Object.fromEntries(named.map(([name]) => [name, read(name)])) as Record<Name, Value>;
}

async function collectingCostsAt(context: BenchContext, domains: number): Promise<CollectingCosts> {
  await using fleet = await startFleet(domains, context.otherCpu);
  const options = { uri: fleet.uri, refreshes: context.quick ? 10 : 30, cpu: context.cpu };
  const report = await runCollecting(options);
  const trees = await runCollecting({ ...options, trees: true });
  return {
    // Means: a collection of all garbage belongs to the refreshes before it, however many they are.
    refreshMs: mean(report.durationMs),
    refreshCpuMs: mean(report.cpuMs),
    imageMs: quantile(report.imageMs, 0.5),
    oneChangedMs: quantile(trees.oneChangedMs, 0.5),
    fromNothingMs: quantile(trees.fromNothingMs, 0.5),
  };
}

async function programCostsAt(context: BenchContext, domains: number): Promise<ProgramCosts> {
  await using fleet = await startFleet(domains, context.otherCpu);
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
    answerMs: quantile(answers, 0.5),
    stallMs: (await probe.read(agent.pid)).maxMs,
    residentMib: await residentMib(agent.pid),
  };
}
