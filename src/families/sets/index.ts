import { type Alias, aliasFamily } from '../alias.ts';
import type { Family } from '../family.ts';
import { inovexAliases } from './inovex.ts';
import { novaAliases } from './nova.ts';
import { statAliases } from './stat.ts';
import { tinkoffAliases } from './tinkoff.ts';
import { vadvisorAliases } from './vadvisor.ts';

/** Names of other exporters beside our own, for dashboards and rules that query them. */
const aliases = {
  inovex: inovexAliases,
  tinkoff: tinkoffAliases,
  vadvisor: vadvisorAliases,
  nova: novaAliases,
  stat: statAliases,
} as const satisfies Readonly<Record<string, readonly Alias[]>>;

/** Sets of families; `libvirt` are our own. */
export const familySets = ['libvirt', 'inovex', 'tinkoff', 'vadvisor', 'nova', 'stat'] as const;
export type FamilySet = (typeof familySets)[number];

/** The families of a set of aliases. */
export function aliasFamilies(set: Exclude<FamilySet, 'libvirt'>): readonly Family[] {
  return aliases[set].map(aliasFamily);
}
