import { delay } from '../lab/wait.ts';
import { startQuietAgent } from './agent-rig.ts';
import { startFacesAgent } from './faces-agent.ts';
import { startFleet } from './fleet.ts';
import { atMost, type BenchContext, type Figure, measured } from './measurement.ts';
import { residentMib } from './process-cost.ts';
import { startStopwatchMaster } from './stopwatch-master.ts';

const domains = 1000;
/** The default. */
const intervalSec = 10;

/** What the faces take of memory while somebody scrapes, and what the definitions have of it. */
export async function memoryFigures(context: BenchContext): Promise<readonly Figure[]> {
  await using fleet = await startFleet(domains, context.otherCpu);
  await using masterOff = await startStopwatchMaster();
  await using masterOn = await startStopwatchMaster();
  await using masterNoSpecs = await startStopwatchMaster();
  await using off = await startQuietAgent({
    uri: fleet.uri,
    agentxAddress: masterOff.address,
    intervalSec,
  });
  await using on = await startFacesAgent({
    uri: fleet.uri,
    agentxAddress: masterOn.address,
    intervalSec,
  });
  await using noSpecs = await startFacesAgent({
    uri: fleet.uri,
    agentxAddress: masterNoSpecs.address,
    intervalSec,
    config: { http: { address: '127.0.0.1:0', specs: false } },
  });
  const more: number[] = [];
  const specs: number[] = [];
  // So long as the history takes to be full, and more.
  const warmUp = context.quick ? 3 : 9;
  for (let round = -warmUp; round < 2 * context.rounds; round++) {
    for (const each of [on, noSpecs]) {
      await each.nextImage();
      await each.spentOn('metrics', { 'accept-encoding': 'gzip' });
      await each.spentOn('metrics');
    }
    await delay(500);
    const [offMib, onMib, noSpecsMib] = [
      await residentMib(off.pid),
      await residentMib(on.agent.pid),
      await residentMib(noSpecs.agent.pid),
    ];
    context.say(
      `resident: off ${offMib.toFixed(0)}, on ${onMib.toFixed(0)}, without definitions ${noSpecsMib.toFixed(0)} MiB`,
    );
    if (round < 0) continue;
    more.push(onMib - offMib);
    specs.push(onMib - noSpecsMib);
  }
  return [
    measured('on, scraped with and without compression: more than off, resident', 'MiB', more, atMost(60)),
    measured('the definitions (http.specs) of that', 'MiB', specs),
  ];
}
