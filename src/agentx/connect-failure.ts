import { ConnectionFailedError, errorText } from '../errors.ts';
import { type AgentxAddress, formatAgentxAddress } from './address.ts';

/** Says why the master could not be reached and what to do about it. */
export function connectFailure(address: AgentxAddress, cause: unknown): ConnectionFailedError {
  const where = formatAgentxAddress(address);
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return new ConnectionFailedError(
    `cannot connect to the AgentX master at ${where}: ${errorText(cause)}`,
    remedyOf(code, address),
    { cause },
  );
}

function remedyOf(code: string, address: AgentxAddress): string | undefined {
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return (
        "let this program's group use the socket: 'agentXPerms 0660 0755 -1 <group>' in snmpd.conf, " +
        'a directory that the group may enter, then restart snmpd'
      );
    case 'ENOENT':
      return (
        "start snmpd with 'master agentx' in snmpd.conf; if it runs, its 'agentXSocket' and the address " +
        'configured here differ'
      );
    case 'ECONNREFUSED':
      return address.kind === 'unix'
        ? 'start snmpd: its socket is there, but nobody listens'
        : "start snmpd with 'master agentx' and this address as 'agentXSocket' in snmpd.conf";
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'check the host name of the AgentX address';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ETIMEDOUT':
      return 'check the network and the firewall between here and the AgentX address';
    default:
      return undefined;
  }
}
