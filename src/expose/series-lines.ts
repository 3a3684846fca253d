import type { Dimensions } from '../families/dimensions.ts';
import type { Series } from '../families/family.ts';
import { hypervisorLabel, type LabelRows } from '../families/label-set.ts';
import type { CellReader } from '../families/reading.ts';
import type { SeriesValues } from '../families/series-values.ts';
import { pair } from './label-text.ts';
import type { LinesBench } from './lines-bench.ts';
import { LinesMemory } from './lines-memory.ts';
import { writeNumber } from './number-text.ts';

/**
 * Lines are put together to texts of about so many characters. A longer one would outlive a collection of garbage, and all
 * that it consists of with it, which costs more than to make it.
 */
const pieceLength = 4096;

/** A character of a text has at most so many octets in UTF-8. */
const maxOctets = 3;

const lineEnd = 0x0a;
const space = 0x20;

/** In place of where the value of a row is: it has none in this image, or its labels say that it never has a line. */
const noValue = -1;
const leftOut = -2;

const noLines: Buffer = Buffer.alloc(0);

export interface SeriesLinesOptions {
  /** The name of the family. */
  readonly family: string;
  readonly values: SeriesValues;
  readonly dimensions: Dimensions;
  /** What the label `hypervisor` says; empty where there is none. */
  readonly hypervisor: string;
}

/**
 * The lines of a series over one tree, kept from image to image. As long as the labels and the rows that have a value
 * are the same only the digits are written, where they are: nine tenths of a body are names and labels.
 */
export class SeriesLines {
  readonly #series: Series;
  readonly #options: SeriesLinesOptions;
  readonly #close: string;
  /** Whether a label says which hypervisor it is. */
  readonly #isOneOfMany: boolean;
  #labels: LabelRows | undefined;
  #memory: LinesMemory | undefined;
  #length = 0;
  /** Where the value of each row begins. */
  #starts = new Int32Array(0);
  /** Octets of each value. */
  #lengths = new Uint8Array(0);

  constructor(series: Series, options: SeriesLinesOptions) {
    const { hypervisor } = options;
    this.#series = series;
    this.#options = options;
    this.#isOneOfMany = hypervisor !== '';
    const fixed = Object.entries(series.fixed).map(([label, value]) => pair(label, value));
    if (this.#isOneOfMany) fixed.push(pair(hypervisorLabel, hypervisor));
    this.#close = fixed.join(',');
  }

  get lines(): Buffer {
    return this.#memory?.octets.subarray(0, this.#length) ?? noLines;
  }

  /** Where they lie; undefined if they have not been written. */
  get memory(): LinesMemory | undefined {
    return this.#memory;
  }

  /** Writes what the current image says, or leaves what was written before if that is the same. */
  write(bench: LinesBench): void {
    const { values, dimensions } = this.#options;
    const labels = dimensions.rowsOf(this.#series);
    const isOther = labels !== this.#labels;
    this.#labels = labels;
    const isChanged = values.changed();
    if (this.#memory !== undefined && !isOther) {
      if (!isChanged) return;
      if (this.#replaceValues(values.reader(), bench)) return;
    }
    this.#writeAnew(labels, values.reader(), bench);
  }

  forget(): void {
    this.#memory = undefined;
    this.#labels = undefined;
    this.#length = 0;
    this.#starts = new Int32Array(0);
    this.#lengths = new Uint8Array(0);
  }

  /** False if other rows have a value than before. */
  #replaceValues(read: CellReader, bench: LinesBench): boolean {
    const starts = this.#starts;
    const before = this.#lengths;
    bench.makeRoomForNumbers(starts.length);
    const { digits, lengths } = bench;
    let end = 0;
    let isMoved = false;
    for (let row = 0; row < starts.length; row++) {
      const start = starts[row] as number;
      if (start === leftOut) continue;
      const value = read(row);
      const isMissing = Number.isNaN(value);
      if (isMissing !== (start === noValue)) return false;
      if (isMissing) continue;
      const from = end;
      end = writeNumber(digits, from, value);
      lengths[row] = end - from;
      if (end - from !== before[row]) isMoved = true;
    }
    if (isMoved) this.#moveAndReplace(bench);
    else this.#replace(digits);
    return true;
  }

  /** Writes numbers that are as long as those before. */
  #replace(digits: Buffer): void {
    const starts = this.#starts;
    const lengths = this.#lengths;
    const octets = this.#writable().octets;
    let from = 0;
    for (let row = 0; row < starts.length; row++) {
      const start = starts[row] as number;
      if (start < 0) continue;
      const end = start + (lengths[row] as number);
      for (let at = start; at < end; at++) octets[at] = digits[from++] as number;
    }
  }

  /** Writes numbers some of which are longer or shorter than before: what lies between those moves as a whole. */
  #moveAndReplace(bench: LinesBench): void {
    const { digits, lengths } = bench;
    const starts = this.#starts;
    const before = this.#lengths;
    const oldLength = this.#length;
    let newLength = oldLength;
    for (let row = 0; row < starts.length; row++) {
      if ((starts[row] as number) >= 0) newLength += (lengths[row] as number) - (before[row] as number);
    }
    // The old lines lie before the new ones in the same memory, so that moving makes no views of it.
    const work = bench.lines(oldLength + newLength);
    work.set(this.lines);
    let from = 0;
    let runFrom = 0;
    let to = oldLength;
    for (let row = 0; row < starts.length; row++) {
      const start = starts[row] as number;
      if (start < 0) continue;
      const length = lengths[row] as number;
      const oldEnd = start + (before[row] as number);
      starts[row] = to + start - runFrom - oldLength;
      if (start + length === oldEnd) {
        for (let at = start; at < oldEnd; at++) work[at] = digits[from++] as number;
        continue;
      }
      work.copyWithin(to, runFrom, start);
      to += start - runFrom;
      for (let rest = length; rest > 0; rest--) work[to++] = digits[from++] as number;
      runFrom = oldEnd;
      before[row] = length;
    }
    work.copyWithin(to, runFrom, oldLength);
    this.#keep(work.subarray(oldLength, oldLength + newLength));
  }

