import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { NodeNamespaces } from './namespaces.ts';
import { type RunningProcess, startProcess } from './process.ts';
import { findChildPid } from './process-table.ts';
import { waitUntil } from './wait.ts';

/** Modular daemons beside that of the hypervisor, in the order of their start: who is asked by others comes first. */
export const daemonsBesideQemu = [
  'virtnodedevd',
  'virtsecretd',
  'virtinterfaced',
  'virtstoraged',
  'virtnetworkd',
  'virtproxyd',
] as const;

export type DaemonProgram = 'libvirtd' | 'virtqemud' | (typeof daemonsBesideQemu)[number];

/** Whether such a program is installed. Debian has none of the modular ones. */
export function hasDaemon(program: DaemonProgram): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export interface LibvirtDaemonOptions {
  readonly program: DaemonProgram;
  readonly args: readonly string[];
  readonly namespaces: NodeNamespaces;
  readonly env?: Readonly<Record<string, string>>;
  readonly ready: () => Promise<boolean>;
  /** What it writes to its log, as it comes. */
  readonly onLog: (text: string) => void;
}

/** A daemon of libvirt inside the lab's namespaces. It is not running before the first start. */
export class LibvirtDaemon {
  readonly #options: LibvirtDaemonOptions;
  #running: RunningProcess | undefined;
  #pid: number | undefined;

  constructor(options: LibvirtDaemonOptions) {
    this.#options = options;
  }

  /** Its process id as this namespace has it. */
  pid(): number {
    if (this.#pid === undefined) throw new Error(`${this.#options.program} is not running`);
    return this.#pid;
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid(), signal);
    // nsenter stops itself when its child is stopped, and would not even notice the child's end then.
    if (signal === 'SIGCONT') this.#running?.signal(signal);
  }

  async start(): Promise<void> {
    const { program, args, namespaces, env, ready, onLog } = this.#options;
    const [command = '', ...prefix] = namespaces.enter;
    // Packages that are installed meanwhile write the list of users anew.
    await namespaces.keepUsers();
    const running = await startProcess({
      name: program,
      command,
      ...(env === undefined ? {} : { env }),
      args: [...prefix, program, ...args],
      ready,
      readyTimeoutMs: 60_000,
      onStderr: onLog,
    });
    this.#running = running;
    this.#pid = await waitUntil(() => findChildPid(running.pid), { what: program });
  }

  /** Ends it; SIGKILL leaves stale sockets. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    const [running, pid] = [this.#running, this.#pid];
    if (running === undefined || pid === undefined || !running.isRunning()) return;
    process.kill(pid, signal);
    const timer = setTimeout(() => process.kill(pid, 'SIGKILL'), 10_000);
    await running.exited;
    clearTimeout(timer);
    this.#pid = undefined;
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Lets it go on if it was stopped; resolves when it is gone, which somebody else sees to. */
  async gone(end: () => Promise<void>): Promise<void> {
    this.#running?.signal('SIGCONT');
    await end();
    await this.#running?.exited;
  }
}
