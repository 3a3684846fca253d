import type { Iothread } from '../../model/iothread.ts';
import type { TableBinding } from '../bind.ts';
import { fixedRowName } from '../row-name.ts';
import { domainsOf } from './domain-rows.ts';
import { presentDomains } from './present-domains.ts';

/** The IOThreads of the active domains. */
export const iothreadTable: TableBinding<'lveIothreadTable', Iothread> = {
  table: 'lveIothreadTable',
  source: domainsOf,
  rows: (snapshot, add) => {
    for (const domain of presentDomains(snapshot)) {
      for (const iothread of domain.iothreads) add(iothread, domain.index, iothread.id);
    }
  },
  columns: {
    lveIothreadPollMax: (iothread) => iothread.pollMaxNs,
    lveIothreadPollGrow: (iothread) => iothread.pollGrow,
    lveIothreadPollShrink: (iothread) => iothread.pollShrink,
    lveIothreadPollWeight: (iothread) => iothread.pollWeight,
    lveIothreadPin: (iothread) => iothread.pin,
    lveIothreadRowName: fixedRowName((iothread) => `iothread${iothread.id}`),
  },
};
