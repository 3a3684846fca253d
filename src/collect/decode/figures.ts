import { increase } from '../../model/arithmetic.ts';
import type { Count, EpochMs } from '../../model/scalar-types.ts';
import { systemClock } from '../../run/clock.ts';

/** Stands in a slot whose value is a bigint and kept apart. */
const large = Number.POSITIVE_INFINITY;

/**
 * The figures of the readings that came with one reply, as one block of numbers: a thousand domains bring
 * some hundred figures each every few seconds, and as many objects would cost more to collect than to read.
 * A slot is written once, before the reading is published; one that was not written is unknown.
 */
export class Figures {
  /** Wall clock at the reply. */
  readonly at: EpochMs = systemClock.now();
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

  /** Takes over what another block has in a slot, where it has anything. */
  copy(slot: number, from: Figures, fromSlot: number, isText: boolean): void {
    if (isText) {
      const text = from.text(fromSlot);
      if (text !== undefined) this.setText(slot, text);
      return;
    }
    this.setCount(slot, from.count(fromSlot));
  }

  /** Undefined leaves the slot unknown. */
  setCount(slot: number, value: Count | undefined): void {
    if (typeof value === 'number') this.setNumber(slot, value);
    else if (value !== undefined) this.setLarge(slot, value);
  }

  /**
   * Whether any of some counts is less than in an earlier block; one that is not known in both is not.
   *
   * @param slots - counted from `base` here and from `earlierBase` there.
   */
  anyFell(slots: readonly number[], base: number, earlier: Figures, earlierBase: number): boolean {
    const values = this.#values;
    const before = earlier.#values;
    for (const slot of slots) {
      const now = values[base + slot] ?? Number.NaN;
      const then = before[earlierBase + slot] ?? Number.NaN;
      if (now < then) return true;
      if (now !== large || then !== large) continue;
      const largeBefore = earlier.#large?.get(earlierBase + slot) ?? 0n;
      if ((this.#large?.get(base + slot) ?? 0n) < largeBefore) return true;
    }
    return false;
  }

  /** Whether any of some counts, whose slots are counted from `base`, is at least this. */
  anyAtLeast(limit: number, slots: readonly number[], base: number): boolean {
    const values = this.#values;
    for (const slot of slots) if ((values[base + slot] ?? Number.NaN) >= limit) return true;
    return false;
  }

  /** Whether all of some texts are the same as in an earlier block; slots as in {@link anyFell}. */
  sameTexts(slots: readonly number[], base: number, earlier: Figures, earlierBase: number): boolean {
    for (const slot of slots) {
      if (this.text(base + slot) !== earlier.text(earlierBase + slot)) return false;
    }
    return true;
  }

  /** What a count has grown by since an earlier block; NaN where it has fallen, or either is not known. */
  increase(slot: number, earlier: Figures, earlierSlot: number): number {
    const now = this.#values[slot] ?? Number.NaN;
    const before = earlier.#values[earlierSlot] ?? Number.NaN;
    if (now < large && before < large) return now >= before ? now - before : Number.NaN;
    return increase(this.count(slot), earlier.count(earlierSlot)) ?? Number.NaN;
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

/** Of a thing that no reading tells of: nothing is known. */
export const noFigures = new Figures(64);
