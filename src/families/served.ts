import { deriveFamilies, infoFamily } from './derive.ts';
import type { Family } from './family.ts';
import { infoFamilies } from './info-families.ts';
import type { AnyLabelSource } from './label-set.ts';
import type { FamilySet } from './set-names.ts';
import { aliasFamilies } from './sets/index.ts';
import { familyTables } from './tables/index.ts';

/** Which families are wanted. */
export interface FamilyChoice {
  readonly sets: readonly FamilySet[];
  readonly exclude: readonly RegExp[];
  /** Names of the configured rules for labels. */
  readonly labelRules: readonly string[];
}

/**
 * The families that are served, in their order. Where a set has a name of ours, such as that of the state with its words
 * as a label, its family takes the place of ours.
 */
export function servedFamilies({ sets, exclude, labelRules }: FamilyChoice): readonly Family[] {
  const byName = new Map<string, Family>();
  if (sets.includes('libvirt')) for (const family of ownFamilies(labelRules)) byName.set(family.name, family);
  for (const set of sets) {
    if (set === 'libvirt') continue;
    for (const family of aliasFamilies(set)) byName.set(family.name, family);
  }
  return [...byName.values()].filter(({ name }) => !exclude.some((pattern) => pattern.test(name)));
}

function ownFamilies(labelRules: readonly string[]): readonly Family[] {
  return [...deriveFamilies(familyTables), ...infoFamilies.map(infoFamily), ...ruleFamilies(labelRules)];
}

/** What configured rules find in the definitions, as the labels of a constant 1. */
function ruleFamilies(rules: readonly string[]): readonly Family[] {
  if (rules.length === 0) return [];
  const labels = { domain: 'lveDomName' };
  const texts: Record<string, AnyLabelSource> = {};
  for (const rule of rules) texts[freeName(labelName(rule), texts)] = { rule };
  return [
    {
      name: 'libvirt_domain_labels',
      type: 'info',
      unit: undefined,
      help: 'What the configured rules find in the definition.',
      series: [{ object: undefined, table: 'lveSpecTable', labels, texts, fixed: {}, reading: undefined }],
    },
  ];
}

/** What a rule is called among labels, which have no points and dashes. */
export function labelName(rule: string): string {
  return `label_${rule.replaceAll(/\W/g, '_')}`;
}

function freeName(name: string, taken: Readonly<Record<string, unknown>>): string {
  let free = name;
  for (let number = 2; free in taken; number++) free = `${name}_${number}`;
  return free;
}
