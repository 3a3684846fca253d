import { rowsBelow } from './cells.ts';
import type { Frame } from './frame.ts';

/** Reads what tables have of one domain. */
export class DomainRows {
  readonly #frame: Frame;
  readonly #domain: number;

  /** @param domain its lveDomIndex */
  constructor(frame: Frame, domain: number) {
    this.#frame = frame;
    this.#domain = domain;
  }

  /** The rows of the domain in the table of a column. */
  rows(name: string): readonly number[] {
    const [from, to] = rowsBelow(this.#frame.rows(name), this.#domain);
    return Array.from({ length: to - from }, (_, at) => from + at);
  }

  /** Of a table with one row for a domain; undefined if there is no such instance. */
  number(name: string): number | undefined {
    const [row] = this.rows(name);
    return row === undefined ? undefined : this.#frame.number(name, row);
  }

  /** The same in another unit. */
  scaled(name: string, factor: number): number | undefined {
    return scaled(this.number(name), factor);
  }
}

/** A number in another unit. */
export function scaled(value: number | undefined, factor: number): number | undefined {
  // 1/1000 is not exact, a division is.
  return value === undefined ? undefined : factor < 1 ? value / Math.round(1 / factor) : value * factor;
}
