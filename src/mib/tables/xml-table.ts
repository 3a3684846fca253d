import type { XmlChunk } from '../../model/domain.ts';
import type { TableBinding } from '../bind.ts';
import { rowName } from '../row-name.ts';
import { domainsOf } from './domain-rows.ts';
import { presentDomains } from './present-domains.ts';

/** The definitions of the domains in pieces. */
export const xmlTable: TableBinding<'lveXmlTable', XmlChunk> = {
  table: 'lveXmlTable',
  source: domainsOf,
  rows: (snapshot, add) => {
    for (const domain of presentDomains(snapshot)) {
      for (const chunk of domain.xmlChunks) add(chunk, domain.index, chunk.number);
    }
  },
  columns: {
    lveXmlText: (chunk) => chunk.octets,
    lveXmlRowName: rowName((chunk) => String(chunk.number)),
  },
};
