import { repositoryPath } from '../lab/mib-path.ts';
import { startProcess } from '../lab/process.ts';
import { waitUntil } from '../lab/wait.ts';
import { favour } from './process-cost.ts';

/** A fake libvirt daemon in a process of its own. */
export interface Fleet {
  readonly uri: string;
  readonly pid: number;
  /** Pauses or resumes a domain, counted from 1; resolves with the moment of the event, in ms of the monotonic clock. */
  change(command: 'suspend' | 'resume', domain: number): Promise<number>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Domains with 4 vCPUs, 2 disks and 2 NICs, all running, served from one CPU. */
export async function startFleet(domains: number, cpu: number): Promise<Fleet> {
  const child = await startProcess({
    name: 'fleet',
    command: process.execPath,
    args: ['--import', 'tsx', `${repositoryPath}/test/bench/children/fleet.ts`, '--domains', String(domains)],
    cwd: repositoryPath,
    stdin: true,
    ready: (output) => output.includes('qemu+unix'),
    readyTimeoutMs: 60_000,
  });
  await favour(child.pid, cpu);
  const moments = (): readonly string[] => child.stdout().match(/(?<=^at )\d+$/gm) ?? [];
  return {
    uri: (child.stdout().split('\n')[0] ?? '').trim(),
    pid: child.pid,
    async change(command, domain) {
      const before = moments().length;
      child.stdin?.write(`${command} ${domain}\n`);
      const moment = await waitUntil(() => moments()[before], { what: `the ${command}`, intervalMs: 1 });
      return Number(BigInt(moment) / 1000n) / 1000;
    },
    [Symbol.asyncDispose]: () => child.stop(),
  };
}
