import type { Domain } from '../../model/domain.ts';
import type { Snapshot } from '../../model/snapshot.ts';

/** The domains that exist on the host; the rows of VM-MIB and of all tables but lveDomTable. */
export function presentDomains(snapshot: Snapshot): readonly Domain[] {
  const { domains } = snapshot;
  const known = cache.get(domains);
  if (known !== undefined) return known;
  const present = domains.filter((domain) => domain.facts.presence === 'present');
  cache.set(domains, present);
  return present;
}

const cache = new WeakMap<readonly Domain[], readonly Domain[]>();
