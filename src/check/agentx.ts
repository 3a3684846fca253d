import { formatAgentxAddress } from '../agentx/address.ts';
import { AgentxTimeoutError } from '../agentx/errors.ts';
import type { Config } from '../config/config.ts';
import { ConnectionFailedError, errorText, ProtocolError } from '../errors.ts';
import { tryAgentxOpen } from './agentx-open.ts';
import type { Finding } from './finding.ts';
import { type PathProblem, pathProblem } from './socket-path.ts';

const subject = 'agentx';

/** Whether the master agent can be reached and accepts a session. */
export async function checkAgentx(config: Config, version: string): Promise<readonly Finding[]> {
  const { address } = config.agentx;
  try {
    const upTime = await tryAgentxOpen(address, `libvirt-agentx ${version} check`);
    const text = `${formatAgentxAddress(address)}: the master accepts sessions (up for ${Math.floor(upTime / 100)} s)`;
    return [{ level: 'ok', subject, text }];
  } catch (error) {
    const problem = address.kind === 'unix' ? await pathProblem(address.path) : undefined;
    const remedy = remedyOf(error, problem);
    return [{ level: 'fail', subject, text: errorText(error), ...(remedy === undefined ? {} : { remedy }) }];
  }
}

function remedyOf(error: unknown, problem: PathProblem | undefined): string | undefined {
  if (problem?.kind === 'directory') {
    return (
      `The directory ${problem.path} (${problem.owner}) may not be entered by this user; agentXPerms changes the ` +
      `socket only. Run: chmod o+x ${problem.path}; or give it the agent's group, and have tmpfiles.d keep it so.`
    );
  }
  if (problem?.kind === 'socket') {
    return (
      `The socket (${problem.owner}) may not be written by this user. In snmpd.conf: agentXPerms 0660 0755 root GROUP, ` +
      'with a group of this user; then restart snmpd.'
    );
  }
  if (problem?.kind === 'notSocket')
    return `${problem.path} is no socket: compare agentXSocket in snmpd.conf.`;
  if (error instanceof ConnectionFailedError) return error.remedy;
  if (error instanceof AgentxTimeoutError || error instanceof ProtocolError) {
    return 'Something else than an AgentX master listens there, or snmpd is stuck: compare agentXSocket in snmpd.conf.';
  }
  return undefined;
}
