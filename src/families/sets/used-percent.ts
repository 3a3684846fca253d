import { aliasesOf } from '../alias.ts';

/** A name that several exporters have. */
export const usedPercent = aliasesOf('lveMemTable', { domain: 'lveDomName' }).gauge(
  'libvirt_domain_memory_stats_used_percent',
  'lveMemUsedPercent',
  'The memory used in the guest, in percent.',
  { scale: { divideBy: 100 } },
);
