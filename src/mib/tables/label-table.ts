import type { Label } from '../../model/domain.ts';
import type { TableBinding } from '../bind.ts';
import { rowName } from '../row-name.ts';
import { domainsOf } from './domain-rows.ts';
import { presentDomains } from './present-domains.ts';

/** Labels that configured rules took from the definitions. */
export const labelTable: TableBinding<'lveLabelTable', Label> = {
  table: 'lveLabelTable',
  source: domainsOf,
  rows: (snapshot, add) => {
    for (const domain of presentDomains(snapshot)) {
      for (const label of domain.labels) add(label, domain.index, label.name);
    }
  },
  columns: {
    lveLabelValue: (label) => label.value,
    lveLabelRowName: rowName((label) => label.name),
  },
};
