import type { Stat } from '../../model/stat.ts';
import type { TableBinding } from '../bind.ts';
import { objects } from '../objects.gen.ts';
import { rowName } from '../row-name.ts';
import { domainsOf } from './domain-rows.ts';
import { presentDomains } from './present-domains.ts';

/** By the number that lveJobKind has in the index. */
const jobKinds = Object.fromEntries(
  Object.entries(objects.lveJobKind.labels).map(([label, number]) => [number, label]),
);

/** Every statistic of the jobs by name. */
export const jobStatTable: TableBinding<'lveJobStatTable', Stat> = {
  table: 'lveJobStatTable',
  source: domainsOf,
  rows: (snapshot, add) => {
    for (const domain of presentDomains(snapshot)) {
      for (const job of domain.jobs) {
        for (const stat of job.stats) add(stat, domain.index, job.kind, stat.name);
      }
    }
  },
  columns: {
    lveJobStatValue: (stat) => stat.value,
    lveJobStatText: (stat) => stat.text,
    lveJobStatMilli: (stat) => stat.milli,
    lveJobStatRowName: rowName((stat, kind) => `${jobKinds[kind] ?? kind}:${stat.name}`),
  },
};
