import { readdir, readFile } from 'node:fs/promises';
import { agentProcessName } from '../run/thread-name.ts';

/** What this host shows of an AgentX master that cannot be reached where it was expected. */
export interface MasterClues {
  /** Process numbers of snmpd, as far as this user may see them. */
  readonly snmpds: readonly number[];
  /** Paths of listening UNIX sockets that look like those of a master. */
  readonly sockets: readonly string[];
}

/** Flag __SO_ACCEPTCON in /proc/net/unix: the socket listens. */
const listening = 0x10000;

/** snmpd's default is /var/agentx/master, and people who move it keep one of the two words. */
const masterPath = /agentx|\/master$/i;

/** Looks at the processes and sockets of this host, in this network namespace. */
export async function masterClues(): Promise<MasterClues> {
  const [snmpds, sockets] = await Promise.all([processesNamed('snmpd'), listeningSockets()]);
  return { snmpds, sockets: sockets.filter((path) => masterPath.test(path)) };
}

/** Process numbers of agents that run, as far as this user may see them. */
export function runningAgents(): Promise<readonly number[]> {
  return processesNamed(agentProcessName);
}

async function processesNamed(name: string): Promise<readonly number[]> {
  const entries = await readdir('/proc').catch(() => []);
  const pids = entries.filter((entry) => /^\d+$/.test(entry));
  const named = await Promise.all(
    pids.map(async (pid) => (await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')).trim() === name),
  );
  return pids.filter((_pid, nth) => named[nth]).map(Number);
}

/** `0000000000000000: 00000002 00000000 00010000 0001 01 17480 /run/…`: the fourth field has the flags. */
export function listeningPaths(procNetUnix: string): readonly string[] {
  const paths = procNetUnix.split('\n').flatMap((line) => {
    const [, flags = '', path] = /^\S+: \S+ \S+ (\S+) \S+ \S+\s+\S+ (\/.*)$/.exec(line) ?? [];
    return path !== undefined && (Number.parseInt(flags, 16) & listening) !== 0 ? [path] : [];
  });
  return [...new Set(paths)];
}

async function listeningSockets(): Promise<readonly string[]> {
  return listeningPaths(await readFile('/proc/net/unix', 'utf8').catch(() => ''));
}
