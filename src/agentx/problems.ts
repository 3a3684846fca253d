import type { Problem } from '../errors.ts';

/** What can stand between this program and the AgentX master. */
export const agentxProblems = {
  'agentx-socket-missing': {
    cause: "There is no socket where the master's should be.",
    remedy:
      "Start snmpd with 'master agentx' in snmpd.conf; if it runs so, its agentXSocket and agentx.address differ.",
  },
  'agentx-not-permitted': {
    cause:
      "This user may not write to the master's socket, which connecting needs, or not enter its directory.",
    remedy:
      "Let the agent's group use the socket: 'agentXPerms 0660 0755 -1 GROUP' in snmpd.conf, and a directory that the group may enter; then restart snmpd.",
  },
  'agentx-nobody-listens': {
    cause: "The master's socket is there, but nobody listens: snmpd was stopped or has crashed.",
    remedy: 'Start snmpd: systemctl start snmpd, then journalctl -u snmpd.',
  },
  'agentx-port-closed': {
    cause: 'Nothing listens on the port of the AgentX address.',
    remedy: "Start snmpd with 'master agentx' and 'agentXSocket {address}' in snmpd.conf.",
  },
  'agentx-host-unknown': {
    cause: 'The host name of the AgentX address does not resolve.',
    remedy: 'Compare agentx.address with DNS or /etc/hosts.',
  },
  'agentx-host-silent': {
    cause: 'The host of the AgentX address does not answer.',
    remedy:
      'Check the network and the firewall in between. The shipped unit needs a drop-in for TCP: libvirt-agentx contrib network.conf.example.',
  },
} as const satisfies Readonly<Record<string, Problem>>;
