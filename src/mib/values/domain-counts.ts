import type { Domain } from '../../model/domain.ts';

/** How many domains are in which condition; all but `gone` count present domains only. */
export interface DomainCounts {
  readonly present: number;
  readonly gone: number;
  readonly active: number;
  readonly inactive: number;
  readonly okay: number;
  readonly warning: number;
  readonly failure: number;
  readonly blocked: number;
}

/** Counts the domains, once for each list of domains. */
export function countDomains(domains: readonly Domain[]): DomainCounts {
  const known = cache.get(domains);
  if (known !== undefined) return known;
  const counts = { present: 0, gone: 0, active: 0, inactive: 0, okay: 0, warning: 0, failure: 0, blocked: 0 };
  for (const { facts } of domains) {
    counts[facts.presence]++;
    if (facts.presence === 'gone') continue;
    counts[facts.active ? 'active' : 'inactive']++;
    if (facts.stateKnown) counts[facts.severity]++;
    if (facts.statsStatus === 'blocked') counts.blocked++;
  }
  cache.set(domains, counts);
  return counts;
}

const cache = new WeakMap<readonly Domain[], DomainCounts>();
