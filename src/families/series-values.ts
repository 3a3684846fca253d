import type { ImageColumn, ImageTree } from '../image/image-tree.ts';
import { ColumnWatch } from './column-watch.ts';
import type { Family, Series } from './family.ts';
import { type CellReader, cellReader, differenceReader } from './reading.ts';

/** The values of a series over one tree. */
export class SeriesValues {
  readonly #series: Series;
  readonly #columns: readonly { readonly column: ImageColumn; readonly watch: ColumnWatch }[];

  private constructor(series: Series, columns: readonly ImageColumn[]) {
    this.#series = series;
    this.#columns = columns.map((column) => ({ column, watch: new ColumnWatch() }));
  }

  /** Undefined if the tree does not have what the series is made of. */
  static of(series: Series, tree: ImageTree): SeriesValues | undefined {
    const names = [series.object, series.minus].filter((name) => name !== undefined);
    const columns = names.map((name) => tree.column(name)).filter((column) => column !== undefined);
    return columns.length === names.length ? new SeriesValues(series, columns) : undefined;
  }

  /** Whether a value is not as it was when this was asked last. */
  changed(): boolean {
    let isChanged = false;
    for (const { column, watch } of this.#columns) isChanged = watch.changed(column) || isChanged;
    return isChanged;
  }

  /** Reads the current image, as long as that is current. NaN is no value. */
  reader(): CellReader {
    const [whole, part] = this.#columns;
    const { reading } = this.#series;
    if (whole === undefined || reading === undefined) return () => 1;
    return part === undefined
      ? cellReader(whole.column, reading)
      : differenceReader(whole.column, part.column, reading);
  }
}

/** A series that has values over a tree, and whose it is. */
export interface ValuedSeries {
  readonly family: Family;
  readonly series: Series;
  readonly values: SeriesValues;
}

/** All that are measured: what only tells texts is left out. */
export function valuedSeries(tree: ImageTree, families: readonly Family[]): readonly ValuedSeries[] {
  return families.flatMap((family) =>
    family.series.flatMap((series) => {
      const values = family.type === 'info' ? undefined : SeriesValues.of(series, tree);
      return values === undefined ? [] : [{ family, series, values }];
    }),
  );
}
