import { mutated } from './mutate.ts';
import { Random } from './random.ts';
import type { Target } from './target.ts';

export interface FuzzOptions {
  readonly seed: number;
  readonly cases: number;
  /** Called after so many cases; says whether something was reached that was not reached before. */
  readonly reachedMore?: () => Promise<boolean>;
  /** Told of each case before it is tried. */
  readonly onCase?: (bytes: Uint8Array) => void;
}

export interface FuzzResult {
  readonly cases: number;
  readonly accepted: number;
  /** Inputs that reached something new, and those it began with. */
  readonly corpus: number;
  readonly longestMs: number;
}

/** Cases between two looks at what was reached. */
const batch = 64;
/** An older one makes room. */
const maxCorpus = 4000;
/** Octets of a failing case that are printed. */
const maxPrinted = 4096;

/**
 * Tries a target with what is nearly right.
 *
 * @throws an error that has the seed, the number of the case and its octets, for the first case that the target does
 *   not cope with.
 */
export async function fuzz(target: Target, options: FuzzOptions): Promise<FuzzResult> {
  const random = new Random(options.seed);
  const corpus = [...target.corpus];
  let tried: Uint8Array[] = [];
  let accepted = 0;
  let longestMs = 0;
  for (let nth = 0; nth < options.cases; nth++) {
    const raw = mutated(random.of(corpus), random, corpus, target.words ?? []);
    const bytes = target.repair !== undefined && !random.onceIn(5) ? target.repair(raw) : raw;
    options.onCase?.(bytes);
    const startMs = performance.now();
    try {
      if (await target.take(bytes)) accepted += 1;
    } catch (error) {
      throw failure(target, options.seed, nth, bytes, error);
    }
    longestMs = Math.max(longestMs, performance.now() - startMs);
    if (options.reachedMore === undefined) continue;
    tried.push(bytes);
    if (tried.length < batch) continue;
    if (await options.reachedMore()) {
      corpus.push(...tried);
      if (corpus.length > maxCorpus) corpus.splice(target.corpus.length, corpus.length - maxCorpus);
    }
    tried = [];
  }
  return { cases: options.cases, accepted, corpus: corpus.length, longestMs };
}

function failure(target: Target, seed: number, nth: number, bytes: Uint8Array, error: unknown): Error {
  const hex = Buffer.from(bytes.subarray(0, maxPrinted)).toString('hex');
  return new Error(`${target.name}, seed ${seed}, case ${nth}, ${bytes.length} octets: ${hex}`, {
    cause: error,
  });
}
