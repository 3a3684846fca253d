import type { Stat } from '../../model/stat.ts';
import type { TableBinding } from '../bind.ts';
import { fixedRowName } from '../row-name.ts';
import { domainsOf } from './domain-rows.ts';
import { presentDomains } from './present-domains.ts';

/** The statistics that no other object represents, by name. */
export const statTable: TableBinding<'lveStatTable', Stat> = {
  table: 'lveStatTable',
  source: domainsOf,
  rows: (snapshot, add) => {
    for (const domain of presentDomains(snapshot)) {
      for (const stat of domain.stats) add(stat, domain.index, stat.name);
    }
  },
  columns: {
    lveStatType: (stat) => stat.type,
    lveStatValue: (stat) => stat.value,
    lveStatText: (stat) => stat.text,
    lveStatMilli: (stat) => stat.milli,
    lveStatRowName: fixedRowName((stat) => stat.name),
  },
};
