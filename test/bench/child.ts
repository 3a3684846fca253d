import { repositoryPath } from '../lab/mib-path.ts';
import { run } from '../lab/process.ts';
import type { CollectingReport } from './children/collecting.ts';

/** Runs a script of `children/` to its end on one CPU and returns what it printed. */
export function runChild(name: string, args: readonly string[], cpu: number): Promise<string> {
  return runPinned(
    process.execPath,
    ['--import', 'tsx', `${repositoryPath}/test/bench/children/${name}.ts`, ...args],
    cpu,
  );
}

/** Runs a command to its end on one CPU and returns what it printed. */
export function runPinned(command: string, args: readonly string[], cpu: number): Promise<string> {
  return run('taskset', ['-c', String(cpu), command, ...args], {
    cwd: repositoryPath,
    timeoutMs: 3_600_000,
  });
}

export interface CollectingOptions {
  readonly uri: string;
  readonly refreshes: number;
  readonly warmUp?: number;
  readonly trees?: boolean;
  readonly cpu: number;
}

/** The agent's way from libvirt to the view, without AgentX and without pauses. */
export async function runCollecting(options: CollectingOptions): Promise<CollectingReport> {
  const args = ['--uri', options.uri, '--refreshes', String(options.refreshes)];
  if (options.warmUp !== undefined) args.push('--warm-up', String(options.warmUp));
  if (options.trees === true) args.push('--trees');
  return JSON.parse(await runChild('collecting', args, options.cpu)) as CollectingReport;
}
