import type { Domain } from '../../model/domain.ts';
import type { OwnerNames } from '../../tree/row-name.ts';

/**
 * The names of the present domains by lveDomIndex.
 * @returns `known` itself if all names are the same.
 */
export function ownerNames(domains: readonly Domain[], known: OwnerNames | undefined): OwnerNames {
  const names = new Map<number, string>();
  let same = true;
  for (const { index, facts } of domains) {
    if (facts.presence === 'gone') continue;
    names.set(index, facts.name);
    same &&= known?.get(index) === facts.name;
  }
  return known !== undefined && same && known.size === names.size ? known : names;
}
