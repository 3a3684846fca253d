/** Median, least and greatest of some samples. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** @throws RangeError if there is no sample. */
export function summarize(samples: readonly number[]): Summary {
  return { median: quantile(samples, 0.5), min: quantile(samples, 0), max: quantile(samples, 1) };
}

/** The sample below which the given share of all samples lies; the mean of the middle two for an even median. */
export function quantile(samples: readonly number[], share: number): number {
  if (samples.length === 0) throw new RangeError('there are no samples');
  const sorted = Float64Array.from(samples).sort();
  if (share === 0.5 && sorted.length % 2 === 0) {
    const half = sorted.length / 2;
    return ((sorted[half - 1] ?? 0) + (sorted[half] ?? 0)) / 2;
  }
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

/** @throws RangeError if there is no sample. */
export function mean(samples: readonly number[]): number {
  if (samples.length === 0) throw new RangeError('there are no samples');
  return samples.reduce((sum, sample) => sum + sample, 0) / samples.length;
}

/** The quotients of samples that were taken side by side. */
export function ratios(ours: readonly number[], theirs: readonly number[]): readonly number[] {
  return ours.flatMap((value, i) => {
    const other = theirs[i];
    return other === undefined || other === 0 ? [] : [value / other];
  });
}
