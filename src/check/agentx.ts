import { type AgentxAddress, formatAgentxAddress } from '../agentx/address.ts';
import { AgentxTimeoutError } from '../agentx/errors.ts';
import { AgentxSession } from '../agentx/session.ts';
import { subagentTiming } from '../agentx/timing.ts';
import type { Config } from '../config/config.ts';
import { ConnectionFailedError, errorText, ProtocolError } from '../errors.ts';
import { systemClock } from '../run/clock.ts';
import type { Finding } from './finding.ts';
import { type PathProblem, pathProblem } from './socket-path.ts';

const subject = 'agentx';

/** How long the master may take to answer. */
const answerTimeoutMs = 3000;

/** Whether the master agent can be reached and accepts a session. */
export async function checkAgentx(config: Config, version: string): Promise<readonly Finding[]> {
  const { address, enabled } = config.agentx;
  if (!enabled) return [{ level: 'ok', subject, text: 'off: agentx.enabled is false' }];
  try {
    const upTime = await masterUpTime(address, `libvirt-agentx ${version} check`);
    const text = `${formatAgentxAddress(address)}: the master accepts sessions (up for ${Math.floor(upTime / 100)} s)`;
    return [{ level: 'ok', subject, text }];
  } catch (error) {
    const problem = address.kind === 'unix' ? await pathProblem(address.path) : undefined;
    const remedy = remedyOf(error, problem);
    return [{ level: 'fail', subject, text: errorText(error), ...(remedy === undefined ? {} : { remedy }) }];
  }
}

/**
 * Opens a session with the master and closes it again (RFC 2741 sections 6.2.1 and 6.2.2), without registering anything.
 * Resolves with the master's uptime in hundredths of a second.
 *
 * @throws ConnectionFailedError with a remedy, AgentxError if the master refuses, AgentxTimeoutError,
 *   ConnectionLostError, whose cause is a ProtocolError if the peer speaks something else.
 */
async function masterUpTime(address: AgentxAddress, description: string): Promise<number> {
  let upTime = 0;
  const session = await AgentxSession.open(
    {
      address,
      description,
      timeoutSec: 0,
      timing: { ...subagentTiming, adminTimeoutMs: answerTimeoutMs },
      clock: systemClock,
      answering: undefined,
      onSysUpTime: (sysUpTime) => {
        upTime = sysUpTime;
      },
    },
    new AbortController().signal,
  );
  await session.close('shutdown');
  return upTime;
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
      `The socket (${problem.owner}) may not be written by this user. In snmpd.conf: agentXPerms 0660 0755 -1 GROUP, ` +
      'with a group of this user; then restart snmpd.'
    );
  }
  if (problem?.kind === 'notSocket')
    return `${problem.path} is no socket: compare agentXSocket in snmpd.conf.`;
  if (error instanceof ConnectionFailedError) return error.remedy;
  if (
    error instanceof AgentxTimeoutError ||
    (error instanceof Error && error.cause instanceof ProtocolError)
  ) {
    return 'Something else than an AgentX master listens there, or snmpd is stuck: compare agentXSocket in snmpd.conf.';
  }
  return undefined;
}
