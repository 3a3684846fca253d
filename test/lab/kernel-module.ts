import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { run } from './process.ts';

/**
 * Copies kernel modules with what they depend on and returns their file names in the order to load them. A name that
 * the directory does not hold is built into the kernel and needs nothing.
 */
export async function collectModules(
  modulesPath: string,
  names: readonly string[],
  targetPath: string,
): Promise<readonly string[]> {
  const files = new Map<string, string>();
  for (const entry of await readdir(modulesPath, { recursive: true })) {
    const found = /^(.*)\.ko(\.xz|\.zst|\.gz)?$/.exec(basename(entry));
    if (found?.[1] !== undefined) files.set(normal(found[1]), join(modulesPath, entry));
  }
  const ordered: string[] = [];
  const seen = new Set<string>();
  const visit = async (name: string): Promise<void> => {
    const path = files.get(normal(name));
    if (path === undefined || seen.has(path)) return;
    seen.add(path);
    const plainName = `${normal(name)}.ko`;
    const plainPath = join(targetPath, plainName);
    await run('sh', ['-c', `${decompressor(path)} < "$1" > "$2"`, 'sh', path, plainPath]);
    for (const dependency of dependenciesOf(await readFile(plainPath))) await visit(dependency);
    ordered.push(plainName);
  };
  for (const name of names) await visit(name);
  return ordered;
}

function decompressor(path: string): string {
  if (path.endsWith('.xz')) return 'xz -dc';
  if (path.endsWith('.zst')) return 'zstd -dc';
  return path.endsWith('.gz') ? 'gzip -dc' : 'cat';
}

/** The `depends=` string of the section `.modinfo`. */
function dependenciesOf(module: Buffer): readonly string[] {
  const key = Buffer.from('\0depends=');
  const start = module.indexOf(key);
  if (start < 0) return [];
  const text = module.toString('latin1', start + key.length, module.indexOf(0, start + key.length));
  return text.split(',').filter((name) => name !== '');
}

function normal(name: string): string {
  return name.replaceAll('-', '_');
}
