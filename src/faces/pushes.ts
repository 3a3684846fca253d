import { hostname as agentHost } from 'node:os';
import { readAt } from '../expose/cells.ts';
import { nativeLines, pulseLines } from '../expose/influx.ts';
import { type OtlpEncoder, type OtlpRequest, otlpEncoder } from '../expose/otlp.ts';
import { otlpJson } from '../expose/otlp-json.ts';
import { otlpProtobuf } from '../expose/otlp-protobuf.ts';
import type { ExposedSource, OwnFamily } from '../expose/prometheus.ts';
import { refreshedAt } from '../expose/refreshed-at.ts';
import { DogStatsd, type StatsdEncoder, VadvisorStatsd } from '../expose/statsd.ts';
import type { Family } from '../families/family.ts';
import type { ImageTree } from '../image/image-tree.ts';
import { octetsAt } from '../image/text-pool.ts';
import { type InfluxOptions, InfluxPush } from '../push/influx-push.ts';
import { maxPoints, type OtlpOptions, OtlpPush } from '../push/otlp-push.ts';
import type { OnPushProblem, PushCounters } from '../push/push-counters.ts';
import { StatsdPush } from '../push/statsd-push.ts';
import { systemClock, wallOffsetMs } from '../run/clock.ts';
import { keyOf } from '../run/settings-key.ts';
import type { FacesOptions } from './faces-options.ts';
import { instanceId } from './instance-id.ts';

/** What sends to one target. */
interface Push {
  readonly counters: PushCounters;
  close(graceMs: number): Promise<void>;
}

/** A hypervisor, and what it is called in what is sent: nothing, where there is only one. */
interface SentSource {
  readonly tree: ImageTree;
  readonly hypervisor: string;
}

/** What is left of a target that is not wanted any more has so many milliseconds to be sent. */
const leavingMs = 10_000;

/**
 * What is sent by itself, without being asked. A target that is still wanted after a reload keeps what waits for it, and
 * what was sent of each hypervisor that is still served.
 */
export class Pushes {
  readonly #onProblem: (target: string, text: string | undefined) => void;
  readonly #open = new Map<string, Push>();
  #sources: readonly SentSource[] = [];

  #statsd: StatsdPush | undefined;
  readonly #statsdEncoders = new PerSource<StatsdEncoder>();

  #influx: InfluxPush | undefined;
  #influxOptions: InfluxOptions | undefined;
  readonly #isNewToInflux = oncePerRefresh();

  #otlp: OtlpPush | undefined;
  #otlpOptions: OtlpOptions | undefined;
  readonly #otlpEncoders = new PerSource<OtlpEncoder>();
  readonly #isNewToOtlp = oncePerRefresh();
  #version = '';

  /** @param onProblem told why a target does not take what it is sent; with no text it does again. */
  constructor(onProblem: (target: string, text: string | undefined) => void) {
    this.#onProblem = onProblem;
  }

