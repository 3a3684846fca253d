import { hostname as agentHost } from 'node:os';
import { readAt } from '../expose/cells.ts';
import { nativeLines, pulseLines } from '../expose/influx.ts';
import { type OtlpRequest, otlpEncoder } from '../expose/otlp.ts';
import { otlpJson } from '../expose/otlp-json.ts';
import { otlpProtobuf } from '../expose/otlp-protobuf.ts';
import type { ExposedSource, OwnFamily } from '../expose/prometheus.ts';
import { refreshedAt } from '../expose/refreshed-at.ts';
import { DogStatsd, VadvisorStatsd } from '../expose/statsd.ts';
import type { Family } from '../families/family.ts';
import type { ImageTree } from '../image/image-tree.ts';
import { octetsAt } from '../image/text-pool.ts';
import { InfluxPush } from '../push/influx-push.ts';
import { maxPoints, OtlpPush } from '../push/otlp-push.ts';
import type { PushCounters } from '../push/push-counters.ts';
import { StatsdPush } from '../push/statsd-push.ts';
import { systemClock, wallOffsetMs } from '../run/clock.ts';
import type { FacesOptions } from './faces-options.ts';
import { instanceId } from './instance-id.ts';

/** What is sent by itself, without being asked. */
export interface Pushes {
  /** By target. */
  readonly counters: ReadonlyMap<string, PushCounters>;
  close(): void;
}

/** Starts to send to what is configured. */
export function startPushes(
  sources: readonly ExposedSource[],
  families: readonly Family[],
  { statsd, influxdb, otlp, metrics, version }: FacesOptions,
  onProblem: (target: string, text: string | undefined) => void,
): Pushes {
  const counters = new Map<string, PushCounters>();
  const closers: (() => void)[] = [];
  if (statsd.host !== '') {
    const encoders = sources.map(({ name, tree }) =>
      statsd.format === 'vadvisor'
        ? new VadvisorStatsd(tree, nameAmong(sources, name))
        : new DogStatsd(tree, families, metrics.domainLabels, nameAmong(sources, name)),
    );
    const all = { round: () => encoders.flatMap((encoder) => encoder.round()) };
    const push = new StatsdPush(statsd, all, (text) => onProblem('statsd', text));
    counters.set('statsd', push.counters);
    closers.push(() => push.close());
  }
  if (influxdb.url !== '') {
    const isNew = oncePerRefresh();
    const linesOf = ({ name, tree }: ExposedSource): readonly string[] => {
      if (!isNew(tree)) return [];
      const round = {
        host: influxdb.vmHost || textOf(tree, 'lveConnUri'),
        hypervisor: nameAmong(sources, name),
        at: refreshTime(tree),
        hasHostStats: influxdb.hostStats,
      };
      return influxdb.profile === 'pulse'
        ? pulseLines(tree, round)
        : nativeLines(tree, round, readAt(systemClock.now()));
    };
    const lines = (): readonly string[] => sources.flatMap(linesOf);
    const push = new InfluxPush(influxdb, lines, (text) => onProblem('influxdb', text));
    counters.set('influxdb', push.counters);
    closers.push(() => push.close());
  }
  if (otlp.url !== '') {
    const isNew = oncePerRefresh();
    const { domainLabels } = metrics;
    const encoders = sources.map(({ name, tree }) => ({
      tree,
      hypervisor: nameAmong(sources, name),
      encoder:
        otlp.encoding === 'json'
          ? otlpEncoder(tree, families, { domainLabels, maxPoints, encoding: otlpJson })
          : otlpEncoder(tree, families, { domainLabels, maxPoints, encoding: otlpProtobuf }),
    }));
    const requests = function* (): Generator<OtlpRequest> {
      for (const { tree, hypervisor, encoder } of encoders) {
        if (!isNew(tree)) continue;
        const hostname = textOf(tree, 'lveHostName');
        const instance = instanceId({
          configured: otlp.instance,
          agentHost: agentHost(),
          uri: textOf(tree, 'lveConnUri'),
          hostname,
          hypervisor,
        });
        yield* encoder.requests({ instance, hostname, version, hypervisor }, () => refreshTime(tree));
      }
    };
    const push = new OtlpPush(otlp, requests, (text) => onProblem('otlp', text));
    counters.set('otlp', push.counters);
    closers.push(() => push.close());
  }
  return {
    counters,
    close() {
      for (const close of closers) close();
    },
  };
}

/** What a hypervisor is called: nothing, where there is only one. */
function nameAmong(sources: readonly ExposedSource[], name: string): string {
  return sources.length > 1 ? name : '';
}

/** Says for each refresh of a hypervisor once that it is new. */
function oncePerRefresh(): (tree: ImageTree) => boolean {
  const last = new Map<ImageTree, number>();
  return (tree) => {
    const at = refreshedAt(tree);
    if (Number.isNaN(at) || at === last.get(tree)) return false;
    last.set(tree, at);
    return true;
  };
}

/** What became of what was sent, as families of /metrics. */
export function pushFamilies(counters: Pushes['counters']): readonly OwnFamily[] {
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
