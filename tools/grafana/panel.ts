import type { Source } from '../prometheus/source.ts';
import { grafanaUnit, wordsOf } from './served-family.ts';

/** A query of a panel. */
export interface Query {
  readonly expr: string;
  /** The legend, or in a table the heading of the value. */
  readonly name: string;
  /** In a table, that a label has what is wanted, under this heading: the value is 1. */
  readonly text?: string;
}

export type PanelKind = 'stat' | 'timeseries' | 'bargauge' | 'state-timeline' | 'table';

/** From which value on a panel changes its colour; the first colour is that of everything below. */
export type Steps = readonly [string, ...(readonly [number, string])[]];

/** How the values of a panel, or of one column of a table, are shown. */
export interface Display {
  /** Grafana's word for the unit. */
  readonly unit?: string;
  /** A family whose words stand for the values. */
  readonly words?: string;
  readonly steps?: Steps;
}

export interface Panel extends Display {
  readonly kind: PanelKind;
  readonly title: string;
  readonly description: string;
  readonly queries: readonly Query[];
  /** Of 24 columns. */
  readonly width: number;
  readonly height: number;
  /** Areas on top of each other. */
  readonly isStacked?: boolean;
  /** Of columns of a table, by their headings. */
  readonly columns?: Readonly<Record<string, Display>>;
  /** Other headings of labels in a table. */
  readonly headings?: Readonly<Record<string, string>>;
  /** A link of a table from the values of a column, by the heading: a path with Grafana's variables. */
  readonly links?: Readonly<Record<string, string>>;
}

/** What a panel may have besides its kind, title and queries; the description is that of its first family. */
export type PanelOptions = Partial<Omit<Panel, 'kind' | 'title' | 'queries'>>;

const sizes: Readonly<Record<PanelKind, readonly [width: number, height: number]>> = {
  stat: [4, 4],
  timeseries: [12, 8],
  bargauge: [8, 9],
  'state-timeline': [24, 6],
  table: [24, 9],
};

/** Makes a panel of a kind; unit and description are those of the first family in its queries, unless given. */
export type PanelMaker = (
  kind: PanelKind,
  title: string,
  queries: readonly Query[],
  options?: PanelOptions,
) => Panel;

/** Panels whose queries are for a source. Throws for a family that it does not have. */
export function panelsOf(source: Source): PanelMaker {
  return (kind, title, queries, options = {}) => {
    const [width, height] = sizes[kind];
    const [family] = queries.flatMap(({ expr }) => familiesIn(expr)).map((name) => source.family(name));
    if (family === undefined) throw new Error(`"${title}" asks for no family`);
    return {
      kind,
      title,
      queries,
      width,
      height,
      description: family.help,
      ...(kind === 'table' ? {} : { unit: grafanaUnit(family) }),
      ...options,
    };
  };
}

/** One row with the texts of an info family: the labels of one series, or a series for each text. */
export function textQueries(
  source: Source,
  family: string,
  select: (family: string) => string,
): readonly Query[] {
  const texts = source.texts(family);
  const [only] = texts;
  if (texts.length === 1 && only?.family === family) return [{ expr: select(family), name: 'Value' }];
  return texts.map((text) => ({
    expr: select(text.family),
    name: text.label,
    text: text.label.replace(
      /^libvirt_(?:agent|domain_block_stats|domain_interface_stats|domain_guest|domain)_/,
      '',
    ),
  }));
}

