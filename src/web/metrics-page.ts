import type { ExposedBody, ExpositionFormat, PrometheusExposition } from '../expose/prometheus.ts';
import { compress } from './compress.ts';

/** Bodies are not kept for longer than this without being asked for. */
const keepMs = 60_000;

/** Bodies of one image: formats, encodings, and what some scrapers limit themselves to. */
const maxKept = 8;

/** What was asked for. */
export interface MetricsRequest {
  readonly format: ExpositionFormat;
  readonly isCompressed: boolean;
  /** Prefixes of names, with or without `libvirt_`; empty is everything. */
  readonly prefixes: readonly string[];
}

/** The answers to scrapes: made once for each image and shared by all who ask. */
export class MetricsPage {
  readonly #exposition: PrometheusExposition;
  readonly #isCompressing: boolean;
  readonly #kept = new Map<string, Promise<ExposedBody>>();
  #forget: NodeJS.Timeout | undefined;
  /** Bodies are made one after another, so that however many are asked for, one at a time is there uncompressed. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(exposition: PrometheusExposition, options: { readonly gzip: boolean }) {
    this.#exposition = exposition;
    this.#isCompressing = options.gzip;
  }

  /** There is another image. */
  invalidate(): void {
    this.#kept.clear();
    this.#exposition.invalidate();
  }

  /** Prefixes that no family begins with. */
  unknownPrefixes(prefixes: readonly string[]): readonly string[] {
    return prefixes.filter((prefix) => !this.#exposition.names.some((name) => hasPrefix(name, prefix)));
  }

  get isCompressing(): boolean {
    return this.#isCompressing;
  }

  /** The body. Whoever sends it holds its memory until it is sent. */
  get(request: MetricsRequest): Promise<ExposedBody> {
    this.#forget ??= setTimeout(() => this.#forgetAll(), keepMs).unref();
    this.#forget.refresh();
    const key = JSON.stringify(request);
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    if (this.#kept.size >= maxKept) this.#kept.delete(this.#kept.keys().next().value ?? '');
    const made = this.#last.then(() => this.#make(request));
    this.#last = made.catch(() => undefined);
    this.#kept.set(key, made);
    return made;
  }

  close(): void {
    clearTimeout(this.#forget);
  }

  async #make({ format, isCompressed, prefixes }: MetricsRequest): Promise<ExposedBody> {
    const wants = (name: string): boolean => prefixes.some((prefix) => hasPrefix(name, prefix));
    const plain = this.#exposition.lend(format, prefixes.length === 0 ? undefined : wants);
    if (!isCompressed) return plain;
    // Where all scrapers take it compressed, only that is sent: it is a twentieth.
    const release = plain.hold();
    try {
      return { pieces: [await compress(plain.pieces)], hold: () => () => undefined };
    } finally {
      release();
    }
  }

  #forgetAll(): void {
    this.#forget = undefined;
    this.#kept.clear();
    this.#exposition.forget();
  }
}

function hasPrefix(name: string, prefix: string): boolean {
  return name.startsWith(prefix) || name.startsWith(`libvirt_${prefix}`);
}

/** The format that a scraper prefers (RFC 9110 section 12.5.1, as far as scrapers use it). */
export function preferredFormat(accept: string): ExpositionFormat {
  const weights: Record<ExpositionFormat, number> = { text: 0, openmetrics: 0 };
  for (const range of accept.split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
    const weight = Number(
      /^q=([\d.]+)$/.exec(parameters.find((each) => each.startsWith('q=')) ?? 'q=1')?.[1],
    );
    const version = parameters.find((each) => each.startsWith('version='))?.slice('version='.length);
    if (type === 'application/openmetrics-text' && (version === undefined || version === '1.0.0')) {
      weights.openmetrics = Math.max(weights.openmetrics, weight);
    } else if (type === 'text/plain' || type === 'text/*' || type === '*/*') {
      weights.text = Math.max(weights.text, weight);
    }
  }
  return weights.openmetrics > weights.text ? 'openmetrics' : 'text';
}
