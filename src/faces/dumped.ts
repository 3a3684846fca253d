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
  /** Of the hypervisor; empty where only one is shown. */
  readonly name: string;
  readonly slots: readonly Slot[];
  readonly tree: BoundTree;
  /** URI of its connection, without user information. */
  readonly uri: string;
}

/**
 * One snapshot of each hypervisor as another face would send it, by the settings of that face.
 *
 * @param now milliseconds since 1970.
 */
export function dumpedAs(
  format: 'prometheus' | 'influx' | 'hv-monitor',
  dumped: readonly DumpedTree[],
  now: number,
  config: Config,
  version: string,
): string | Buffer {
  const { metrics, influxdb } = facesOptions(config, version);
  const sources = dumped.map((one) => ({ ...one, tree: imageOf(one) }));
  if (format === 'hv-monitor') {
    return sources.map(({ tree }) => `${JSON.stringify(hvMonitorReport(tree, now))}\n`).join('');
  }
  if (format === 'prometheus') {
    const families = servedFamilies(metrics);
    return new PrometheusExposition(sources, { families, domainLabels: metrics.domainLabels }).body('text');
  }
  const lines = sources.flatMap(({ name, tree, uri }) => {
    const round = {
      host: influxdb.vmHost || uri,
      hypervisor: name,
      at: tree.column('lveRefreshAge')?.cells[0] ?? now,
      hasHostStats: influxdb.hostStats,
    };
    return influxdb.profile === 'pulse' ? pulseLines(tree, round) : nativeLines(tree, round, readAt(now));
  });
  return lines.map((line) => `${line}\n`).join('');
}

function imageOf({ slots, tree }: DumpedTree): ImageTree {
  const writer = new ImageWriter(slots, (name, error) => {
    throw new Error(`${name} cannot be read`, { cause: error });
  });
  const image = new ImageTree(writer.shape);
  image.show(writer.write(tree));
  return image;
}

/** What LibreNMS's application gets instead, in the form of `hv-monitor`. */
export function failedDump(reason: string): string {
  return `${JSON.stringify(hvMonitorFailure(reason))}\n`;
}
