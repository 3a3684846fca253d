import type { Oid } from '../../tree/oid.ts';
import type { ScalarBinding } from '../bind.ts';
import { BEFORE_START, secondsSince, ticksSince } from '../elapsed.ts';
import { afterRefresh } from '../values/after-refresh.ts';
import { countDomains } from '../values/domain-counts.ts';
import { blockedDomains, domainsInSeverity } from '../values/domain-lists.ts';

/** The agent and its connection to libvirt. `root` is where the module is registered. */
export function agentScalars(root: Oid): ScalarBinding<'lveAgent'> {
  return {
    group: 'lveAgent',
    scalars: {
      lveAgentVersion: ({ agent }) => `libvirt-agentx ${agent.version}`,
      lveAgentMibRoot: () => root,
      lveAgentUpTime: ticksSince(({ agent }) => agent.startedAt),
      lveConnUri: ({ agent }) => agent.uri,
      lveConnState: ({ agent }) => agent.connState,
      lveConnSince: ({ agent }) => agent.connSince,
      lveConnReconnects: ({ agent }) => agent.reconnects,
      lveConnLastError: ({ agent }) => agent.connLastError,
      lveConnReadOnly: ({ agent }) => agent.readOnly,
      lveLibvirtVersion: ({ agent }) => agent.libvirtVersion,
      // The agent speaks the daemon's protocol itself: there is no client library.
      lveLibraryVersion: () => undefined,
      lveRefreshInterval: ({ agent }) => agent.intervalSec,
      lveRefreshLastTime: ({ agent }) => agent.refreshEndedAt,
      // As old as the agent while there is nothing newer: an alarm on it must see that nothing comes.
      lveRefreshAge: secondsSince(({ agent }) => agent.refreshEndedAt ?? agent.startedAt),
      lveRefreshDuration: ({ agent }) => agent.refreshDurationMs,
      lveRefreshCount: ({ agent }) => agent.refreshCount,
      lveRefreshErrors: ({ agent }) => agent.refreshErrors,
      lveRefreshOverruns: ({ agent }) => agent.refreshOverruns,
      lveExtraStats: ({ agent }) => agent.extraStats,
      lveRetentionTime: ({ agent }) => agent.retentionSec,
      lveDomainsActive: afterRefresh(({ domains }) => countDomains(domains).active),
      lveDomainsInactive: afterRefresh(({ domains }) => countDomains(domains).inactive),
      lveDomainsGone: afterRefresh(({ domains }) => countDomains(domains).gone),
      lveDomainsOkay: afterRefresh(({ domains }) => countDomains(domains).okay),
      lveDomainsWarning: afterRefresh(({ domains }) => countDomains(domains).warning),
      lveDomainsFailure: afterRefresh(({ domains }) => countDomains(domains).failure),
      lveDomainsBlocked: afterRefresh(({ domains }) => countDomains(domains).blocked),
      lveDomainsFailureText: afterRefresh(({ domains }) => domainsInSeverity(domains, 'failure')),
      lveDomainsWarningText: afterRefresh(({ domains }) => domainsInSeverity(domains, 'warning')),
      lveDomainsBlockedText: afterRefresh(({ domains }) => blockedDomains(domains)),
      lveDomTableLastChange: ({ agent }) => agent.domainsChangedAt ?? BEFORE_START,
      lveConfigLastChange: ({ agent }) => agent.configChangedAt ?? BEFORE_START,
    },
  };
}
