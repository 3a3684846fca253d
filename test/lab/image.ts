import { open } from 'node:fs/promises';
import { run } from './process.ts';

/** Creates a sparse raw image and returns its path. */
export async function makeRawImage(path: string, sizeMib: number): Promise<string> {
  await using file = await open(path, 'w');
  await file.truncate(sizeMib * 1024 * 1024);
  return path;
}

/** Creates a qcow2 image, with a backing file when one is given, and returns its path. */
export async function makeQcow2Image(
  path: string,
  options: { readonly sizeMib?: number; readonly backing?: { path: string; format: 'raw' | 'qcow2' } },
): Promise<string> {
  const backing =
    options.backing === undefined ? [] : ['-b', options.backing.path, '-F', options.backing.format];
  const size = options.sizeMib === undefined ? [] : [`${options.sizeMib}M`];
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', ...backing, path, ...size]);
  return path;
}
