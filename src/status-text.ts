import type { SubagentState } from './agentx/subagent.ts';
import type { ConnState } from './model/agent.ts';
import type { Snapshot } from './model/snapshot.ts';

const ofLibvirt: Readonly<Record<ConnState, string>> = {
  connecting: 'connecting to libvirt',
  connected: 'libvirt is connected',
  disconnected: 'libvirt is not connected',
  authenticationFailed: 'libvirt refuses this user',
  notResponding: 'libvirt does not respond',
};

const ofMaster: Readonly<Record<SubagentState, string>> = {
  stopped: 'snmpd is not connected',
  connecting: 'snmpd is not connected',
  open: 'snmpd is connected, nothing is registered yet',
  registered: 'snmpd is connected',
};

/**
 * How the agent is, in one line.
 *
 * @param snapshots of each hypervisor.
 * @param master undefined if AgentX is off.
 */
export function statusText(snapshots: readonly Snapshot[], master: SubagentState | undefined): string {
  let present = 0;
  let running = 0;
  for (const { domains } of snapshots) {
    for (const { facts } of domains) {
      if (facts.presence !== 'present') continue;
      present += 1;
      if (facts.state === 'running' || facts.state === 'blocked') running += 1;
    }
  }
  const connected = snapshots.filter(({ agent }) => agent.connState === 'connected').length;
  const [first] = snapshots;
  const libvirt =
    first !== undefined && snapshots.length === 1
      ? ofLibvirt[first.agent.connState]
      : `${connected} of ${snapshots.length} hypervisors are connected`;
  const isNow = connected === snapshots.length;
  const domains = `${running} of ${present} domains ${isNow ? 'run' : 'ran when last seen'}`;
  // Without libvirt nothing is known of domains that were never read.
  return [
    libvirt,
    ...(isNow || present > 0 ? [domains] : []),
    ...(master === undefined ? [] : [ofMaster[master]]),
  ].join('; ');
}
