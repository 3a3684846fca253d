import type { Count, EpochMs } from '../../model/scalar-types.ts';

/** Stands in a slot whose value is a bigint and kept apart. */
const large = Number.POSITIVE_INFINITY;

/**
 * The figures of the readings that came with one reply, as one block of numbers: a thousand domains bring
 * some hundred figures each every few seconds, and as many objects would cost more to collect than to read.
 * A slot is written once, before the reading is published; one that was not written is unknown.
 */
export class Figures {
  /** Wall clock at the reply. */
  readonly at: EpochMs = Date.now();
  /** Monotonic milliseconds at the reply: the base of all rates. */
  readonly atMs = performance.now();
  #values: Float64Array;
  #used = 0;
  #large: Map<number, bigint> | undefined;
  readonly #texts: string[] = [];

  /** @param capacity - slots that will probably be needed; it grows beyond. */
  constructor(capacity: number) {
    this.#values = new Float64Array(capacity).fill(Number.NaN);
  }

  /** Slots that belong to readings: the first one of the next reading. */
  get used(): number {
    return this.#used;
  }

  /** Ends a reading that took so many slots. */
  advance(slots: number): void {
    this.#used += slots;
    this.#grow(this.#used);
  }

  setNumber(slot: number, value: number): void {
    if (slot >= this.#values.length) this.#grow(slot + 1);
    this.#values[slot] = value === large ? Number.NaN : value;
  }

  /** For a value that a number would not hold exactly. */
  setLarge(slot: number, value: bigint): void {
    this.setNumber(slot, 0);
    this.#values[slot] = large;
    this.#large ??= new Map();
    this.#large.set(slot, value);
  }

  setText(slot: number, text: string): void {
    this.setNumber(slot, this.#texts.push(text) - 1);
  }

  number(slot: number): number | undefined {
    const value = this.#values[slot] ?? Number.NaN;
    return Number.isNaN(value) ? undefined : value;
  }

  count(slot: number): Count | undefined {
    const value = this.#values[slot] ?? Number.NaN;
    if (value < large) return value;
    return value === large ? this.#large?.get(slot) : undefined;
  }

  text(slot: number): string | undefined {
    const value = this.number(slot);
    return value === undefined ? undefined : this.#texts[value];
  }

  flag(slot: number): boolean | undefined {
    const value = this.number(slot);
    return value === undefined ? undefined : value !== 0;
  }

  #grow(slots: number): void {
    if (slots <= this.#values.length) return;
    const grown = new Float64Array(Math.max(slots, this.#values.length * 2)).fill(
      Number.NaN,
      this.#values.length,
    );
    grown.set(this.#values);
    this.#values = grown;
  }
}

/** Slots of fields that lie together, by name, counted from where their group begins. */
export type Slots<Name extends string> = Readonly<Record<Name, number>> & { readonly size: number };

export function slots<const Name extends string>(...names: readonly Name[]): Slots<Name> {
  return Object.freeze({
    ...Object.fromEntries(names.map((name, slot) => [name, slot])),
    size: names.length,
  }) as unknown as Slots<Name>;
}

/** Of a thing that no reading tells of: nothing is known. */
export const noFigures = new Figures(0);

/**
 * Figures that lie together from a slot on: those of a domain, a disk, ... Only a view of them, made anew
 * whenever it is needed; the views that live on are the rows of the model, which extend them.
 */
export abstract class FigureGroup {
  // Declared, so that they are written once: defined first, they cost ten times as much in a class with so many heirs.
  declare readonly figures: Figures;
  declare readonly base: number;

  constructor(figures: Figures, base: number) {
    this.figures = figures;
    this.base = base;
  }

  protected small(slot: number): number | undefined {
    return this.figures.number(this.base + slot);
  }

  protected count(slot: number): Count | undefined {
    return this.figures.count(this.base + slot);
  }

  protected text(slot: number): string | undefined {
    return this.figures.text(this.base + slot);
  }

  protected flag(slot: number): boolean | undefined {
    return this.figures.flag(this.base + slot);
  }

  /** Undefined leaves the slot unknown. */
  protected note(slot: number, value: number | undefined): void {
    if (value !== undefined) this.figures.setNumber(this.base + slot, value);
  }

  /** The same for a text. */
  protected noteText(slot: number, text: string | undefined): void {
    if (text !== undefined) this.figures.setText(this.base + slot, text);
  }
}

/** The figures of a numbered thing: a vCPU, a disk, ... */
export abstract class NumberedFigures extends FigureGroup {
  /** In the names of libvirt's parameters. */
  declare readonly number: number;

  constructor(number: number, figures: Figures, base: number) {
    super(figures, base);
    this.number = number;
  }
}
