import { readFile } from 'node:fs/promises';
import { makeLabDirectory } from '../lab/lab-directory.ts';
import { repositoryPath } from '../lab/mib-path.ts';
import { waitUntil } from '../lab/wait.ts';

/** What the probe in a thread tells. */
export interface LoopReading {
  /** `main`, `serving` for the one that answers SNMP, `faces`. */
  readonly thread: string;
  /** Longest time that the program held the event loop since the last reading, time of other programs left out. */
  readonly maxMs: number;
  readonly p99Ms: number;
  /** Longest delay of a timer, for whatever reason. */
  readonly maxLatenessMs: number;
}

/** Watches the event loops of the agent from inside. */
export interface LoopProbe {
  /** Environment of the process to be watched. */
  readonly env: Readonly<Record<string, string>>;
  /** Reads the probe in the thread that answers requests, and starts both anew. */
  read(pid: number): Promise<LoopReading>;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function makeLoopProbe(): Promise<LoopProbe> {
  const directory = await makeLabDirectory();
  const file = directory.file('readings');
  const readings = async (): Promise<readonly string[]> =>
    (await readFile(file, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
  return {
    env: {
      // Options tried out on the command line of the bench are the program's too.
      NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --import=${repositoryPath}/test/bench/probes/held-loop.mjs`,
      BENCH_PROBE_FILE: file,
    },
    async read(pid) {
      const before = (await readings()).length;
      process.kill(pid, 'SIGUSR2');
      return await waitUntil(
        async () =>
          (await readings())
            .slice(before)
            .map((line) => JSON.parse(line) as LoopReading)
            .find(({ thread }) => thread === 'serving'),
        { what: 'the loop probe' },
      );
    },
    [Symbol.asyncDispose]: () => directory.remove(),
  };
}
