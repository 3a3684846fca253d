import type { EpochMs } from '../../model/scalar-types.ts';
import type { Snapshot } from '../../model/snapshot.ts';

/** The zero of vmHvUpTime: the boot of the host, or the start of the agent if a remote host does not tell it. */
export function hypervisorStart(snapshot: Snapshot): EpochMs {
  return snapshot.host.bootedAt ?? snapshot.agent.startedAt;
}
