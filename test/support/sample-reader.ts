import { noFigures } from '../../src/collect/decode/figures.ts';
import { RowReader } from '../../src/collect/decode/row-reader.ts';
import type { FigureTraits } from '../../src/model/figure-reader.ts';
import type { Count } from '../../src/model/scalar-types.ts';

/** Values of parameters by name, in libvirt's units. What is not given is not known. */
export type SampleValues = Readonly<Record<string, Count | string | boolean>>;

/** Reads rows of the model from values by name, with the conversions of the reader in use. */
export class SampleReader extends RowReader {
  readonly #values: SampleValues;

  constructor(values: SampleValues, active = true) {
    super();
    this.#values = values;
    this.at(noFigures, 0, active);
  }

  override count(parameter: string, traits?: FigureTraits): Count | undefined {
    const value = this.#value(parameter, traits);
    return typeof value === 'number' || typeof value === 'bigint' ? value : undefined;
  }

  override small(parameter: string, traits?: FigureTraits): number | undefined {
    const value = this.#value(parameter, traits);
    return typeof value === 'number' ? value : undefined;
  }

  override rate(parameter: string, traits?: FigureTraits): number | undefined {
    return this.active ? this.small(parameter, traits) : 0;
  }

  override text(parameter: string, traits?: FigureTraits): string | undefined {
    const value = this.#value(parameter, traits);
    return typeof value === 'string' ? value : undefined;
  }

  override flag(parameter: string, traits?: FigureTraits): boolean | undefined {
    const value = this.#value(parameter, traits);
    return typeof value === 'boolean' ? value : undefined;
  }

  #value(parameter: string, traits: FigureTraits | undefined): Count | string | boolean | undefined {
    return !this.active && traits?.live === true ? undefined : this.#values[parameter];
  }
}
