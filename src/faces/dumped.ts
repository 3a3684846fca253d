import type { Config } from '../config/config.ts';
import { readAt } from '../expose/cells.ts';
import { hvMonitorFailure, hvMonitorReport } from '../expose/hv-monitor.ts';
import { nativeLines, pulseLines } from '../expose/influx.ts';
import { PrometheusExposition } from '../expose/prometheus.ts';
import { servedFamilies } from '../families/served.ts';
import { ImageTree } from '../image/image-tree.ts';
import { ImageWriter } from '../image/image-writer.ts';
import type { BoundTree, Slot } from '../tree/bound-tree.ts';
import { facesOptions } from './configured.ts';

/** What is shown: a tree with the objects that its columns are of. */
export interface DumpedTree {
  readonly slots: readonly Slot[];
  readonly tree: BoundTree;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** One snapshot as another face would send it, by the settings of that face. */
export function dumpedAs(
  format: 'prometheus' | 'influx' | 'hv-monitor',
  { slots, tree, now }: DumpedTree,
  config: Config,
  version: string,
): string | Buffer {
  const writer = new ImageWriter(slots, (name, error) => {
    throw new Error(`${name} cannot be read`, { cause: error });
  });
  const image = new ImageTree(writer.shape);
  image.show(writer.write(tree));
  if (format === 'hv-monitor') return `${JSON.stringify(hvMonitorReport(image, now))}\n`;
  const { metrics, influxdb } = facesOptions(config, version);
  if (format === 'prometheus') {
    const families = servedFamilies(metrics);
    return new PrometheusExposition(image, { families, domainLabels: metrics.domainLabels }).body('text');
  }
  const at = image.column('lveRefreshAge')?.cells[0] ?? now;
  const host = influxdb.vmHost || config.libvirt.uri.shown;
  const round = { host, at, hasHostStats: influxdb.hostStats };
  const lines =
    influxdb.profile === 'pulse' ? pulseLines(image, round) : nativeLines(image, round, readAt(now));
  return lines.map((line) => `${line}\n`).join('');
}

/** What LibreNMS's application gets instead, in the form of `hv-monitor`. */
export function failedDump(reason: string): string {
  return `${JSON.stringify(hvMonitorFailure(reason))}\n`;
}
