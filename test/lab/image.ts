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

/**
 * Machine code for the first sector: reads that sector by the BIOS (INT 13h) at each tick of the clock, some 18
 * times a second, and halts in between.
 */
const restlessBootCode = Buffer.from(
  [
    '31c0 8ec0 8ed8', // xor ax,ax; mov es,ax; mov ds,ax
    'fb', // sti
    'b80102 bb007e b90100 ba8000', // read 1 sector: cylinder 0, head 0, sector 1, first disk, to 0:7e00
    'cd13 f4 ebef', // int 13h; hlt; back to the read
  ]
    .join('')
    .replaceAll(' ', ''),
  'hex',
);

/** Creates a bootable raw image whose guest reads from it for ever at next to no cost: its counters move. */
export async function makeRestlessImage(path: string, sizeMib = 1): Promise<string> {
  await makeRawImage(path, sizeMib);
  await using file = await open(path, 'r+');
  await file.write(restlessBootCode, 0, restlessBootCode.length, 0);
  await file.write(Buffer.from('55aa', 'hex'), 0, 2, 510);
  return path;
}
