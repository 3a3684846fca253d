import { Dimensions } from '../families/dimensions.ts';
import type { Family, FamilyType } from '../families/family.ts';
import type { AnyLabelSources } from '../families/label-set.ts';
import { SeriesValues } from '../families/series-values.ts';
import type { ImageTree } from '../image/image-tree.ts';
import { pair } from './label-text.ts';
import { LinesBench } from './lines-bench.ts';
import { holdAll, type LinesMemory } from './lines-memory.ts';
import { SeriesLines } from './series-lines.ts';

/**
 * Text format 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/) or OpenMetrics 1.0
 * (https://github.com/prometheus/OpenMetrics). They have the same samples under different heads.
 */
export type ExpositionFormat = 'text' | 'openmetrics';

export const contentTypes: Readonly<Record<ExpositionFormat, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** The images of one hypervisor. */
export interface ExposedSource {
  /** Its name; empty where there is only one. */
  readonly name: string;
  readonly tree: ImageTree;
}

/** A source with the labels of its rows. */
interface LabelledSource extends ExposedSource {
  readonly dimensions: Dimensions;
}

/** A body in pieces, as they lie in memory that is written again when there is another image. */
export interface ExposedBody {
  readonly pieces: readonly Buffer[];
  /** Keeps them as they are until the function that is returned is called. */
  hold(): () => void;
}

/** A family of all sources. */
class RenderedFamily {
  readonly family: Family;
  readonly heads: Readonly<Record<ExpositionFormat, Buffer>>;
  readonly series: readonly SeriesLines[];

  constructor(family: Family, sources: readonly LabelledSource[]) {
    this.family = family;
    this.heads = { text: Buffer.from(textHead(family)), openmetrics: Buffer.from(openMetricsHead(family)) };
    this.series = sources.flatMap(({ name, tree, dimensions }) =>
      family.series.flatMap((series) => {
        const values = SeriesValues.of(series, tree);
        return values === undefined
          ? []
          : new SeriesLines(series, { family: family.name, values, dimensions, hypervisor: name });
      }),
    );
  }
}

function textHead({ name, type, help }: Family): string {
  const escaped = help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return `# HELP ${name} ${escaped}\n# TYPE ${name} ${type === 'counter' ? 'counter' : 'gauge'}\n`;
}

function openMetricsHead({ name, type, help, unit }: Family): string {
  const escaped = help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
  // A counter is called by what comes before _total; one that is called otherwise cannot be one here.
  const isCounter = type === 'counter' && name.endsWith('_total');
  const family = isCounter ? name.slice(0, -'_total'.length) : name;
  const kind = isCounter ? 'counter' : type === 'counter' ? 'unknown' : 'gauge';
  const units = unit === undefined || !family.endsWith(`_${unit}`) ? '' : `# UNIT ${family} ${unit}\n`;
  return `# TYPE ${family} ${kind}\n${units}# HELP ${family} ${escaped}\n`;
}

function ownFamily({ samples, ...given }: OwnFamily, format: ExpositionFormat): Buffer {
  const family: Family = { ...given, unit: undefined, series: [] };
  const lines = samples.map(({ labels, value }) => {
    const pairs = Object.entries(labels).map(([name, text]) => pair(name, text));
    return `${given.name}{${pairs.join(',')}} ${value}\n`;
  });
  const head = format === 'text' ? textHead(family) : openMetricsHead(family);
  return Buffer.from(samples.length === 0 ? '' : `${head}${lines.join('')}`);
}

const openMetricsEnd = Buffer.from('# EOF\n');

/** A family of the program itself, which no object of the MIB holds. */
export interface OwnFamily {
  readonly name: string;
  readonly type: FamilyType;
  readonly help: string;
  readonly samples: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[];
}

export interface ExpositionOptions {
  readonly families: readonly Family[];
  /** Labels for every series that has the label `domain`. */
  readonly domainLabels: AnyLabelSources;
  /** Asked whenever a body is made. */
  readonly own?: () => readonly OwnFamily[];
}

/**
 * What /metrics answers, made from a tree of images when it is first asked for. A family whose values and labels are as
 * they were is not made again.
 */
export class PrometheusExposition {
  readonly #families: readonly RenderedFamily[];
  readonly #dimensions: readonly Dimensions[];
  readonly #own: () => readonly OwnFamily[];
  readonly #bench = new LinesBench();
  #isCurrent = false;

  /** @param sources of several, each sample has the label `hypervisor`. */
  constructor(
    sources: readonly ExposedSource[],
    { families, domainLabels, own = () => [] }: ExpositionOptions,
  ) {
    this.#own = own;
    const labelled = sources.map(({ name, tree }) => ({
      name: sources.length > 1 ? name : '',
      tree,
      dimensions: new Dimensions(tree, domainLabels),
    }));
    this.#dimensions = labelled.map(({ dimensions }) => dimensions);
    this.#families = families.map((family) => new RenderedFamily(family, labelled));
  }

  get names(): readonly string[] {
    return [...this.#families.map(({ family }) => family.name), ...this.#own().map(({ name }) => name)];
  }

  /** There is another image. */
  invalidate(): void {
    this.#isCurrent = false;
  }

  /** Nobody asks for the time being: keeps nothing. */
  forget(): void {
    for (const { series } of this.#families) for (const each of series) each.forget();
    this.#bench.forget();
    this.#isCurrent = false;
  }

  /**
   * The body in this format, with the families that are wanted; without that all of them.
   *
   * Whoever does not use it at once holds it.
   */
  lend(format: ExpositionFormat, wants?: (name: string) => boolean): ExposedBody {
    this.#write();
    const pieces: Buffer[] = [];
    const memories: LinesMemory[] = [];
    for (const { family, heads, series } of this.#families) {
      if (wants?.(family.name) === false) continue;
      let isEmpty = true;
      for (const { lines, memory } of series) {
        if (memory === undefined || lines.length === 0) continue;
        if (isEmpty) pieces.push(heads[format]);
        isEmpty = false;
        pieces.push(lines);
        memories.push(memory);
      }
    }
    pieces.push(...this.#others(format, wants));
    return { pieces, hold: () => holdAll(memories) };
  }

  /** The same in one piece, to keep. */
  body(format: ExpositionFormat, wants?: (name: string) => boolean): Buffer {
    return Buffer.concat(this.lend(format, wants).pieces);
  }

  /** Brings all lines up to the current image. */
  #write(): void {
    if (this.#isCurrent) return;
    for (const { series } of this.#families) for (const each of series) each.write(this.#bench);
    // Lines have their labels in them: only where those change are they needed once more.
    this.#bench.forgetLabels();
    for (const each of this.#dimensions) each.forget();
    this.#isCurrent = true;
  }

  /** What stands behind the families of the MIB. */
  #others(format: ExpositionFormat, wants?: (name: string) => boolean): readonly Buffer[] {
    const own = this.#own().filter(({ name }) => wants?.(name) !== false);
    return [
      ...own.map((family) => ownFamily(family, format)),
      ...(format === 'openmetrics' ? [openMetricsEnd] : []),
    ];
  }
}
