import { afterAll, expect, it } from 'vitest';
import { fuzz } from '../fuzz/fuzzer.ts';
import { allTargets } from '../fuzz/targets.ts';

// The beginning of what `npm run fuzz` does for a million cases. A failure has the octets, and the seed in its name.

const seed = 20_261_128;
/** Cases for each unit of a target's weight. */
const casesPerWeight = 40;

const targets = await allTargets();

afterAll(() => {
  for (const target of targets) target.close?.();
});

it.each(targets)(
  `$name copes with what is nearly right (seed ${seed})`,
  async (target) => {
    const { cases, accepted } = await fuzz(target, { seed, cases: target.weight * casesPerWeight });
    // Neither everything nor nothing, or nothing was tried.
    expect(accepted).toBeGreaterThan(0);
    expect(accepted).toBeLessThan(cases);
  },
  60_000,
);
