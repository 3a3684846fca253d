import type { FigureReader, FigureTraits } from '../../model/figure-reader.ts';

/** Which values a field takes; any other value of its parameter leaves it unknown. */
export type FieldKind =
  /** A non-negative integer of any width. */
  | 'count'
  /** A number that fits 32 bits by its nature. */
  | 'small'
  | 'text'
  | 'flag';

/** Where the value of a parameter is kept. */
export interface Field {
  readonly parameter: string;
  readonly kind: FieldKind;
  /** Counted from where the figures of its thing begin. */
  readonly slot: number;
  readonly traits: FigureTraits;
}

/** The fields of one kind of thing, as the lines of its rows name them. */
export class Fields {
  readonly #byParameter: ReadonlyMap<string, Field>;
  readonly #firstSlots: readonly number[];
  readonly size: number;
  /**
   * Rows of which nothing is known. As long as one of its kind exists, V8 knows that a figure may be undefined, and
   * keeps the small ones as they are: else each number of each row would have 16 octets of its own.
   */
  readonly unknown: readonly unknown[];

  /** @param rows - what reads each row, given a reader; their figures lie together in this order. */
  constructor(...rows: readonly ((read: FigureReader) => unknown)[]) {
    const fields = new Map<string, Field>();
    const recorder = new FieldRecorder(fields);
    const firstSlots: number[] = [];
    this.unknown = rows.map((row) => {
      firstSlots.push(fields.size);
      return row(recorder);
    });
    this.#firstSlots = firstSlots;
    this.#byParameter = fields;
    this.size = fields.size;
  }

  /** In the order of their slots. */
  get all(): readonly Field[] {
    return [...this.#byParameter.values()];
  }

  /** The slots of those that never fall. */
  get counters(): readonly number[] {
    return this.all.filter(({ traits }) => traits.counter === true).map(({ slot }) => slot);
  }

  /** The field of a parameter, if a row has it. */
  of(parameter: string): Field | undefined {
    return this.#byParameter.get(parameter);
  }

  /** @throws TypeError if no row has such a figure. */
  slot(parameter: string): number {
    const field = this.#byParameter.get(parameter);
    if (field === undefined) throw new TypeError(`no row reads ${parameter}`);
    return field.slot;
  }

  /** Where the figures of the row begin that was given at this place. */
  firstSlot(row: number): number {
    return this.#firstSlots[row] ?? 0;
  }
}

/** Takes down what a row reads, in its order: each figure has the next slot. */
class FieldRecorder implements FigureReader {
  readonly active = true;
  readonly #fields: Map<string, Field>;

  constructor(fields: Map<string, Field>) {
    this.#fields = fields;
  }

  shows(): boolean {
    return true;
  }

  count(parameter: string, traits?: FigureTraits): undefined {
    this.#record(parameter, 'count', traits);
  }

  nsToUs(parameter: string, traits?: FigureTraits): undefined {
    this.#record(parameter, 'count', traits);
  }

  kibToBytes(parameter: string, traits?: FigureTraits): undefined {
    this.#record(parameter, 'count', traits);
  }

  moment(parameter: string, traits?: FigureTraits): undefined {
    this.#record(parameter, 'count', traits);
  }

  small(parameter: string, traits?: FigureTraits): undefined {
    this.#record(parameter, 'small', traits);
  }

  rate(parameter: string, traits?: FigureTraits): undefined {
    this.#record(parameter, 'small', traits);
  }

  state(parameter: string, _names: readonly string[], _unlisted?: string, traits?: FigureTraits): undefined {
    this.#record(parameter, 'small', traits);
  }

  text(parameter: string, traits?: FigureTraits): undefined {
    this.#record(parameter, 'text', traits);
  }

  flag(parameter: string, traits?: FigureTraits): undefined {
    this.#record(parameter, 'flag', traits);
  }

  #record(parameter: string, kind: FieldKind, traits: FigureTraits = noTraits): void {
    if (this.#fields.has(parameter)) throw new TypeError(`${parameter} is read twice`);
    this.#fields.set(parameter, { parameter, kind, slot: this.#fields.size, traits });
  }
}

const noTraits: FigureTraits = {};
