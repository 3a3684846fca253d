import type { PerfEvent } from '../../model/stat.ts';
import type { TableBinding } from '../bind.ts';
import { fixedRowName } from '../row-name.ts';
import { domainsOf } from './domain-rows.ts';
import { presentDomains } from './present-domains.ts';

/** The enabled performance events. */
export const perfTable: TableBinding<'lvePerfTable', PerfEvent> = {
  table: 'lvePerfTable',
  source: domainsOf,
  rows: (snapshot, add) => {
    for (const domain of presentDomains(snapshot)) {
      for (const event of domain.perf) add(event, domain.index, event.event);
    }
  },
  columns: {
    lvePerfName: (event) => event.name,
    lvePerfValue: (event) => event.value,
    lvePerfGauge: (event) => event.gauge,
    lvePerfRowName: fixedRowName((event) => event.name),
  },
};
