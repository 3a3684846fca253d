import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where the lab keeps what is slow to make: guest kernel, initramfs, QEMU capabilities. Safe to delete. */
export function cacheDirectory(...names: readonly string[]): string {
  const base = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const path = join(base, 'libvirt-agentx-lab', ...names);
  mkdirSync(path, { recursive: true });
  return path;
}
