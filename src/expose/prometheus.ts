import { Dimensions } from '../families/dimensions.ts';
import type { Family, FamilyType, Series } from '../families/family.ts';
import {
  type AnyLabelSources,
  besideHypervisor,
  hypervisorLabel,
  type LabelRows,
} from '../families/label-set.ts';
import { SeriesValues } from '../families/series-values.ts';
import type { ImageTree } from '../image/image-tree.ts';
import { OctetsOfText } from './octets-of-text.ts';

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

/**
 * Lines are put together to texts of about so many characters. A longer one would outlive a collection of garbage, and all
 * that it consists of with it, which costs more than to make it.
 */
const pieceLength = 4096;

/** The memory of a body. It is written again when there is another image, unless somebody has it still. */
export class BodyMemory {
  readonly octets: OctetsOfText;
  #holders = 0;

  constructor(capacity?: number) {
    this.octets = new OctetsOfText(capacity);
  }

  get isHeld(): boolean {
    return this.#holders > 0;
  }

  /** Keeps it as it is until the function that is returned is called. */
  hold(): () => void {
    this.#holders += 1;
    let isHeld = true;
    return () => {
      if (isHeld) this.#holders -= 1;
      isHeld = false;
    };
  }
}

/** A body, and whose memory it lies in; undefined if it has its own. */
export interface ExposedBody {
  readonly octets: Buffer;
  readonly memory: BodyMemory | undefined;
}

/** A family of all sources. */
class RenderedFamily {
  readonly family: Family;
  readonly heads: Readonly<Record<ExpositionFormat, Buffer>>;
  readonly bySource: readonly SourceLines[];

  constructor(family: Family, sources: readonly LabelledSource[]) {
    this.family = family;
    this.heads = { text: Buffer.from(textHead(family)), openmetrics: Buffer.from(openMetricsHead(family)) };
    this.bySource = sources.map((source) => new SourceLines(family, source));
  }
}

/** What one source has of a family, kept as long as its values and labels are the same. */
class SourceLines {
  /** Where its lines are; the same twice if it has none. */
  #from = 0;
  #to = 0;
  /** Undefined if they are nowhere. */
  #memory: BodyMemory | undefined;
  readonly #series: readonly RenderedSeries[];
  readonly #dimensions: Dimensions;

  constructor(family: Family, { name, tree, dimensions }: LabelledSource) {
    this.#dimensions = dimensions;
    this.#series = family.series.flatMap((series) => {
      const values = SeriesValues.of(series, tree);
      return values === undefined ? [] : new RenderedSeries(family.name, series, values, name);
    });
  }

  /** Writes what the current image says, or what was written before if that is the same. */
  write(memory: BodyMemory): void {
    let isChanged = false;
    const rows = this.#series.map(({ series }) => this.#dimensions.rowsOf(series));
    for (const [at, series] of this.#series.entries()) {
      const labels = rows[at];
      if (labels !== undefined && series.changed(labels)) isChanged = true;
    }
    const from = memory.octets.length;
    if (isChanged || this.#memory === undefined) {
      for (const series of this.#series) series.writeTo(memory.octets);
    } else {
      memory.octets.addOctets(this.lines);
    }
    this.#memory = memory;
    this.#from = from;
    this.#to = memory.octets.length;
  }

  get lines(): Buffer {
    return this.#memory?.octets.view(this.#from, this.#to) ?? noLines;
  }

  forget(): void {
    this.#memory = undefined;
  }
}

const noLines: Buffer = Buffer.alloc(0);

class RenderedSeries {
  readonly series: Series;
  readonly #name: string;
  readonly #close: string;
  readonly #values: SeriesValues;
  /** Whether a label says which hypervisor it is. */
  readonly #isOneOfMany: boolean;
  #labels: LabelRows | undefined;

