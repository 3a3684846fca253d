import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { waitUntil } from './wait.ts';

/** Older output is forgotten beyond this. */
const outputMaximumChars = 2 * 1024 * 1024;

export interface StartOptions {
  /** Name for messages. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Keeps a pipe to the process's standard input open. */
  readonly stdin?: boolean;
  /** Called again and again with the output so far until it returns true; absent = ready at once. */
  readonly ready?: (output: string) => boolean | Promise<boolean>;
  readonly readyTimeoutMs?: number;
  /** Standard output as it comes, for what must not be forgotten. */
  readonly onStdout?: (text: string) => void;
  /** Standard error as it comes. */
  readonly onStderr?: (text: string) => void;
}

export interface Exit {
  readonly code: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
}

/** A process of ours. It dies with us, however we end (parent death signal). */
export interface RunningProcess {
  readonly name: string;
  readonly pid: number;
  /** Standard output only. */
  stdout(): string;
  /** Standard error only. */
  stderr(): string;
  /** Both, in order of arrival. */
  output(): string;
  readonly stdin: Writable | undefined;
  readonly exited: Promise<Exit>;
  isRunning(): boolean;
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM, then SIGKILL after the grace time; resolves when it is gone. Idempotent. */
  stop(graceMs?: number): Promise<void>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts a process and waits until it is ready; an early exit is an error that shows its output. */
export async function startProcess(options: StartOptions): Promise<RunningProcess> {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', options.command, ...options.args], {
    env: { ...process.env, ...options.env },
    cwd: options.cwd,
    stdio: [options.stdin ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    // Ctrl-C in a terminal reaches us alone, so that we take the lab down in order.
    detached: true,
  });
  let stdout = '';
  let stderr = '';
  let output = '';
  let exit: Exit | undefined;
  collect(child.stdout, (text) => {
    options.onStdout?.(text);
    stdout = bounded(stdout + text);
    output = bounded(output + text);
  });
  collect(child.stderr, (text) => {
    options.onStderr?.(text);
    stderr = bounded(stderr + text);
    output = bounded(output + text);
  });
  const exited = new Promise<Exit>((resolve) => {
    child.once('error', (error) => {
      output += `${error.message}\n`;
      exit = { code: undefined, signal: undefined };
      resolve(exit);
    });
    child.once('close', (code, signal) => {
      exit = { code: code ?? undefined, signal: signal ?? undefined };
      resolve(exit);
    });
  });
  const isRunning = () => exit === undefined && child.exitCode === null && child.signalCode === null;
  const signal = (name: NodeJS.Signals) => {
    if (isRunning()) child.kill(name);
  };
  const stop = async (graceMs = 5_000) => {
    signal('SIGTERM');
    const timer = setTimeout(() => signal('SIGKILL'), graceMs);
    await exited;
    clearTimeout(timer);
  };
  const running: RunningProcess = {
    name: options.name,
    pid: child.pid ?? 0,
    stdout: () => stdout,
    stderr: () => stderr,
    output: () => output,
    stdin: child.stdin ?? undefined,
    exited,
    isRunning,
    signal,
    stop,
    async kill() {
      signal('SIGKILL');
      await exited;
    },
    [Symbol.asyncDispose]: () => stop(),
  };
  child.stdin?.on('error', () => {});
  const { ready } = options;
  if (ready === undefined) return running;
  try {
    const outcome = await waitUntil<'ready' | 'exited'>(
      async () => {
        // What a readiness check throws must not hide that the process has ended.
        const answer = await (async () => ready(output))().catch((error: unknown) => {
          if (exit === undefined) throw error;
          return false;
        });
        if (answer) return 'ready';
        return exit === undefined ? undefined : 'exited';
      },
      {
        what: `${options.name} to be ready`,
        timeoutMs: options.readyTimeoutMs ?? 20_000,
        context: () => output,
      },
    );
    if (outcome === 'exited') {
      throw new Error(`${options.name} ended at once (${describeExit(exit)})\n${output}`);
    }
    return running;
  } catch (error) {
    await stop();
    throw error;
  }
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly input?: string;
  readonly timeoutMs?: number;
}

export interface RunResult {
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end, whatever its exit status. */
export async function runAnyway(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const child = spawn(command, args, {
    env: { ...process.env, LC_ALL: 'C.UTF-8', ...options.env },
    cwd: options.cwd,
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: options.timeoutMs ?? 60_000,
    killSignal: 'SIGKILL',
  });
  let stdout = '';
  let stderr = '';
  collect(child.stdout, (text) => {
    stdout += text;
  });
  collect(child.stderr, (text) => {
    stderr += text;
  });
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  const [code] = (await once(child, 'close')) as [number | null];
  return { code: code ?? undefined, stdout, stderr };
}

/**
 * Put before a command that is to see no process of the host: `check` takes an agent that runs, whosever it is, for the
 * one that it is asked about.
 */
export const whereNoAgentRuns = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'] as const;

/** Runs a command to its end and returns its standard output; a failure throws with what it said. */
export async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const result = await runAnyway(command, args, options);
  if (result.code !== 0) {
    throw new Error(
      `${command} ${args.join(' ')} failed (${result.code ?? 'killed'}): ${result.stderr}${result.stdout}`,
    );
  }
  return result.stdout;
}

function collect(stream: Readable | null, take: (text: string) => void): void {
  stream?.setEncoding('utf8');
  stream?.on('data', take);
}

function bounded(text: string): string {
  return text.length > outputMaximumChars ? text.slice(-outputMaximumChars / 2) : text;
}

function describeExit(exit: Exit | undefined): string {
  return exit?.signal ?? `exit status ${exit?.code ?? 'unknown'}`;
}
