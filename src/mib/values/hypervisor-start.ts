import type { EpochMs } from '../../model/scalar-types.ts';
import type { Snapshot } from '../../model/snapshot.ts';

/**
 * What changes are dated by in VM-MIB: the boot of the host as vmHvUpTime is, or the start of the agent where that is not
 * known, so that a manager still sees that there was a change.
 */
export function hypervisorStart(snapshot: Snapshot): EpochMs {
  return snapshot.host.bootedAt ?? snapshot.agent.startedAt;
}
