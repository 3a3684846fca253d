import { ratios, type Summary, summarize } from './statistics.ts';

/** What a measurement may spend, and where it may show what it finds on the way. */
export interface BenchContext {
  readonly quick: boolean;
  /** Rounds behind each median. */
  readonly rounds: number;
  /** The CPU that everything under measurement is pinned to. */
  readonly cpu: number;
  /** The CPU of what feeds it; the same one if there is only one. */
  readonly otherCpu: number;
  /** Progress, on standard error. */
  say(text: string): void;
}

/** One file of this directory: `name` is what `npm run bench -- NAME` takes. */
export interface Measurement {
  readonly name: string;
  readonly title: string;
  /** How it is measured, in a sentence or two; goes into docs/performance.md. */
  readonly method: string;
  run(context: BenchContext): Promise<MeasurementResult>;
}

export interface MeasurementResult {
  readonly figures: readonly Figure[];
  /** Further tables or plots, as Markdown. */
  readonly details?: readonly string[];
}

/** One line of the table. */
export interface Figure {
  readonly what: string;
  readonly unit: string;
  readonly ours: Summary;
  readonly rival?: { readonly name: string; readonly summary: Summary };
  readonly ratio?: Summary;
  /** What is to be reached, by the median of the ratio if there is one and else of ours. */
  readonly target?: Target;
}

export interface Target {
  readonly at: 'least' | 'most';
  readonly value: number;
}

export const atLeast = (value: number): Target => ({ at: 'least', value });
export const atMost = (value: number): Target => ({ at: 'most', value });

/** A figure beside that of a rival measured in the same rounds. */
export function compared(
  what: string,
  unit: string,
  ours: readonly number[],
  rival: { readonly name: string; readonly samples: readonly number[] },
  target?: Target,
): Figure {
  return {
    what,
    unit,
    ours: summarize(ours),
    rival: { name: rival.name, summary: summarize(rival.samples) },
    ratio: summarize(ratios(ours, rival.samples)),
    ...(target === undefined ? {} : { target }),
  };
}

/** A figure that is held against a limit, or only told. */
export function measured(what: string, unit: string, samples: readonly number[], target?: Target): Figure {
  return { what, unit, ours: summarize(samples), ...(target === undefined ? {} : { target }) };
}

/** Whether a figure reaches its target; undefined if it has none. */
export function isMet({ ours, ratio, target }: Figure): boolean | undefined {
  if (target === undefined) return undefined;
  const { median } = ratio ?? ours;
  return target.at === 'least' ? median >= target.value : median <= target.value;
}
