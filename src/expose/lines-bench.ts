import { besideHypervisor, type LabelRows } from '../families/label-set.ts';
import { pair } from './label-text.ts';

/** What a number of this format takes at most, in octets: a double with its sign, exponent and 17 digits; 64 bits in 20. */
export const maxNumberOctets = 32;

const noOctets: Buffer = Buffer.alloc(0);

/** Where lines are made: memory that all series use one after another, and what several of them have in common. */
export class LinesBench {
  /** Numbers of the current image, one behind another. */
  digits: Buffer = noOctets;
  /** Octets of each of them, by row. */
  lengths: Uint8Array = new Uint8Array(0);
  #lines: Buffer = noOctets;
  readonly #opened = new Map<LabelRows, readonly (string | undefined)[]>();

  /** Room for the numbers of so many rows. */
  makeRoomForNumbers(rows: number): void {
    if (rows <= this.lengths.length) return;
    this.lengths = new Uint8Array(rows);
    this.digits = Buffer.allocUnsafeSlow(rows * maxNumberOctets);
  }

  /** Memory of at least so many octets, with what the first of them held before. */
  lines(length: number, used = 0): Buffer {
    if (length > this.#lines.length) {
      const larger = Buffer.allocUnsafeSlow(Math.ceil(length * 1.5));
      this.#lines.copy(larger, 0, 0, used);
      this.#lines = larger;
    }
    return this.#lines;
  }

  /**
   * The labels of each row as they are written, without braces.
   *
   * @param isOneOfMany whether a label says which hypervisor it is.
   */
  openedRows(labels: LabelRows, isOneOfMany: boolean): readonly (string | undefined)[] {
    const known = this.#opened.get(labels);
    if (known !== undefined) return known;
    const names = isOneOfMany ? labels.names.map(besideHypervisor) : labels.names;
    const made = labels.rows.map((values) => {
      if (values === undefined) return undefined;
      const pairs: string[] = [];
      for (const [at, value] of values.entries()) {
        // An empty label is the same as none.
        if (value !== '') pairs.push(pair(names[at] ?? '', value));
      }
      // Joined, a text no longer consists of its parts: those would be several times as large.
      return pairs.join(',');
    });
    labels.forget();
    this.#opened.set(labels, made);
    return made;
  }

  forgetLabels(): void {
    this.#opened.clear();
  }

  forget(): void {
    this.forgetLabels();
    this.digits = noOctets;
    this.lengths = new Uint8Array(0);
    this.#lines = noOctets;
  }
}
