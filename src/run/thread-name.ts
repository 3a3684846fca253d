import { writeFileSync } from 'node:fs';

/** The name of the agent's process: that of its first thread, of at most 15 octets. */
export const agentProcessName = 'libvirt-agentx';

/** Names the thread that calls it, for `top -H` and the like. Where there is no such file, threads have no names. */
export function nameThread(name: string): void {
  try {
    writeFileSync('/proc/thread-self/comm', name);
  } catch {
    // Not Linux.
  }
}
