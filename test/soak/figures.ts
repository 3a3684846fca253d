import { existsSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { residentMib } from '../bench/process-cost.ts';
import { delay, waitUntil } from '../lab/wait.ts';

/** What the agent holds at a moment. */
export interface Figures {
  /** After all garbage was collected, as the other two. */
  readonly residentMib: number;
  /** Of all threads. */
  readonly heapMib: number;
  /** Memory outside of the heaps that JavaScript refers to: images, buffers. */
  readonly outsideMib: number;
  readonly descriptors: number;
  readonly threads: number;
  /** All files of the state directory. */
  readonly stateKib: number;
}

/** Those of them that must not grow, with what is allowed: a share, and as much again in the unit of the figure. */
export const bounds: readonly {
  readonly name: keyof Figures;
  readonly title: string;
  readonly share: number;
  readonly plus: number;
}[] = [
  { name: 'residentMib', title: 'RSS MiB', share: 1.05, plus: 4 },
  { name: 'heapMib', title: 'heap MiB', share: 1.05, plus: 1 },
  { name: 'outsideMib', title: 'outside MiB', share: 1.05, plus: 1 },
  { name: 'descriptors', title: 'descriptors', share: 1, plus: 4 },
  { name: 'threads', title: 'threads', share: 1, plus: 1 },
  // The file of the event log is written anew when it has become twice as long as its content.
  { name: 'stateKib', title: 'state KiB', share: 2, plus: 64 },
];

/** Time in which every thread has told what it keeps, in milliseconds: they collect garbage for it. */
const settleMs = 3000;

/**
 * Looks at a process.
 *
 * @param heapFile - to which its threads append what they keep: see fast-motion.mjs.
 */
export async function figuresOf(pid: number, stateDirectory: string, heapFile: string): Promise<Figures> {
  const { heapBytes, outsideBytes } = await kept(pid, heapFile);
  // Without what nobody refers to any more: how much of that there is depends on how busy the machine is.
  const [resident, descriptors, threads] = await Promise.all([
    residentMib(pid),
    readdir(`/proc/${pid}/fd`),
    readdir(`/proc/${pid}/task`),
  ]);
  let stateBytes = 0;
  for (const name of await readdir(stateDirectory)) {
    stateBytes += await stat(`${stateDirectory}/${name}`).then(
      ({ size }) => size,
      () => 0,
    );
  }
  return {
    residentMib: resident,
    heapMib: heapBytes / 2 ** 20,
    outsideMib: outsideBytes / 2 ** 20,
    descriptors: descriptors.length,
    threads: threads.length,
    stateKib: stateBytes / 1024,
  };
}

interface Kept {
  readonly heapBytes: number;
  readonly outsideBytes: number;
}

async function kept(pid: number, heapFile: string): Promise<Kept> {
  const before = existsSync(heapFile) ? (await readFile(heapFile, 'utf8')).length : 0;
  process.kill(pid, 'SIGUSR2');
  const written = async (): Promise<string> => (await readFile(heapFile, 'utf8')).slice(before);
  await waitUntil(async () => (await written()) !== '', { what: 'the heaps', timeoutMs: 30_000 });
  await delay(settleMs);
  const sum = { heapBytes: 0, outsideBytes: 0 };
  for (const line of (await written()).trim().split('\n')) {
    const one = JSON.parse(line) as Kept;
    sum.heapBytes += one.heapBytes;
    sum.outsideBytes += one.outsideBytes;
  }
  return sum;
}
