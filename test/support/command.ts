import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '../..');

/** The program built into a directory of its own. */
export interface Build {
  /** What to give to Node.js. */
  readonly cli: string;
  /** The command, which gives it to Node.js. */
  readonly command: string;
  readonly remove: () => Promise<void>;
}

/** Builds the program; starting it from its sources takes several times as long. */
export async function buildProgram(): Promise<Build> {
  const directory = await mkdtemp(join(tmpdir(), 'lvebuild-'));
  for (const name of ['package.json', 'node_modules', 'mibs', 'contrib', 'snmpd.conf.example']) {
    await symlink(join(root, name), join(directory, name));
  }
  await cp(join(root, 'bin'), join(directory, 'bin'), { recursive: true });
  const compiler = join(root, 'node_modules/.bin/tsc');
  const args = ['-p', join(root, 'tsconfig.json'), '--noCheck', '--outDir', join(directory, 'dist')];
  await promisify(execFile)(compiler, args);
  return {
    cli: join(directory, 'dist/cli.js'),
    command: join(directory, 'bin/libvirt-agentx'),
    remove: () => rm(directory, { recursive: true }),
  };
}

/** What a finished command left behind. */
export interface Finished {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs: its output so far, and its end. */
export interface Running {
  readonly process: ChildProcess;
  /** Resolves when stderr holds the text; rejects if the command ends before. */
  readonly untilLogged: (text: string) => Promise<void>;
  readonly finished: Promise<Finished>;
}

/** Starts `libvirt-agentx` with an environment of its own. */
export function startCommand(
  build: Build,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Running {
  const child = spawn(process.execPath, [build.cli, ...args], {
    cwd: root,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  const watchers = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      output[name] += chunk;
      for (const watcher of watchers) watcher();
    });
  }
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode, signal) => resolve({ exitCode, signal, ...output }));
  });
  const untilLogged = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!output.stderr.includes(text)) return;
        watchers.delete(look);
        resolve();
      };
      watchers.add(look);
      void finished.then(() => reject(new Error(`ended before it logged "${text}":\n${output.stderr}`)));
      look();
    });
  return { process: child, untilLogged, finished };
}

/** Runs a command to its end. */
export function runCommand(
  build: Build,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Finished> {
  return startCommand(build, args, env).finished;
}
