import { readdir, readFile, readlink } from 'node:fs/promises';

/** The process whose parent is `parentPid`, as this namespace numbers them. */
export async function findChildPid(parentPid: number): Promise<number | undefined> {
  for (const pid of await processIds()) {
    const status = await statusOf(pid);
    if (Number(/^PPid:\s+(\d+)$/m.exec(status)?.[1]) === parentPid) return pid;
  }
  return undefined;
}

/**
 * The process in the PID namespace of `memberPid` whose command line contains these arguments in this order, as this
 * namespace numbers it.
 */
export async function findByArguments(
  memberPid: number,
  wanted: readonly string[],
): Promise<number | undefined> {
  const namespace = await namespaceOf(memberPid);
  const pattern = `\0${wanted.join('\0')}\0`;
  for (const pid of await processIds()) {
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (commandLine.includes(pattern) && (await namespaceOf(pid)) === namespace) return pid;
  }
  return undefined;
}

async function processIds(): Promise<readonly number[]> {
  return (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
}

function statusOf(pid: number): Promise<string> {
  return readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
}

function namespaceOf(pid: number): Promise<string | undefined> {
  return readlink(`/proc/${pid}/ns/pid`).catch(() => undefined);
}
