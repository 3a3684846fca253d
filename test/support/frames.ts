import type { Framer } from '../../src/bytes/framer.ts';

/** The frames that are complete with this chunk, copied: the framer uses its memory again. */
export function framesOf(framer: Framer, chunk: Uint8Array): Uint8Array[] {
  const frames: Uint8Array[] = [];
  framer.push(chunk, (frame) => frames.push(Uint8Array.from(frame)));
  return frames;
}
