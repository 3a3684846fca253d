import { describe, expect, it } from 'vitest';
import { perfEvents, usesRdt } from '../../../../src/collect/decode/perf-events.ts';
import { listedPerfEvent } from '../../../../src/state/perf-event-ids.ts';

const numberOf = (name: string): number => listedPerfEvent(name) ?? 1000;

describe('perfEvents', () => {
  it('separates counts from levels, in the order of the MIB', () => {
    const events = perfEvents(
      [
        { name: 'page_faults', value: 7 },
        { name: 'cmt', value: 4096 },
        { name: 'new_event', value: 18_000_000_000_000_000_000n },
        { name: 'mbml', value: 5 },
      ],
      numberOf,
    );
    expect(events).toEqual([
      { event: 1, name: 'cmt', value: undefined, gauge: 4096 },
      { event: 3, name: 'mbml', value: undefined, gauge: 5 },
      { event: 16, name: 'page_faults', value: 7, gauge: undefined },
      { event: 1000, name: 'new_event', value: 18_000_000_000_000_000_000n, gauge: undefined },
    ]);
  });

  it('knows which need Intel RDT', () => {
    expect(['cmt', 'mbmt', 'mbml', 'cache_misses'].map(usesRdt)).toEqual([true, true, true, false]);
  });
});
