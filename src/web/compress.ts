import { constants, createGzip } from 'node:zlib';

/** Octets that are handed to zlib at a time: each time is a way to another thread and back. */
const portionBytes = 256 * 1024;

/** Packs pieces as one text, in other threads and without ever having it in one piece. */
export async function compress(pieces: readonly Buffer[]): Promise<Buffer> {
  const gzip = createGzip({ level: constants.Z_BEST_SPEED, chunkSize: portionBytes });
  const packed: Buffer[] = [];
  gzip.on('data', (chunk: Buffer) => packed.push(chunk));
  const ended = new Promise<void>((resolve, reject) => gzip.once('end', resolve).once('error', reject));
  // What a failing write throws comes first.
  ended.catch(() => undefined);
  const take = (octets: Buffer): Promise<void> =>
    new Promise((resolve, reject) => {
      gzip.write(octets, (error) => (error ? reject(error) : resolve()));
    });
  const portion = Buffer.allocUnsafeSlow(portionBytes);
  let filled = 0;
  for (const piece of pieces) {
    for (let from = 0; from < piece.length; ) {
      const count = piece.copy(portion, filled, from);
      from += count;
      filled += count;
      if (filled < portionBytes) continue;
      await take(portion);
      filled = 0;
    }
  }
  if (filled > 0) await take(portion.subarray(0, filled));
  gzip.end();
  await ended;
  return Buffer.concat(packed);
}
