import type { Count, EpochMs } from './scalar-types.ts';

/**
 * What is said of a figure besides the name of its parameter. Kept in a constant where several figures share it:
 * figures are read by the hundred thousand.
 */
export interface FigureTraits {
  /** Exists only while the domain is active. */
  readonly live?: true;
  /** Its parameter shows that the hypervisor process itself was asked. */
  readonly asked?: true;
  /** Never falls while its thing lives: where it does, that is a discontinuity. */
  readonly counter?: true;
  /** Served only where one of these selectors is on (`extra_stats`); their group of statistics is then asked for. */
  readonly selectors?: readonly string[];
}

/**
 * Reads the figures of one thing: a domain, a disk, ... A row of the model is an object literal with a line for each
 * of its figures, which names libvirt's parameter and says how its value becomes that of the row:
 *
 *     readTimeUs: read.nsToUs('rd.times', disk),
 *
 * The type of the row, where the decoder puts the parameter, which statistics are asked for and what is kept while
 * they are not asked for all follow from that line. Lines are read in order, so each row must read all of its figures
 * each time: no line may stand in a condition.
 *
 * Names are those of virConnectGetAllDomainStats, for a numbered thing without what precedes its number and the
 * number (`rd.times` of `block.0.rd.times`). A name that begins with `=` is no parameter: its value is worked out
 * from two readings (`collect/decode/rates.ts`). Everything is undefined where it is not known.
 */
export interface FigureReader {
  /** Whether the domain is active. */
  readonly active: boolean;
  /** Whether a selector is on. */
  shows(selector: string): boolean;
  /** A non-negative integer of any width. */
  count(parameter: string, traits?: FigureTraits): Count | undefined;
  /** The same in nanoseconds, as microseconds. */
  nsToUs(parameter: string, traits?: FigureTraits): Count | undefined;
  /** The same in KiB, as bytes. */
  kibToBytes(parameter: string, traits?: FigureTraits): Count | undefined;
  /** The same in seconds since 1970, where 0 is never. */
  moment(parameter: string, traits?: FigureTraits): EpochMs | undefined;
  /** A number that fits 32 bits by its nature: states, numbers of things. */
  small(parameter: string, traits?: FigureTraits): number | undefined;
  /** A rate or percentage: 0 of a domain that is not active, because it uses none. */
  rate(parameter: string, traits?: FigureTraits): number | undefined;
  /** A state by number: its name, or what stands for all that are not listed. */
  state<Name extends string, Unlisted extends string | undefined>(
    parameter: string,
    names: readonly Name[],
    unlisted: Unlisted,
    traits?: FigureTraits,
  ): Name | Unlisted | undefined;
  text(parameter: string, traits?: FigureTraits): string | undefined;
  flag(parameter: string, traits?: FigureTraits): boolean | undefined;
}
