import { readFile } from 'node:fs/promises';

/** What tells this boot of the machine from every other one; empty where the kernel does not say. */
export async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')).trim();
}
