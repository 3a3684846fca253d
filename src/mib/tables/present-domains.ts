import type { Domain } from '../../model/domain.ts';
import type { Snapshot } from '../../model/snapshot.ts';

/** Whether libvirt is there to tell what is true now. */
export function isConnected({ agent }: Snapshot): boolean {
  return agent.connState === 'connected';
}

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
