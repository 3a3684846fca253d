import { get, type IncomingMessage } from 'node:http';
import { eventLatencies } from './event-latencies.ts';
import { startFacesAgent } from './faces-agent.ts';
import { startFleet } from './fleet.ts';
import { atMost, type BenchContext, type Figure, measured } from './measurement.ts';
import { quantile } from './statistics.ts';
import { startStopwatchMaster } from './stopwatch-master.ts';

const domains = 1000;

/** From a lifecycle event of the daemon to the client of a stream. */
export async function streamFigures(context: BenchContext): Promise<readonly Figure[]> {
  await using fleet = await startFleet(domains, context.otherCpu);
  await using master = await startStopwatchMaster();
  await using faces = await startFacesAgent({
    uri: fleet.uri,
    agentxAddress: master.address,
    intervalSec: 10,
  });
  await faces.nextImage();
  const arrivals: number[] = [];
  const stream = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = { accept: 'text/event-stream' };
    get(`${faces.url}api/v1/events?kind=suspended`, { headers }, resolve).on('error', reject);
  });
  stream.on('data', (chunk: Buffer) => {
    const atMs = Number(process.hrtime.bigint() / 1000n) / 1000;
    for (const _ of chunk.toString().matchAll(/^data: /gm)) arrivals.push(atMs);
  });
  const latencies = await eventLatencies(context, { fleet, domains, arrivals, what: 'the event' });
  stream.destroy();
  const all = latencies.flat();
  return [
    measured(
      'event to stream, median',
      'ms',
      latencies.map((times) => quantile(times, 0.5)),
    ),
    measured(`event to stream, p99 of all ${all.length}`, 'ms', [quantile(all, 0.99)], atMost(250)),
  ];
}
