import { open, readFile } from 'node:fs/promises';
import { run } from './process.ts';

/**
 * Unpacks the ELF kernel inside a bzImage. QEMU starts an ELF kernel through its PVH entry at once, whereas
 * the decompression inside a bzImage takes many seconds when the processor is emulated. Header fields: "The Linux/x86
 * Boot Protocol", offsets 0x1f1 (setup_sects), 0x248 (payload_offset), 0x24c (payload_length).
 */
export async function unpackKernel(bzImagePath: string, targetPath: string): Promise<void> {
  const image = await readFile(bzImagePath);
  const setupSectors = image.readUInt8(0x1f1) || 4;
  const start = (setupSectors + 1) * 512 + image.readUInt32LE(0x248);
  // The last four bytes are the unpacked size.
  const payload = image.subarray(start, start + image.readUInt32LE(0x24c) - 4);
  const packedPath = `${targetPath}.packed`;
  await using packed = await open(packedPath, 'w');
  await packed.writeFile(payload);
  await run('sh', ['-c', `${decompressor(payload)} < "$1" > "$2" && rm "$1"`, 'sh', packedPath, targetPath]);
}

function decompressor(payload: Buffer): string {
  const magic = payload.readUInt32BE(0);
  if (magic === 0xfd377a58) return 'xz -dc';
  if (magic === 0x28b52ffd) return 'zstd -dc';
  if (magic >>> 16 === 0x1f8b) return 'gzip -dc';
  if (magic === 0x02214c18) return 'lz4 -dc';
  throw new Error(`kernel packed in an unknown way (${magic.toString(16)})`);
}
