import { type AgentxAddress, formatAgentxAddress } from '../agentx/address.ts';
import { newCounters } from '../agentx/counters.ts';
import { AgentxError, AgentxTimeoutError, ResponseError } from '../agentx/errors.ts';
import { AgentxSession } from '../agentx/session.ts';
import { subagentTiming } from '../agentx/timing.ts';
import { TreeView } from '../agentx/view.ts';
import type { Config } from '../config/config.ts';
import { type HypervisorConfig, hypervisorConfigs } from '../config/hypervisor-configs.ts';
import { contextsOf } from '../config/hypervisor-contexts.ts';
import { ConnectionFailedError, errorText, ProtocolError } from '../errors.ts';
import { servedModules } from '../mib/served-modules.ts';
import { systemClock } from '../run/clock.ts';
import { lockHolder } from '../state/directory-lock.ts';
import { formatOid } from '../tree/oid.ts';
import { type Finding, failure, findingsOf, foundProblem, inOrder } from './finding.ts';
import { masterClues, runningAgents } from './master-clues.ts';
import { pathProblem } from './socket-path.ts';

const subject = 'agentx';

/** How long the master may take to answer. */
const answerTimeoutMs = 3000;

/** Which of our subtrees somebody has registered with the master, as dotted OIDs, by context; '' is the default one. */
export type Registered = ReadonlyMap<string, readonly string[]>;

/** What was found of the master, and of our subtrees there. */
export interface MasterCheck {
  readonly findings: readonly Finding[];
  readonly registered: Registered;
}

/**
 * Whether the master agent can be reached, accepts a session and has our subtrees free or ours: in the default context,
 * and if the agent runs, in those of all hypervisors.
 */
export async function checkAgentx(
  config: Config,
  version: string,
  hypervisors: readonly HypervisorConfig[] = hypervisorConfigs(config),
): Promise<MasterCheck> {
  const { address, enabled } = config.agentx;
  const none = { registered: new Map<string, readonly string[]>() };
  if (!enabled) return { findings: [inOrder(subject, 'off: agentx.enabled is false')], ...none };
  const where = formatAgentxAddress(address);
  let upTime = 0;
  try {
    const session = await openMaster(address, `libvirt-agentx ${version} check`, (ticks) => {
      upTime = ticks;
    });
    const holder = await runningAgent(hypervisorConfigs(config));
    const findings: Finding[] = [];
    const registered = new Map<string, readonly string[]>();
    for (const { context, hypervisor } of placesOf(hypervisors, holder)) {
      const tried = await tryRegistering(session, config, { context, holder });
      findings.push(...findingsOf(context === '' ? '' : hypervisor, tried.findings));
      registered.set(context, tried.registered);
    }
    await session.close('shutdown');
    const accepts = `${where}: the master accepts sessions (up for ${Math.floor(upTime / 100)} s)`;
    return { findings: [inOrder(subject, accepts), ...findings], registered };
  } catch (error) {
    return { findings: [await unreachable(error, address)], ...none };
  }
}

/**
 * Opens a session with the master (RFC 2741 section 6.2.1), for a moment. Whatever it is asked meanwhile it has not.
 *
 * @throws ConnectionFailedError with advice, AgentxError if the master refuses, AgentxTimeoutError,
 *   ConnectionLostError, whose cause is a ProtocolError if the peer speaks something else.
 */
export function openMaster(
  address: AgentxAddress,
  description: string,
  onSysUpTime: (sysUpTime: number) => void = () => undefined,
): Promise<AgentxSession> {
  const nothing = new TreeView({ columns: [] }, () => undefined);
  return AgentxSession.open(
    {
      address,
      description,
      timeoutSec: 0,
      timing: { ...subagentTiming, adminTimeoutMs: answerTimeoutMs },
      clock: systemClock,
      answering: {
        counters: newCounters(),
        served: () => ({ view: nothing }),
        readContext: () => ({ now: systemClock.now(), masterStartedAt: undefined }),
        onSetError: () => undefined,
      },
      onSysUpTime,
    },
    new AbortController().signal,
  );
}

/** The process of the agent, if it runs. One whose state directory cannot be written has no lock. */
async function runningAgent(hypervisors: readonly HypervisorConfig[]): Promise<number | undefined> {
  for (const { config } of hypervisors) {
    const holder = await lockHolder(config.state.directory);
    if (holder !== undefined) return holder;
  }
  return (await runningAgents())[0];
}

/** A context in which an agent with this configuration registers. */
interface Place {
  readonly context: string;
  readonly hypervisor: string;
}

/**
 * Where to try. snmpd remembers a context that anybody has registered in, and then answers in it with nothing: those that
 * no running agent has are left alone.
 */
