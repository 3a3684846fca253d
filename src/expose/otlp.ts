import { Dimensions } from '../families/dimensions.ts';
import type { Family } from '../families/family.ts';
import {
  type AnyLabelSources,
  besideHypervisor,
  hypervisorLabel,
  type LabelRows,
} from '../families/label-set.ts';
import { SeriesValues } from '../families/series-values.ts';
import type { ImageTree } from '../image/image-tree.ts';
import { CounterStarts } from './counter-starts.ts';
import { withoutControls } from './label-text.ts';

// OTLP 1.x: ExportMetricsServiceRequest of https://github.com/open-telemetry/opentelemetry-proto
// (docs/specification.md, opentelemetry/proto/metrics/v1/metrics.proto).

export type Attribute = readonly [key: string, value: string];

/** What is said of a metric beside its points. */
export interface OtlpMetric {
  readonly name: string;
  readonly description: string;
  /** By UCUM; empty for a plain number. */
  readonly unit: string;
  /** A cumulative sum that only grows, or a gauge. */
  readonly isSum: boolean;
}

/** When a value was read, in milliseconds since 1970. */
export interface OtlpMoment {
  readonly time: number;
  /** When the counter began to count from 0; undefined if that is not known, or of no meaning. */
  readonly start: number | undefined;
}

/** How messages are written. Those inside others are chunks. */
export interface OtlpEncoding<Chunk> {
  readonly contentType: string;
  readonly attributes: (attributes: readonly Attribute[]) => Chunk;
  readonly point: (attributes: readonly Chunk[], moment: OtlpMoment, value: number) => Chunk;
  readonly metric: (metric: OtlpMetric, points: readonly Chunk[]) => Chunk;
  readonly request: (resource: Chunk, scope: OtlpScope, metrics: readonly Chunk[]) => Uint8Array;
  /** What a good answer (ExportMetricsServiceResponse) says was not taken after all. */
  readonly rejection: (answer: Uint8Array) => OtlpRejection | undefined;
}

/** ExportMetricsPartialSuccess */
export interface OtlpRejection {
  readonly points: number;
  readonly message: string;
}

/** What made the metrics. */
export interface OtlpScope {
  readonly name: string;
  readonly version: string;
}

/** Whose the metrics are. */
export interface OtlpResource {
  /** Tells this agent from others. */
  readonly instance: string;
  readonly hostname: string;
  readonly version: string;
  /** Its name, where there are several; else empty. */
  readonly hypervisor?: string;
}

/** One request: its body and how many points it has. */
export interface OtlpRequest {
  readonly body: Uint8Array;
  readonly points: number;
}

/** Makes requests of the image that is current. */
export interface OtlpEncoder {
  /**
   * The requests of one round. A family is read at once, from the image that is current then; between two requests
   * others may have their turn.
   *
   * @param now the moment of the current image, in milliseconds since 1970.
   */
  requests(resource: OtlpResource, now: () => number): Generator<OtlpRequest>;
}

export interface OtlpEncoderOptions<Chunk> {
  readonly domainLabels: AnyLabelSources;
  /** Points of one request at most. */
  readonly maxPoints: number;
  readonly encoding: OtlpEncoding<Chunk>;
}

/** Units that receivers make the endings of names from which ours have already. */
const ucum: Readonly<Record<string, string>> = { seconds: 's', bytes: 'By', ratio: '1', hertz: 'Hz' };

const scopeName = 'libvirt-agentx';

/** The families of /metrics, under the same names and with the same labels as attributes. */
export function otlpEncoder<Chunk>(
  tree: ImageTree,
  families: readonly Family[],
  { domainLabels, maxPoints, encoding }: OtlpEncoderOptions<Chunk>,
): OtlpEncoder {
  const dimensions = new Dimensions(tree, domainLabels);
  const starts = new CounterStarts(tree);
  const metrics = families.map((family) => new EncodedFamily(family, tree, encoding));
  return {
    *requests({ instance, hostname, version, hypervisor = '' }, now) {
      const attributes: readonly Attribute[] = [
        ['service.name', scopeName],
        ['service.instance.id', instance],
        ['service.version', version],
        ['host.name', hostname],
        [hypervisorLabel, hypervisor],
      ];
      const resource = encoding.attributes(attributes.filter(([, value]) => value !== ''));
      const scope: OtlpScope = { name: scopeName, version };
      const isOneOfMany = hypervisor !== '';
      let chunks: Chunk[] = [];
      let points = 0;
      for (const metric of metrics) {
        // All of it before anybody else has a turn, in which another image may be shown.
        for (const portion of [
          ...metric.portions(dimensions, { now: now(), starts, maxPoints, isOneOfMany }),
        ]) {
          if (points + portion.points > maxPoints) {
            yield { body: encoding.request(resource, scope, chunks), points };
            chunks = [];
            points = 0;
          }
          chunks.push(portion.chunk);
          points += portion.points;
        }
      }
      if (points > 0) yield { body: encoding.request(resource, scope, chunks), points };
    },
  };
}

