import { readAt } from '../expose/cells.ts';
import { nativeLines, pulseLines } from '../expose/influx.ts';
import type { OwnFamily } from '../expose/prometheus.ts';
import { DogStatsd, VadvisorStatsd } from '../expose/statsd.ts';
import type { Family } from '../families/family.ts';
import type { ImageTree } from '../image/image-tree.ts';
import { octetsAt } from '../image/text-pool.ts';
import { InfluxPush } from '../push/influx-push.ts';
import type { PushCounters } from '../push/push-counters.ts';
import { StatsdPush } from '../push/statsd-push.ts';
import { SecretFile } from '../run/secret-file.ts';
import type { FacesOptions } from './faces-options.ts';

/** What is sent by itself, without being asked. */
export interface Pushes {
  /** By target. */
  readonly counters: ReadonlyMap<string, PushCounters>;
  close(): void;
}

/** Starts to send to what is configured. */
export function startPushes(
  tree: ImageTree,
  families: readonly Family[],
  { statsd, influxdb, metrics }: FacesOptions,
  onProblem: (target: string, text: string | undefined) => void,
): Pushes {
  const counters = new Map<string, PushCounters>();
  const closers: (() => void)[] = [];
  if (statsd.host !== '') {
    const encoder =
      statsd.format === 'vadvisor'
        ? new VadvisorStatsd(tree)
        : new DogStatsd(tree, families, metrics.domainLabels);
    const push = new StatsdPush(statsd, encoder, (text) => onProblem('statsd', text));
    counters.set('statsd', push.counters);
    closers.push(() => push.close());
  }
  if (influxdb.url !== '') {
    const secret = new SecretFile(influxdb.passwordFile || influxdb.tokenFile);
    let written = Number.NaN;
    const lines = (): readonly string[] => {
      // The age of the refresh is kept as its moment: it is the time of the points.
      const at = tree.column('lveRefreshAge')?.cells[0] ?? Number.NaN;
      if (Number.isNaN(at) || at === written) return [];
      written = at;
      const round = {
        host: influxdb.vmHost || textOf(tree, 'lveConnUri'),
        at,
        hasHostStats: influxdb.hostStats,
      };
      return influxdb.profile === 'pulse'
        ? pulseLines(tree, round)
        : nativeLines(tree, round, readAt(Date.now()));
    };
    const push = new InfluxPush(influxdb, secret, lines, (text) => onProblem('influxdb', text));
    counters.set('influxdb', push.counters);
    closers.push(() => push.close());
  }
  return {
    counters,
    close() {
      for (const close of closers) close();
    },
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
