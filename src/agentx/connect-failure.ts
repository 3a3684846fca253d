import { type Advice, advise, ConnectionFailedError, errorText } from '../errors.ts';
import { type AgentxAddress, formatAgentxAddress } from './address.ts';
import { agentxProblems } from './problems.ts';

/** Says why the master could not be reached and what to do about it. */
export function connectFailure(address: AgentxAddress, cause: unknown): ConnectionFailedError {
  const where = formatAgentxAddress(address);
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return new ConnectionFailedError(
    `cannot connect to the AgentX master at ${where}: ${errorText(cause)}`,
    adviceOn(code, address),
    { cause },
  );
}

function adviceOn(code: string, address: AgentxAddress): Advice | undefined {
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return advise(agentxProblems, 'agentx-not-permitted');
    case 'ENOENT':
      return advise(agentxProblems, 'agentx-socket-missing');
    case 'ECONNREFUSED':
      return address.kind === 'unix'
        ? advise(agentxProblems, 'agentx-nobody-listens')
        : advise(agentxProblems, 'agentx-port-closed', { address: formatAgentxAddress(address) });
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return advise(agentxProblems, 'agentx-host-unknown');
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ETIMEDOUT':
      return advise(agentxProblems, 'agentx-host-silent');
    default:
      return undefined;
  }
}