  /** By target. */
  get counters(): ReadonlyMap<string, PushCounters> {
    return new Map([...this.#open].map(([target, { counters }]) => [target, counters]));
  }

  /** Sends to what is configured, from now on. */
  configure(sources: readonly ExposedSource[], families: readonly Family[], options: FacesOptions): void {
    this.#sources = sources.map(({ name, tree }) => ({ tree, hypervisor: sources.length > 1 ? name : '' }));
    this.#version = options.version;
    this.#configureStatsd(families, options);
    this.#configureInflux(options);
    this.#configureOtlp(families, options);
  }

  /** Resolves when all has been sent, as far as that is possible within so many milliseconds. */
  async close(graceMs: number): Promise<void> {
    await Promise.all([...this.#open.values()].map((push) => push.close(graceMs)));
  }

  #configureStatsd(families: readonly Family[], { statsd, metrics }: FacesOptions): void {
    if (statsd.host === '') {
      this.#statsd = this.#leave('statsd');
      this.#statsdEncoders.clear();
      return;
    }
    const { format } = statsd;
    this.#statsdEncoders.update(
      this.#sources,
      keyOf(format === 'vadvisor' ? [format] : [format, metrics]),
      ({ tree, hypervisor }) =>
        format === 'vadvisor'
          ? new VadvisorStatsd(tree, hypervisor)
          : new DogStatsd(tree, families, metrics.domainLabels, hypervisor),
    );
    const all = { round: () => this.#statsdEncoders.all.flatMap(({ made }) => made.round()) };
    if (this.#statsd !== undefined) this.#statsd.configure(statsd);
    else this.#statsd = this.#start('statsd', (onProblem) => new StatsdPush(statsd, all, onProblem));
  }

  #configureInflux({ influxdb }: FacesOptions): void {
    this.#influxOptions = influxdb;
    if (influxdb.url === '') this.#influx = this.#leave('influxdb');
    else if (this.#influx !== undefined) this.#influx.configure(influxdb);
    else {
      const lines = (): readonly string[] =>
        this.#sources.flatMap((source) => this.#influxLines(source, this.#influxOptions ?? influxdb));
      this.#influx = this.#start('influxdb', (onProblem) => new InfluxPush(influxdb, lines, onProblem));
    }
  }

  #influxLines({ tree, hypervisor }: SentSource, influxdb: InfluxOptions): readonly string[] {
    if (!this.#isNewToInflux(tree)) return [];
    const round = {
      host: influxdb.vmHost || textOf(tree, 'lveConnUri'),
      hypervisor,
      at: refreshTime(tree),
      hasHostStats: influxdb.hostStats,
    };
    return influxdb.profile === 'pulse'
      ? pulseLines(tree, round)
      : nativeLines(tree, round, readAt(systemClock.now()));
  }

  #configureOtlp(families: readonly Family[], { otlp, metrics }: FacesOptions): void {
    const before = this.#otlpOptions;
    this.#otlpOptions = otlp;
    if (otlp.url === '') {
      this.#otlp = this.#leave('otlp');
      this.#otlpEncoders.clear();
      return;
    }
    const { encoding, compression } = otlp;
    const { domainLabels } = metrics;
    this.#otlpEncoders.update(this.#sources, keyOf([encoding, metrics]), ({ tree }) =>
      encoding === 'json'
        ? otlpEncoder(tree, families, { domainLabels, maxPoints, encoding: otlpJson })
        : otlpEncoder(tree, families, { domainLabels, maxPoints, encoding: otlpProtobuf }),
    );
    // What waits cannot be written in another way any more.
    if (before?.encoding !== encoding || before.compression !== compression) this.#otlp = this.#leave('otlp');
    if (this.#otlp !== undefined) this.#otlp.configure(otlp);
    else {
      const requests = (): Iterable<OtlpRequest> => this.#otlpRequests(this.#otlpOptions ?? otlp);
      this.#otlp = this.#start('otlp', (onProblem) => new OtlpPush(otlp, requests, onProblem));
    }
  }

  *#otlpRequests(otlp: OtlpOptions): Generator<OtlpRequest> {
    for (const { source, made } of this.#otlpEncoders.all) {
      const { tree, hypervisor } = source;
      if (!this.#isNewToOtlp(tree)) continue;
      const hostname = textOf(tree, 'lveHostName');
      const instance = instanceId({
        configured: otlp.instance,
        agentHost: agentHost(),
        uri: textOf(tree, 'lveConnUri'),
        hostname,
        hypervisor,
      });
      const resource = { instance, hostname, version: this.#version, hypervisor };
      yield* made.requests(resource, () => refreshTime(tree));
    }
  }

  #start<Started extends Push>(target: string, start: (onProblem: OnPushProblem) => Started): Started {
    const push: Started = start((text) => {
      // Of one that leaves nobody wants to know any more.
      if (this.#open.get(target) === push) this.#onProblem(target, text);
    });
    this.#open.set(target, push);
    return push;
  }

  #leave(target: string): undefined {
    const push = this.#open.get(target);
    this.#open.delete(target);
    void push?.close(leavingMs);
  }
}

/** What is made for each hypervisor, and kept for as long as it is served under the same settings. */
class PerSource<Made> {
  #all: readonly { readonly source: SentSource; readonly settings: string; readonly made: Made }[] = [];

  get all(): readonly { readonly source: SentSource; readonly made: Made }[] {
    return this.#all;
  }

  update(sources: readonly SentSource[], settings: string, make: (source: SentSource) => Made): void {
    const before = new Map(this.#all.map((one) => [one.source.tree, one]));
    this.#all = sources.map((source) => {
      const known = before.get(source.tree);
      return known?.settings === settings && known.source.hypervisor === source.hypervisor
        ? known
        : { source, settings, made: make(source) };
    });
  }

  clear(): void {
    this.#all = [];
  }
}

/** Says for each refresh of a hypervisor once that it is new. */
function oncePerRefresh(): (tree: ImageTree) => boolean {
  const last = new WeakMap<ImageTree, number>();
  return (tree) => {
    const at = refreshedAt(tree);
    if (Number.isNaN(at) || at === last.get(tree)) return false;
    last.set(tree, at);
    return true;
  };
}

/** What became of what was sent, as families of /metrics. */
export function pushFamilies(counters: ReadonlyMap<string, PushCounters>): readonly OwnFamily[] {
  const family = (name: string, help: string, key: keyof PushCounters): OwnFamily => ({
    name,
    type: 'counter',
    help,
    samples: [...counters].map(([target, own]) => ({ labels: { target }, value: own[key] })),
  });
  return [
    family('libvirt_push_lines_total', 'Lines handed over to the target.', 'sent'),
    family(
      'libvirt_push_dropped_lines_total',
      'Lines that could not be delivered and were dropped.',
      'dropped',
    ),
    family('libvirt_push_failures_total', 'Attempts to deliver that failed.', 'failed'),
  ];
}

/** A text of a scalar. */
function textOf(tree: ImageTree, name: string): string {
  const column = tree.column(name);
  const cell = column?.cells[0] ?? Number.NaN;
  return column === undefined || Number.isNaN(cell)
    ? ''
    : Buffer.from(octetsAt(column.texts, cell)).toString();
}

/** The moment of the last refresh by the wall clock as it is now: others compare it with theirs. */
function refreshTime(tree: ImageTree): number {
  return refreshedAt(tree) + wallOffsetMs();
}