  constructor(name: string, series: Series, values: SeriesValues, hypervisor: string) {
    this.series = series;
    this.#name = name;
    this.#isOneOfMany = hypervisor !== '';
    const fixed = Object.entries(series.fixed).map(([label, value]) => pair(label, value));
    if (this.#isOneOfMany) fixed.push(pair(hypervisorLabel, hypervisor));
    this.#close = fixed.join(',');
    this.#values = values;
  }

  changed(labels: LabelRows): boolean {
    const isOther = labels !== this.#labels;
    this.#labels = labels;
    return this.#values.changed() || isOther;
  }

  /** A line for each row that has a value. */
  writeTo(octets: OctetsOfText): void {
    const labels = this.#labels;
    if (labels === undefined) return;
    const read = this.#values.reader();
    const opened = openedRows(labels, this.#isOneOfMany);
    let text = '';
    for (let row = 0; row < opened.length; row++) {
      const open = opened[row];
      if (open === undefined) continue;
      const value = read(row);
      if (Number.isNaN(value)) continue;
      text += this.#line(open, value);
      if (text.length < pieceLength) continue;
      octets.add(text);
      text = '';
    }
    octets.add(text);
  }

  #line(open: string, value: number | bigint): string {
    if (open === '')
      return this.#close === '' ? `${this.#name} ${value}\n` : `${this.#name}{${this.#close}} ${value}\n`;
    return this.#close === ''
      ? `${this.#name}{${open}} ${value}\n`
      : `${this.#name}{${open},${this.#close}} ${value}\n`;
  }
}

/** The labels of each row as they are written, without braces. */
function openedRows(labels: LabelRows, isOneOfMany: boolean): readonly (string | undefined)[] {
  const known = opened.get(labels);
  if (known !== undefined) return known;
  const { rows } = labels;
  const names = isOneOfMany ? labels.names.map(besideHypervisor) : labels.names;
  const made = rows.map((values) => {
    if (values === undefined) return undefined;
    let text = '';
    for (const [at, value] of values.entries()) {
      // An empty label is the same as none.
      if (value === '') continue;
      text += text === '' ? pair(names[at] ?? '', value) : `,${pair(names[at] ?? '', value)}`;
    }
    return text;
  });
  opened.set(labels, made);
  return made;
}

const opened = new WeakMap<LabelRows, readonly (string | undefined)[]>();

function pair(name: string, value: string): string {
  return `${name}="${escapeLabel(value)}"`;
}

/** A label's value: what the format gives a meaning, and control characters. */
export function escapeLabel(value: string): string {
  if (!/["\\\p{Cc}]/u.test(value)) return value;
  return withoutControls(value).replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

/** Control characters other than line ends, which some parsers stumble over, as `\x07`. */
export function withoutControls(value: string): string {
  return value.replaceAll(
    /(?!\n)\p{Cc}/gu,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
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
  readonly #own: () => readonly OwnFamily[];
  #isCurrent = false;
  /** What was written last, in which format. */
  #written: { readonly memory: BodyMemory; readonly format: ExpositionFormat } | undefined;
  /** What was written before that, to be written again. */
  #spare: BodyMemory | undefined;

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
    for (const { bySource } of this.#families) for (const lines of bySource) lines.forget();
    this.#written = undefined;
    this.#spare = undefined;
    this.#isCurrent = false;
  }

  /**
   * The body in this format, with the families that are wanted; without that all of them.
   *
   * Whoever does not use it at once holds its memory.
   */
  lend(format: ExpositionFormat, wants?: (name: string) => boolean): ExposedBody {
    if (!this.#isCurrent || this.#written === undefined) this.#write(format);
    this.#isCurrent = true;
    const written = this.#written;
    if (written !== undefined && wants === undefined && written.format === format) {
      const { memory } = written;
      return { octets: memory.octets.view(0, memory.octets.length), memory };
    }
    const chunks: Buffer[] = [];
    for (const { family, heads, bySource } of this.#families) {
      const lines = bySource.map((source) => source.lines).filter(({ length }) => length > 0);
      if (lines.length > 0 && wants?.(family.name) !== false) chunks.push(heads[format], ...lines);
    }
    chunks.push(...this.#others(format, wants));
    return { octets: Buffer.concat(chunks), memory: undefined };
  }

  /** The same, to be used at once. */
  body(format: ExpositionFormat, wants?: (name: string) => boolean): Buffer {
    return this.lend(format, wants).octets;
  }

  /** Writes all of it for the current image, into memory that nobody has. */
  #write(format: ExpositionFormat): void {
    const before = this.#written?.memory;
    const isFree = this.#spare !== undefined && !this.#spare.isHeld;
    const memory = isFree && this.#spare !== undefined ? this.#spare : new BodyMemory(before?.octets.length);
    const { octets } = memory;
    octets.cut(0);
    for (const { heads, bySource } of this.#families) {
      const from = octets.length;
      octets.addOctets(heads[format]);
      const behindHead = octets.length;
      for (const lines of bySource) lines.write(memory);
      if (octets.length === behindHead) octets.cut(from);
    }
    for (const chunk of this.#others(format)) octets.addOctets(chunk);
    this.#written = { memory, format };
    this.#spare = before;
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
