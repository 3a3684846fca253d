import { type Alias, aliasFamily } from '../alias.ts';
import type { Family } from '../family.ts';
import type { FamilySet } from '../set-names.ts';
import { inovexAliases } from './inovex.ts';
import { novaAliases } from './nova.ts';
import { statAliases } from './stat.ts';
import { tinkoffAliases } from './tinkoff.ts';
import { vadvisorAliases } from './vadvisor.ts';

type AliasSet = Exclude<FamilySet, 'libvirt'>;

/** Names of other exporters beside our own, for dashboards and rules that query them. */
const aliases = {
  inovex: inovexAliases,
  tinkoff: tinkoffAliases,
  vadvisor: vadvisorAliases,
  nova: novaAliases,
  stat: statAliases,
} as const satisfies Readonly<Record<AliasSet, readonly Alias[]>>;

/** The families of a set of aliases. */
export function aliasFamilies(set: AliasSet): readonly Family[] {
  return aliases[set].map(aliasFamily);
}
