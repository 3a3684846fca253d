import { kibToBytes, nsToUs } from '../../model/arithmetic.ts';
import type { FigureReader, FigureTraits } from '../../model/figure-reader.ts';
import type { Count, EpochMs } from '../../model/scalar-types.ts';
import { momentOf } from '../../run/clock.ts';
import { type Figures, noFigures } from './figures.ts';
import { figureSelectors } from './stat-fields.ts';

/**
 * Reads the figures of a row from where the decoder put them. Rows read their figures in one order, in which they
 * lie too: a line costs a step to the next slot and no search. One reader serves for all rows, one after another.
 */
export class RowReader implements FigureReader {
  #figures: Figures = noFigures;
  #slot = 0;
  #active = false;
  /** Whether no trait of a figure can make it absent. */
  #all = false;
  /** The selectors that are off; undefined if none is that a figure has. */
  readonly #off: ReadonlySet<string> | undefined;
  readonly #allOff: ReadonlySet<string>;

  /** @param off - selectors that are off. */
  constructor(off: readonly string[] = []) {
    this.#allOff = new Set(off);
    const used = off.filter((selector) => figureSelectors.has(selector));
    this.#off = used.length === 0 ? undefined : new Set(used);
  }

  /** The same reader, before a row whose figures begin at a slot. */
  at(figures: Figures, slot: number, active: boolean): this {
    this.#figures = figures;
    this.#slot = slot;
    this.#active = active;
    this.#all = active && this.#off === undefined;
    return this;
  }

  get active(): boolean {
    return this.#active;
  }

  shows(selector: string): boolean {
    return !this.#allOff.has(selector);
  }

  count(_parameter: string, traits?: FigureTraits): Count | undefined {
    const slot = this.#slot++;
    return !this.#all && this.#isAbsent(traits) ? undefined : this.#figures.count(slot);
  }

  nsToUs(parameter: string, traits?: FigureTraits): Count | undefined {
    return nsToUs(this.count(parameter, traits));
  }

  kibToBytes(parameter: string, traits?: FigureTraits): Count | undefined {
    return kibToBytes(this.count(parameter, traits));
  }

  moment(parameter: string, traits?: FigureTraits): EpochMs | undefined {
    const seconds = Number(this.count(parameter, traits) ?? 0);
    return seconds > 0 ? momentOf(seconds * 1000) : undefined;
  }

  small(_parameter: string, traits?: FigureTraits): number | undefined {
    const slot = this.#slot++;
    return !this.#all && this.#isAbsent(traits) ? undefined : this.#figures.number(slot);
  }

  rate(_parameter: string, traits?: FigureTraits): number | undefined {
    const slot = this.#slot++;
    if (!this.#all && this.#isAbsent(traits)) return undefined;
    return this.#active ? this.#figures.number(slot) : 0;
  }

  state<Name extends string, Unlisted extends string | undefined>(
    parameter: string,
    names: readonly Name[],
    unlisted: Unlisted,
    traits?: FigureTraits,
  ): Name | Unlisted | undefined {
    const code = this.small(parameter, traits);
    return code === undefined ? undefined : (names[code] ?? unlisted);
  }

  text(_parameter: string, traits?: FigureTraits): string | undefined {
    const slot = this.#slot++;
    return !this.#all && this.#isAbsent(traits) ? undefined : this.#figures.text(slot);
  }

  flag(_parameter: string, traits?: FigureTraits): boolean | undefined {
    const slot = this.#slot++;
    return !this.#all && this.#isAbsent(traits) ? undefined : this.#figures.flag(slot);
  }

  #isAbsent(traits: FigureTraits | undefined): boolean {
    if (traits === undefined) return false;
    if (!this.#active && traits.live === true) return true;
    const off = this.#off;
    return off !== undefined && traits.selectors?.every((selector) => off.has(selector)) === true;
  }
}
