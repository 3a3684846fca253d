import { readFile } from 'node:fs/promises';
import type { EpochMs } from '../../model/scalar-types.ts';

/** USER_HZ of the kernel's interface to user space: 100 on every Linux that QEMU runs on. */
const ticksPerSecond = 100;

/** Field 22 of /proc/PID/stat, counted after the command name, which may itself hold blanks and brackets. */
const startTimeField = 22 - 3;

/**
 * When the hypervisor process of a domain of this host was started; undefined if it cannot be told. libvirt
 * keeps the process number beside its sockets; the command line must name the domain's UUID, because a
 * number may have passed to another process.
 */
export async function processStart(name: string, uuid: string): Promise<EpochMs | undefined> {
  if (name.includes('/') || name.includes('\0')) return undefined;
  try {
    const pid = Number((await readFile(`/run/libvirt/qemu/${name}.pid`, 'utf8')).trim());
    if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
    const [command, stat, kernel] = await Promise.all([
      readFile(`/proc/${pid}/cmdline`, 'utf8'),
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile('/proc/stat', 'utf8'),
    ]);
    if (!command.includes(uuid)) return undefined;
    const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[startTimeField]);
    const bootSeconds = Number(/^btime (\d+)$/m.exec(kernel)?.[1]);
    const startedAt = (bootSeconds + ticks / ticksPerSecond) * 1000;
    return Number.isFinite(startedAt) ? Math.round(startedAt) : undefined;
  } catch {
    return undefined;
  }
}
