import { delay, waitUntil } from '../lab/wait.ts';
import type { Fleet } from './fleet.ts';
import type { BenchContext } from './measurement.ts';
import { quantile } from './statistics.ts';

export interface EventTarget {
  readonly fleet: Fleet;
  /** Of the fleet. */
  readonly domains: number;
  /** When something arrived, in milliseconds of the monotonic clock; grows meanwhile. */
  readonly arrivals: readonly number[];
  /** That arrives. */
  readonly what: string;
}

/** Pauses one domain after another at odd moments; the milliseconds until that has arrived, by round. */
export async function eventLatencies(
  context: BenchContext,
  { fleet, domains, arrivals, what }: EventTarget,
): Promise<readonly (readonly number[])[]> {
  const perRound = context.quick ? 15 : 40;
  const latencies: number[][] = [];
  for (let round = 0; round < context.rounds; round++) {
    const times: number[] = [];
    for (let i = 0; i < perRound; i++) {
      const domain = 1 + ((round * perRound + i) % domains);
      const before = arrivals.length;
      const atMs = await fleet.change('suspend', domain);
      const arrivedMs = await waitUntil(() => arrivals[before], { what, intervalMs: 2 });
      times.push(arrivedMs - atMs);
      await delay(350 + ((i * 37) % 100));
    }
    latencies.push(times);
    const median = quantile(times, 0.5).toFixed(1);
    context.say(`${what}: median ${median} ms, longest ${Math.max(...times).toFixed(1)} ms`);
  }
  return latencies;
}
