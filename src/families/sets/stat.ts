import { aliasesOf } from '../alias.ts';

const stat = aliasesOf('lveStatTable', { domain: 'lveDomName', stat: 'lveStatName' });

/** Statistics of libvirt by its own names, as far as no other family has them. */
export const statAliases = [
  stat.gauge(
    'libvirt_domain_stat',
    'lveStatValue',
    'A statistic of libvirt that no other family has, by its name.',
  ),
];
