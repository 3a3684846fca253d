import { readdir, readFile, writeFile } from 'node:fs/promises';
import { setPriority } from 'node:os';
import { runAnyway } from '../lab/process.ts';
import { waitUntil } from '../lab/wait.ts';

/** CPU time of all threads of a process so far, in milliseconds, to the nanosecond as the scheduler counts it. */
export async function cpuMs(pid: number): Promise<number> {
  let totalNs = 0;
  for (const thread of await readdir(`/proc/${pid}/task`)) {
    const text = await readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').catch(() => '0');
    totalNs += Number(text.split(' ')[0]);
  }
  return totalNs / 1e6;
}

/** CPU time of the first thread of a process so far, in milliseconds. */
export async function mainThreadCpuMs(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/task/${pid}/schedstat`, 'utf8');
  return Number(text.split(' ')[0]) / 1e6;
}

/** What the threads of a process are called. */
export async function threadNames(pid: number): Promise<readonly string[]> {
  const threads = await readdir(`/proc/${pid}/task`);
  const names = threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/comm`, 'utf8').catch(() => ''));
  return (await Promise.all(names)).map((name) => name.trim());
}

/** Resident memory in MiB. */
export async function residentMib(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s*(\d+)/.exec(status)?.[1] ?? 0) / 1024;
}

/** Name of the agent's thread that answers requests; see src/serve/worker.ts. */
const servingThreadName = 'agentx';

/**
 * Gives the thread of the agent that answers requests a CPU of its own, as a host with idle CPUs does by itself: with
 * all of its threads on one CPU it would be the scheduler's time slices that are measured.
 */
export async function separateServing(pid: number, servingCpu: number, otherCpu: number): Promise<void> {
  await pin(pid, otherCpu);
  const thread = await waitUntil(() => threadNamed(pid, servingThreadName), { what: 'the serving thread' });
  await runAnyway('taskset', ['-cp', String(servingCpu), thread]);
  goFirst(Number(thread));
}

async function threadNamed(pid: number, wanted: string): Promise<string | undefined> {
  for (const thread of await readdir(`/proc/${pid}/task`)) {
    const name = await readFile(`/proc/${pid}/task/${thread}/comm`, 'utf8').catch(() => '');
    if (name.trim() === wanted) return thread;
  }
  return undefined;
}

/** Keeps all threads of a process on one CPU. */
export async function pin(pid: number, cpu: number): Promise<void> {
  await runAnyway('taskset', ['-acp', String(cpu), String(pid)]);
}

/** Before other work on the machine: what is measured should not be the queue for the CPU. */
export const measuredNiceness = -20;

/** Lets a process and what it starts go before other work, where that is permitted. */
export async function prioritize(pid: number): Promise<void> {
  const threads = await readdir(`/proc/${pid}/task`);
  for (const thread of threads) goFirst(Number(thread));
  await preferSession(pid);
}

/** To Linux a thread has a priority of its own, and its number is as good as that of a process. */
function goFirst(thread: number): void {
  try {
    setPriority(thread, measuredNiceness);
  } catch {
    // Not permitted, or the thread has ended.
  }
}

/** With autogrouping the nice value counts only within a session: what counts is that of the session. */
export async function preferSession(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/autogroup`, String(measuredNiceness)).catch(() => {});
}

/** Pins a process under measurement and lets it go first. */
export async function favour(pid: number, cpu: number): Promise<void> {
  await pin(pid, cpu);
  await prioritize(pid);
}
