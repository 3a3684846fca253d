import type { HypervisorStatus } from '../../model/fleet.ts';
import type { TableBinding } from '../bind.ts';
import { secondsSince } from '../elapsed.ts';
import { countDomains, type DomainCounts } from '../values/domain-counts.ts';

/** A number of domains, as soon as they were read for the first time. */
function counted(what: keyof DomainCounts): (hypervisor: HypervisorStatus) => number | undefined {
  return ({ agent, domains }) => (agent.refreshCount > 0 ? countDomains(domains)[what] : undefined);
}

/** The hypervisors of an agent that serves several. */
export const hypervisorTable: TableBinding<'lveHypervisorTable', HypervisorStatus> = {
  table: 'lveHypervisorTable',
  source: ({ fleet }) => fleet.hypervisors,
  rows: ({ fleet }, add) => {
    for (const hypervisor of fleet.hypervisors) add(hypervisor, hypervisor.name);
  },
  columns: {
    lveHypervisorContext: ({ name }) => name,
    lveHypervisorDefault: ({ isDefault }) => isDefault,
    lveHypervisorUri: ({ agent }) => agent.uri,
    lveHypervisorState: ({ agent }) => agent.connState,
    lveHypervisorSince: ({ agent }) => agent.connSince,
    lveHypervisorLastError: ({ agent }) => agent.connLastError,
    lveHypervisorHostName: ({ host }) => host.hostname,
    lveHypervisorSoftware: ({ host: { hvSoftware, hvVersion } }) =>
      hvSoftware === undefined || hvVersion === undefined ? hvSoftware : `${hvSoftware} ${hvVersion}`,
    lveHypervisorLibvirt: ({ agent }) => agent.libvirtVersion,
    lveHypervisorActive: counted('active'),
    lveHypervisorInactive: counted('inactive'),
    lveHypervisorOkay: counted('okay'),
    lveHypervisorWarning: counted('warning'),
    lveHypervisorFailure: counted('failure'),
    lveHypervisorBlocked: counted('blocked'),
    lveHypervisorRefreshAge: secondsSince(({ agent }) => agent.refreshEndedAt ?? agent.startedAt),
    lveHypervisorRefreshDuration: ({ agent }) => agent.refreshDurationMs,
    lveHypervisorRefreshInterval: ({ agent }) => agent.intervalSec,
    lveHypervisorConditions: ({ conditions }) => conditions,
  },
};
