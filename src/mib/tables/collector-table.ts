import type { CollectorStatus } from '../../model/agent.ts';
import type { TableBinding } from '../bind.ts';
import { secondsSince } from '../elapsed.ts';

/** The sources of data: why a metric is absent, and how old what is there. */
export const collectorTable: TableBinding<'lveCollectorTable', CollectorStatus> = {
  table: 'lveCollectorTable',
  source: (snapshot) => snapshot.collectors,
  rows: (snapshot, add) => {
    for (const collector of snapshot.collectors) add(collector, collector.id);
  },
  columns: {
    lveCollectorEnabled: (collector) => collector.enabled,
    lveCollectorSupport: (collector) => collector.support,
    lveCollectorInterval: (collector) => collector.intervalSec,
    lveCollectorLastTime: (collector) => collector.lastSuccessAt,
    lveCollectorAge: secondsSince((collector) => collector.lastSuccessAt),
    lveCollectorDuration: (collector) => collector.durationMs,
    lveCollectorRuns: (collector) => collector.runs,
    lveCollectorErrors: (collector) => collector.errors,
    lveCollectorTimeouts: (collector) => collector.timeouts,
    lveCollectorLastError: (collector) => collector.lastError,
    lveCollectorName: ({ id }) => id,
  },
};