/** A metric with some of its points. */
interface Portion<Chunk> {
  readonly chunk: Chunk;
  readonly points: number;
}

interface PortionOptions {
  readonly now: number;
  readonly starts: CounterStarts;
  readonly maxPoints: number;
  /** Whether an attribute of the resource, which receivers may make a label, says which hypervisor it is. */
  readonly isOneOfMany: boolean;
}

class EncodedFamily<Chunk> {
  readonly #metric: OtlpMetric;
  readonly #encoding: OtlpEncoding<Chunk>;
  readonly #series: readonly {
    readonly series: Family['series'][number];
    readonly values: SeriesValues;
    readonly rows: RowAttributes<Chunk>;
    readonly fixed: Chunk;
  }[];

  constructor(family: Family, tree: ImageTree, encoding: OtlpEncoding<Chunk>) {
    const { name, type, unit, help } = family;
    this.#metric = { name, description: help, unit: ucum[unit ?? ''] ?? '', isSum: type === 'counter' };
    this.#encoding = encoding;
    this.#series = family.series.flatMap((series) => {
      const values = SeriesValues.of(series, tree);
      const fixed = encoding.attributes(Object.entries(series.fixed));
      return values === undefined ? [] : [{ series, values, rows: new RowAttributes(encoding), fixed }];
    });
  }

  *portions(
    dimensions: Dimensions,
    { now: time, starts, maxPoints, isOneOfMany }: PortionOptions,
  ): Generator<Portion<Chunk>> {
    let points: Chunk[] = [];
    const portion = (): Portion<Chunk> => {
      const made = { chunk: this.#encoding.metric(this.#metric, points), points: points.length };
      points = [];
      return made;
    };
    for (const { series, values, rows, fixed } of this.#series) {
      const read = values.reader();
      const startOf = this.#metric.isSum ? starts.of(series) : undefined;
      for (const [row, own] of rows.of(dimensions.rowsOf(series), isOneOfMany).entries()) {
        if (own === undefined) continue;
        const value = Number(read(row));
        if (Number.isNaN(value)) continue;
        const began = startOf?.(row);
        // What was started since the refresh is in the image already; no counter begins behind its own value.
        const start = began !== undefined && began <= time ? began : undefined;
        points.push(this.#encoding.point([own, fixed], { time, start }, value));
        if (points.length === maxPoints) yield portion();
      }
    }
    if (points.length > 0) yield portion();
  }
}

/** The labels of rows as attributes, kept as long as these are the same. Those without a value are left out. */
class RowAttributes<Chunk> {
  readonly #encoding: OtlpEncoding<Chunk>;
  #labels: LabelRows | undefined;
  #isOneOfMany = false;
  #chunks: readonly (Chunk | undefined)[] = [];

  constructor(encoding: OtlpEncoding<Chunk>) {
    this.#encoding = encoding;
  }

  of(labels: LabelRows, isOneOfMany: boolean): readonly (Chunk | undefined)[] {
    if (labels === this.#labels && isOneOfMany === this.#isOneOfMany) return this.#chunks;
    this.#labels = labels;
    this.#isOneOfMany = isOneOfMany;
    const { rows } = labels;
    const names = isOneOfMany ? labels.names.map(besideHypervisor) : labels.names;
    this.#chunks = rows.map((values) => {
      const attributes = values?.map((value, at): Attribute => [names[at] ?? '', withoutControls(value)]);
      return attributes === undefined
        ? undefined
        : this.#encoding.attributes(attributes.filter(([, value]) => value !== ''));
    });
    return this.#chunks;
  }
}
