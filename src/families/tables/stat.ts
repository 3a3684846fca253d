import type { FamilyTable } from '../family-table.ts';

export const perfFamilies: FamilyTable<'lvePerfTable'> = {
  table: 'lvePerfTable',
  prefix: 'libvirt_domain_perf_',
  labels: { domain: 'lveDomName', event: 'lvePerfName' },
  families: {
    lvePerfValue: 'events_total',
    lvePerfGauge: 'value',
  },
};

export const statFamilies: FamilyTable<'lveStatTable'> = {
  table: 'lveStatTable',
  prefix: 'libvirt_domain_stat_',
  labels: {},
  rest: null,
  families: {},
};
