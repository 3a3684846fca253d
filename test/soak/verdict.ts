import { bounds, type Figures } from './figures.ts';

/** What has grown between the second quarter of the samples and the last one, in words; empty if all is flat. */
export function grown(samples: readonly Figures[]): readonly string[] {
  const quarter = Math.floor(samples.length / 4);
  const early = samples.slice(quarter, 2 * quarter);
  const late = samples.slice(-quarter);
  if (quarter === 0) return [`${samples.length} samples are too few to tell`];
  return bounds.flatMap(({ name, title, share, plus }) => {
    const was = median(early.map((figures) => figures[name]));
    const is = median(late.map((figures) => figures[name]));
    const most = was * share + plus;
    return is <= most
      ? []
      : [`${title}: ${was.toFixed(1)} became ${is.toFixed(1)}, at most ${most.toFixed(1)}`];
  });
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
