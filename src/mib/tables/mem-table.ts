import type { Domain } from '../../model/domain.ts';
import type { TableBinding } from '../bind.ts';
import { secondsSince } from '../elapsed.ts';
import { rowName } from '../row-name.ts';
import { domainsOf, presentDomainRows } from './domain-rows.ts';

/** Memory figures of the present domains. */
export const memTable: TableBinding<'lveMemTable', Domain> = {
  table: 'lveMemTable',
  source: domainsOf,
  rows: presentDomainRows,
  columns: {
    lveMemCurrent: (domain) => domain.memory?.currentBytes,
    lveMemMaximum: (domain) => domain.memory?.maximumBytes,
    lveMemRss: (domain) => domain.memory?.rssBytes,
    lveMemAvailable: (domain) => domain.memory?.availableBytes,
    lveMemUnused: (domain) => domain.memory?.unusedBytes,
    lveMemUsable: (domain) => domain.memory?.usableBytes,
    lveMemDiskCaches: (domain) => domain.memory?.diskCachesBytes,
    lveMemUsedPercent: (domain) => (domain.facts.active ? domain.memory?.usedPercent : 0),
    lveMemSwapIn: (domain) => domain.memory?.swapInBytes,
    lveMemSwapOut: (domain) => domain.memory?.swapOutBytes,
    lveMemMajorFaults: (domain) => domain.memory?.majorFaults,
    lveMemMinorFaults: (domain) => domain.memory?.minorFaults,
    lveMemHugePageAllocs: (domain) => domain.memory?.hugePageAllocs,
    lveMemHugePageFails: (domain) => domain.memory?.hugePageFails,
    lveMemLastUpdate: (domain) => domain.memory?.lastUpdateAt,
    lveMemUpdateAge: secondsSince((domain) => domain.memory?.lastUpdateAt),
    lveMemDirtyStatus: (domain) => domain.memory?.dirtyStatus,
    lveMemDirtyRate: (domain) => domain.memory?.dirtyRate,
    lveMemDirtyPeriod: (domain) => domain.memory?.dirtyPeriodSec,
    lveMemDirtyMode: (domain) => domain.memory?.dirtyMode,
    lveMemRowName: rowName(),
  },
};
