import { readdir, readFile } from 'node:fs/promises';
import { bootId } from '../../run/boot-id.ts';
import { momentOf } from '../../run/clock.ts';
import type { HypervisorProcess } from '../records/domain-table.ts';

/** USER_HZ of the kernel's interface to user space: 100 on every Linux that QEMU runs on. */
const ticksPerSecond = 100;

/** Field 22 of /proc/PID/stat, counted after the command name, which may itself hold blanks and brackets. */
const startTimeField = 22 - 3;

/** Where libvirt keeps the numbers of its processes: `NAME.pid`. */
const defaultPidDirectory = '/run/libvirt/qemu';

/** All processes are looked through at most this often, in milliseconds. */
const scanGapMs = 1000;

/**
 * Finds the hypervisor processes of the domains of this host: by the file in which libvirt keeps the number, else,
 * since that file may be out of sight and its name need not be the domain's, among all processes. Either way the
 * command line must name the UUID, because a number may have passed to another process.
 */
export class ProcessFinder {
  readonly #pidDirectory: string;
  #lastBoot: { readonly atMs: number; readonly read: Promise<Boot> } | undefined;
  #scan: { readonly atMs: number; readonly found: Promise<ReadonlyMap<string, number>> } | undefined;

  constructor(pidDirectory = defaultPidDirectory) {
    this.#pidDirectory = pidDirectory;
  }

  /** Undefined where the process cannot be seen, or where there are several that claim to be it. */
  async find(name: string, uuid: string): Promise<HypervisorProcess | undefined> {
    const pid = (await this.#pidFromFile(name, uuid)) ?? (await this.#processes()).get(uuid);
    return pid === undefined ? undefined : await processOf(pid, await this.#boot());
  }

  /** Read once for many processes: the kernel writes a line for each processor into that file. */
  #boot(): Promise<Boot> {
    const now = performance.now();
    if (this.#lastBoot === undefined || now - this.#lastBoot.atMs > scanGapMs) {
      this.#lastBoot = { atMs: now, read: readBoot() };
    }
    return this.#lastBoot.read;
  }

  async #pidFromFile(name: string, uuid: string): Promise<number | undefined> {
    if (name.includes('/') || name.includes('\0')) return undefined;
    const text = await readFile(`${this.#pidDirectory}/${name}.pid`, 'utf8').catch(() => '');
    const pid = Number(text.trim());
    if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
    return (await uuidOf(pid)) === uuid ? pid : undefined;
  }

  /** Process numbers by UUID. */
  #processes(): Promise<ReadonlyMap<string, number>> {
    const now = performance.now();
    if (this.#scan === undefined || now - this.#scan.atMs > scanGapMs) {
      this.#scan = { atMs: now, found: scanProcesses() };
    }
    return this.#scan.found;
  }
}

async function scanProcesses(): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  const ambiguous = new Set<string>();
  for (const name of await readdir('/proc').catch(() => [])) {
    const pid = Number(name);
    if (!Number.isSafeInteger(pid)) continue;
    const uuid = await uuidOf(pid);
    if (uuid === undefined) continue;
    if (found.has(uuid)) ambiguous.add(uuid);
    found.set(uuid, pid);
  }
  // Anybody may start a process with such arguments.
  for (const uuid of ambiguous) found.delete(uuid);
  return found;
}

/** The argument after `-uuid` of a process; undefined for everything that is no QEMU. */
async function uuidOf(pid: number): Promise<string | undefined> {
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  const option = command.indexOf('\0-uuid\0');
  if (option < 0) return undefined;
  return command.slice(option + '\0-uuid\0'.length).split('\0', 1)[0];
}

/** When the kernel started, and what tells that boot from all others. */
interface Boot {
  readonly id: string;
  readonly atMs: number;
}

async function readBoot(): Promise<Boot> {
  const [id, kernel] = await Promise.all([bootId(), readFile('/proc/stat', 'utf8').catch(() => '')]);
  return { id, atMs: momentOf(Number(/^btime (\d+)$/m.exec(kernel)?.[1]) * 1000) };
}

async function processOf(pid: number, boot: Boot): Promise<HypervisorProcess | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[startTimeField]);
  const startedAt = Math.round(boot.atMs + (ticks / ticksPerSecond) * 1000);
  return Number.isFinite(startedAt) ? { startedAt, run: `${boot.id}/${ticks}/${pid}` } : undefined;
}
