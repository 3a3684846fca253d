import type { Domain } from '../../model/domain.ts';
import type { OwnerNames } from '../../tree/row-name.ts';

/**
 * The names of the present domains by lveDomIndex.
 * @returns `known` itself if all names are the same.
 */
export function ownerNames(domains: readonly Domain[], known: OwnerNames | undefined): OwnerNames {
  if (known !== undefined && areNames(domains, known)) return known;
  const names = new Map<number, string>();
  for (const { index, facts } of domains) if (facts.presence === 'present') names.set(index, facts.name);
  return names;
}

function areNames(domains: readonly Domain[], known: OwnerNames): boolean {
  let count = 0;
  for (const { index, facts } of domains) {
    if (facts.presence === 'gone') continue;
    if (known.get(index) !== facts.name) return false;
    count += 1;
  }
  return count === known.size;
}
