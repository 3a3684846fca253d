import { definitions } from '../../src/mib/definitions.ts';
import { modules } from '../../src/mib/objects.gen.ts';
import { startQuietAgent } from './agent-rig.ts';
import { startFleet } from './fleet.ts';
import { makeLoopProbe } from './loop-probe.ts';
import {
  atMost,
  type BenchContext,
  compared,
  type Figure,
  type Measurement,
  measured,
} from './measurement.ts';
import { separateServing } from './process-cost.ts';
import { quantile } from './statistics.ts';
import { startStopwatchMaster } from './stopwatch-master.ts';
import { atRest, probedRestMs } from './walk-rig.ts';

/** lveDomUptime of the first domain. */
const instance = [...modules['LIBVIRT-EXT-MIB'].root, ...definitions['lveDomUptime'].oid, 1];

const paceMs = 2;

/** Answer times of one agent, one list a round. */
interface Times {
  readonly paced: readonly (readonly number[])[];
  readonly rapid: readonly (readonly number[])[];
  /** Longest holds of the event loop, one a round. */
  readonly stallsMs: readonly number[];
}

export const answerTimeMeasurement: Measurement = {
  name: 'answer-time',
  title: 'Answer time while refreshes run',
  method: `Gets straight to the agent’s AgentX socket: one every ${paceMs} ms whether or not the last was answered ("paced"), and one after the other without a pause, as a walking manager asks ("rapid"). Refreshing: interval 1 s, which at 5,000 domains means all the time; idle: nothing is refreshed. The thread that answers has a CPU of its own; the rest of the agent and the daemon share the other. How long the event loop is held is shown by a timer of 1 ms inside that thread: the CPU time between two of its ticks.`,
  async run(context) {
    const figures: Figure[] = [];
    const sizes: readonly (readonly [number, number])[] = [
      [1000, 10],
      [5000, 20],
    ];
    for (const [domains, stallLimitMs] of sizes) {
      await using fleet = await startFleet(domains, context.otherCpu);
      const idle = await timesOf(context, fleet.uri, 3600);
      const busy = await timesOf(context, fleet.uri, 1);
      const what = `${domains.toLocaleString('en-GB')} domains`;
      for (const stream of ['paced', 'rapid'] as const) {
        for (const [name, share] of [
          ['p50', 0.5],
          ['p99', 0.99],
          ['max', 1],
        ] as const) {
          const of = (times: Times): readonly number[] => times[stream].map((all) => quantile(all, share));
          figures.push(
            compared(
              `${what}, ${stream}, ${name}`,
              'ms',
              of(busy),
              { name: 'idle', samples: of(idle) },
              name === 'p99' ? atMost(1.5) : undefined,
            ),
          );
        }
      }
      figures.push(
        measured(`${what}, longest hold of the event loop`, 'ms', busy.stallsMs, atMost(stallLimitMs)),
        measured(`${what}, the same when idle`, 'ms', idle.stallsMs),
      );
    }
    return { figures };
  },
};

async function timesOf(context: BenchContext, uri: string, intervalSec: number): Promise<Times> {
  await using master = await startStopwatchMaster();
  await using probe = await makeLoopProbe();
  await using agent = await startQuietAgent({
    uri,
    agentxAddress: master.address,
    intervalSec,
    env: probe.env,
  });
  await separateServing(agent.pid, context.cpu, context.otherCpu);
  await master.waitForObject(instance);
  // What is read once, at the start, is no part of a refresh.
  if (intervalSec > 1) await atRest(agent.pid, probedRestMs);
  else await master.time(instance, 20_000, 50);
  const paced: (readonly number[])[] = [];
  const rapid: (readonly number[])[] = [];
  const stallsMs: number[] = [];
  await probe.read(agent.pid);
  for (let round = 0; round < context.rounds; round++) {
    paced.push(await master.time(instance, 3000, paceMs));
    rapid.push(await master.time(instance, 3000));
    stallsMs.push((await probe.read(agent.pid)).maxMs);
    context.say(
      `interval ${intervalSec} s: paced p99 ${quantile(paced.at(-1) ?? [], 0.99).toFixed(2)} ms, rapid p99 ${quantile(rapid.at(-1) ?? [], 0.99).toFixed(3)} ms, longest hold ${stallsMs.at(-1)?.toFixed(1)} ms`,
    );
  }
  return { paced, rapid, stallsMs };
}
