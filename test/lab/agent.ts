import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { stringify } from 'smol-toml';
import { makeLabDirectory } from './lab-directory.ts';
import { repositoryPath } from './mib-path.ts';
import { type Exit, startProcess } from './process.ts';
import { waitUntil } from './wait.ts';

/** A TOML value of the agent's configuration. */
export type ConfigValue = string | number | boolean | readonly ConfigValue[] | ConfigSection;

export interface ConfigSection {
  readonly [key: string]: ConfigValue;
}

export interface AgentOptions {
  /** libvirt URI; left out where `config` has hypervisors. */
  readonly uri?: string;
  /** `unix:/path` or `tcp:host:port`: `snmpd.agentxAddress`. */
  readonly agentxAddress: string;
  /** Sections and keys of the configuration file, over the lab's own (interval 1 s, private state directory). */
  readonly config?: ConfigSection;
  /** More arguments after `run --config FILE`. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** A state directory that outlives the agent; default is private and removed by stop(). */
  readonly stateDirectory?: string;
  /** Another program than {@link programPath}. */
  readonly program?: string;
  /** Commands of a shell that are run before the agent in its own mount namespace: what it finds in the file system. */
  readonly mounts?: string;
}

/** The built program as a process of its own. */
export interface Agent {
  readonly pid: number;
  readonly configPath: string;
  readonly stateDirectory: string;
  readonly exited: Promise<Exit>;
  stdout(): string;
  /** The log: JSON lines. */
  stderr(): string;
  /** Log lines, parsed; what is no JSON is left out. */
  logLines(): readonly Readonly<Record<string, unknown>>[];
  /** Resolves when the text is anywhere in the log, also before this call. */
  waitForLog(text: string, timeoutMs?: number): Promise<void>;
  /** The same for what comes after this call: to be called before what brings it about. */
  nextLog(text: string, timeoutMs?: number): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM; resolves with how it ended, after removal of its files. */
  stop(): Promise<Exit>;
  /** SIGKILL. */
  kill(): Promise<Exit>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Path of the built program; LVX_LAB_PROGRAM names another, such as the bundle that packages have. */
export const programPath = process.env['LVX_LAB_PROGRAM'] ?? `${repositoryPath}/dist/cli.js`;

/** Node.js that runs the program: the one that runs the tests, or the one that LVX_LAB_NODE names. */
export const programNode = process.env['LVX_LAB_NODE'] ?? process.execPath;

/** Starts `libvirt-agentx run` from `dist`; `npm run build` comes first. */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  if (!existsSync(programPath)) throw new Error(`${programPath} is missing: run \`npm run build\` first`);
  const directory = await makeLabDirectory();
  const stateDirectory = options.stateDirectory ?? directory.directory('state');
  const configPath = directory.file('agent.toml');
  const config = mergeSections(
    {
      ...(options.uri === undefined ? {} : { libvirt: { uri: options.uri } }),
      collect: { interval: 1 },
      agentx: { address: options.agentxAddress },
      state: { directory: stateDirectory },
      log: { format: 'json' },
    },
    options.config ?? {},
  );
  await writeFile(configPath, stringify(config));
  const child = await startProcess({
    name: 'libvirt-agentx',
    ...inNamespace(options.mounts, [
      options.program ?? programPath,
      ...['run', '--config', configPath],
      ...(options.args ?? []),
    ]),
    env: options.env ?? {},
  });
  const end = async (how: () => Promise<void>) => {
    await how();
    await directory.remove();
    return child.exited;
  };
  const logHas = async (text: string, from: number, timeoutMs?: number): Promise<void> => {
    await waitUntil(() => child.stderr().includes(text, from), {
      what: `"${text}" in the agent's log`,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      context: () => child.stderr(),
    });
  };
  return {
    pid: child.pid,
    configPath,
    stateDirectory,
    exited: child.exited,
    stdout: () => child.stdout(),
    stderr: () => child.stderr(),
    logLines: () => child.stderr().split('\n').flatMap(parseLine),
    waitForLog: (text, timeoutMs) => logHas(text, 0, timeoutMs),
    nextLog: (text, timeoutMs) => logHas(text, child.stderr().length, timeoutMs),
    signal: (signal) => child.signal(signal),
    stop: () => end(() => child.stop(10_000)),
    kill: () => end(() => child.kill()),
    async [Symbol.asyncDispose]() {
      await end(() => child.stop(10_000));
    },
  };
}

/** The process number stays that of the agent: each command becomes the next one. */
function inNamespace(
  mounts: string | undefined,
  args: readonly string[],
): { readonly command: string; readonly args: readonly string[] } {
  if (mounts === undefined) return { command: programNode, args };
  const script = `set -e\n${mounts}\nexec "$0" "$@"`;
  return { command: 'unshare', args: ['--mount', 'sh', '-c', script, programNode, ...args] };
}

function mergeSections(base: ConfigSection, over: ConfigSection): ConfigSection {
  const merged: Record<string, ConfigValue> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const previous = merged[key];
    merged[key] = isSection(previous) && isSection(value) ? mergeSections(previous, value) : value;
  }
  return merged;
}

function isSection(value: ConfigValue | undefined): value is ConfigSection {
  return typeof value === 'object' && !Array.isArray(value);
}

function parseLine(line: string): readonly Readonly<Record<string, unknown>>[] {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? [value as Readonly<Record<string, unknown>>] : [];
  } catch {
    return [];
  }
}