function placesOf(hypervisors: readonly HypervisorConfig[], holder: number | undefined): readonly Place[] {
  const all = hypervisors.flatMap((one) =>
    contextsOf(one).map((context) => ({ context, hypervisor: one.name })),
  );
  const places = all.filter(({ context }) => context !== '');
  return [{ context: '', hypervisor: '' }, ...(holder === undefined ? [] : places)];
}

/** Where, and which process should have it. */
interface Trial {
  readonly context: string;
  readonly holder: number | undefined;
}

/**
 * Whether our subtrees are registered already: only the attempt tells (RFC 2741 section 7.1.4.1). Where it succeeds,
 * the registration ends with the session, some milliseconds later.
 */
async function tryRegistering(
  session: AgentxSession,
  { agentx, mib }: Config,
  { context, holder }: Trial,
): Promise<{ readonly findings: readonly Finding[]; readonly registered: readonly string[] }> {
  const findings: Finding[] = [];
  const registered: string[] = [];
  for (const { name, oid } of servedModules(mib)) {
    const root = formatOid(oid);
    const text = `${name} (${root})${context === '' ? '' : ` in context ${context}`}`;
    try {
      await session.request(
        {
          kind: 'register',
          context: context === '' ? undefined : context,
          timeoutSec: 0,
          priority: agentx.priority,
          subtree: oid,
        },
        `Register ${name}`,
      );
      findings.push(
        holder === undefined
          ? inOrder(subject, `${text} is free for the agent, which does not run or is hidden from this user`)
          : foundProblem(
              subject,
              `${text} is not registered, although the agent runs (process ${holder})`,
              'subtree-not-registered',
            ),
      );
    } catch (error) {
      if (!(error instanceof AgentxError)) throw error;
      findings.push(refusalFinding(error, text, holder));
      if (error.resError === ResponseError.duplicateRegistration) registered.push(root);
    }
  }
  return { findings, registered };
}

function refusalFinding(error: AgentxError, text: string, holder: number | undefined): Finding {
  if (error.resError !== ResponseError.duplicateRegistration) {
    return foundProblem(subject, `${text}: ${errorText(error)}`, 'subtree-refused');
  }
  return holder === undefined
    ? foundProblem(
        subject,
        `${text} is registered by another subagent, or a pass line of snmpd.conf`,
        'subtree-taken',
      )
    : inOrder(
        subject,
        `${text} is registered: by the running agent (process ${holder}), or else --snmp tells by whom`,
      );
}

/** Why a session with the master could not be had. Also `notify-test` says so. */
export async function unreachable(error: unknown, address: AgentxAddress): Promise<Finding> {
  const text = errorText(error);
  const problem = address.kind === 'unix' ? await pathProblem(address.path) : undefined;
  switch (problem?.kind) {
    case 'directory':
      return foundProblem(subject, text, 'agentx-directory-not-permitted', problem);
    case 'socket':
      return foundProblem(subject, text, 'agentx-socket-not-permitted', problem);
    case 'notSocket':
      return foundProblem(subject, `${problem.path} is no socket`, 'agentx-not-a-socket');
    case 'missing':
      return await missingSocket(text, problem.path, error);
  }
  const cause = error instanceof ConnectionFailedError ? error.cause : undefined;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'EACCES' || code === 'EPERM') return foundProblem(subject, text, 'agentx-denied-by-policy');
  if (error instanceof ConnectionFailedError) return failure(subject, text, error.advice);
  if (error instanceof AgentxTimeoutError) return foundProblem(subject, text, 'agentx-silent');
  if (error instanceof Error && error.cause instanceof ProtocolError) {
    return foundProblem(subject, text, 'agentx-not-a-master');
  }
  if (error instanceof AgentxError) return foundProblem(subject, text, 'agentx-refused');
  return failure(subject, text, undefined);
}

/** Of what else this host shows, the most telling. */
async function missingSocket(text: string, path: string, error: unknown): Promise<Finding> {
  const { snmpds, sockets } = await masterClues();
  const [other] = sockets;
  if (other !== undefined) {
    return foundProblem(subject, `${text}; something listens on ${other}`, 'snmpd-socket-elsewhere', {
      path: other,
      wanted: path,
    });
  }
  const [pid] = snmpds;
  if (pid !== undefined) {
    return foundProblem(subject, `${text}; snmpd runs (process ${pid})`, 'snmpd-not-master', { path });
  }
  // Of processes that are hidden from this user nothing can be said.
  if (process.getuid?.() === 0) return foundProblem(subject, text, 'snmpd-not-running');
  return failure(subject, text, error instanceof ConnectionFailedError ? error.advice : undefined);
}