/** The names of the families in an expression. */
export function familiesIn(expr: string): readonly string[] {
  return expr.match(/\blibvirt_\w+(?=\{)/g) ?? [];
}

const source = { type: 'prometheus', uid: `\${datasource}` } as const;

/** The panel as Grafana reads it. */
export function renderPanel(
  { kind, title, description, width, height, queries, ...shown }: Panel,
  id: number,
  x: number,
  y: number,
): object {
  const isTable = kind === 'table';
  const isNow = isTable || kind === 'stat' || kind === 'bargauge';
  return {
    id,
    type: kind,
    title,
    description,
    datasource: source,
    gridPos: { h: height, w: width, x, y },
    targets: queries.map(({ expr, name }, at) => ({
      refId: refIdOf(at),
      datasource: source,
      editorMode: 'code',
      expr,
      format: isTable ? 'table' : 'time_series',
      instant: isNow,
      range: !isNow,
      legendFormat: name,
    })),
    fieldConfig: {
      defaults: { ...renderDisplay(shown), ...custom(kind, shown.isStacked ?? false) },
      overrides: overridesOf(shown),
    },
    options: optionsOf(kind),
    ...(isTable ? { transformations: transformationsOf(queries, shown.headings) } : {}),
  };
}

/** A to Z: no panel has more queries. */
function refIdOf(at: number): string {
  return String.fromCharCode(65 + at);
}

function renderDisplay({ unit, words, steps }: Display): object {
  return {
    ...(unit === undefined ? {} : { unit }),
    ...(words === undefined ? {} : { mappings: [mappingOf(words)] }),
    ...(steps === undefined ? {} : { color: { mode: 'thresholds' }, thresholds: thresholdsOf(steps) }),
  };
}

function mappingOf(family: string): object {
  const options = [...wordsOf(family)].map(([value, text], index): [string, object] => [
    String(value),
    { text, index },
  ]);
  return { type: 'value', options: Object.fromEntries(options) };
}

function thresholdsOf([base, ...rest]: Steps): object {
  const steps = [{ color: base, value: null }, ...rest.map(([value, color]) => ({ color, value }))];
  return { mode: 'absolute', steps };
}

function custom(kind: PanelKind, isStacked: boolean): object {
  if (kind === 'timeseries') {
    return {
      custom: {
        fillOpacity: isStacked ? 40 : 10,
        lineWidth: 1,
        showPoints: 'auto',
        stacking: { mode: isStacked ? 'normal' : 'none', group: 'A' },
      },
    };
  }
  if (kind === 'state-timeline') return { custom: { fillOpacity: 70, lineWidth: 0 } };
  return kind === 'table' ? { custom: { filterable: true } } : {};
}

function optionsOf(kind: PanelKind): object {
  const last = { calcs: ['lastNotNull'], fields: '', values: false };
  switch (kind) {
    case 'stat':
      return { reduceOptions: last, colorMode: 'value', graphMode: 'none', textMode: 'auto' };
    case 'bargauge':
      return { reduceOptions: last, orientation: 'horizontal', displayMode: 'basic' };
    case 'timeseries':
      return {
        legend: { displayMode: 'table', placement: 'bottom', calcs: ['lastNotNull', 'max'] },
        tooltip: { mode: 'multi', sort: 'desc' },
      };
    case 'state-timeline':
      return { mergeValues: true, showValue: 'auto', legend: { displayMode: 'list', placement: 'bottom' } };
    case 'table':
      return { showHeader: true };
  }
}

function overridesOf({ columns = {}, links = {} }: Pick<Panel, 'columns' | 'links'>): readonly object[] {
  const shown = Object.entries(columns).map(([heading, display]) => ({
    matcher: { id: 'byName', options: heading },
    properties: [
      ...Object.entries(renderDisplay(display)).map(([id, value]): object => ({ id, value })),
      ...(display.steps === undefined ? [] : [{ id: 'custom.cellOptions', value: { type: 'color-text' } }]),
    ],
  }));
  const linked = Object.entries(links).map(([heading, url]) => ({
    matcher: { id: 'byName', options: heading },
    properties: [{ id: 'links', value: [{ title: 'Open its dashboard', url }] }],
  }));
  return [...shown, ...linked];
}

/** Of snmp_exporter: rows have names beside their numbers. */
const numbers = ['domain_index', 'disk_index', 'nic_index', 'collector_id', 'warning_index', 'module'];

/** One row for what the queries have in common, with a column for the value or the text of each. */
function transformationsOf(queries: readonly Query[], headings: Panel['headings'] = {}): readonly object[] {
  const heading = (at: number): string => (queries.length === 1 ? 'Value' : `Value #${refIdOf(at)}`);
  const hidden = queries.flatMap(({ text }, at) => (text === undefined ? [] : [heading(at)]));
  const named = queries.map(({ name, text }, at) =>
    text === undefined ? [heading(at), name] : [name, text],
  );
  return [
    { id: 'merge', options: {} },
    {
      id: 'organize',
      options: {
        excludeByName: Object.fromEntries(
          ['Time', '__name__', 'job', ...numbers, ...hidden].map((name) => [name, true]),
        ),
        renameByName: { ...Object.fromEntries(named), ...headings },
      },
    },
  ];
}