  /** A line for each row that has a value. */
  #writeAnew(labels: LabelRows, read: CellReader, bench: LinesBench): void {
    const opened = bench.openedRows(labels, this.#isOneOfMany);
    const starts = new Int32Array(opened.length);
    let length = 0;
    let text = '';
    const add = (): void => {
      length += bench.lines(length + text.length * maxOctets, length).write(text, length);
      text = '';
    };
    for (let row = 0; row < opened.length; row++) {
      const open = opened[row];
      if (open === undefined) {
        starts[row] = leftOut;
        continue;
      }
      const value = read(row);
      if (Number.isNaN(value)) {
        starts[row] = noValue;
        continue;
      }
      text += this.#line(open, value);
      if (text.length >= pieceLength) add();
    }
    add();
    const work = bench.lines(length, length);
    this.#starts = starts;
    this.#lengths = new Uint8Array(opened.length);
    findValues(work, starts, this.#lengths);
    this.#keep(work.subarray(0, length));
  }

  #line(open: string, value: number | bigint): string {
    const { family } = this.#options;
    if (open === '')
      return this.#close === '' ? `${family} ${value}\n` : `${family}{${this.#close}} ${value}\n`;
    return this.#close === ''
      ? `${family}{${open}} ${value}\n`
      : `${family}{${open},${this.#close}} ${value}\n`;
  }

  #keep(lines: Buffer): void {
    const known = this.#memory;
    const memory =
      known?.isHeld === false && known.fits(lines.length) ? known : new LinesMemory(lines.length);
    memory.octets.set(lines);
    this.#memory = memory;
    this.#length = lines.length;
  }

  /** Memory with the lines that nobody else has. */
  #writable(): LinesMemory {
    const known = this.#memory;
    if (known?.isHeld === false) return known;
    const memory = new LinesMemory(this.#length);
    memory.octets.set(this.lines);
    this.#memory = memory;
    return memory;
  }
}

/** Notes where in some lines the values are, behind the last space of each; labels have no line ends in them. */
function findValues(lines: Buffer, starts: Int32Array, lengths: Uint8Array): void {
  let at = 0;
  for (let row = 0; row < starts.length; row++) {
    if ((starts[row] as number) < 0) continue;
    let start = at;
    for (; lines[at] !== lineEnd; at++) if (lines[at] === space) start = at + 1;
    starts[row] = start;
    lengths[row] = at - start;
    at += 1;
  }
}
