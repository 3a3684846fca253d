import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FrameRule, Framer } from '../../src/bytes/framer.ts';
import { ProtocolError } from '../../src/errors.ts';
import { frameRule } from '../../src/libvirt/protocol.ts';
import { framesOf } from '../support/frames.ts';

const small: FrameRule = { ...frameRule, minLength: 4, maxLength: 300 };

const payloads = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 });
const cuts = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 50 });

function frames(contents: readonly Uint8Array[]): Uint8Array[] {
  return contents.map((content) => {
    const frame = Buffer.alloc(4 + content.length);
    frame.writeUInt32BE(frame.length);
    frame.set(content, 4);
    return frame;
  });
}

/** Cuts bytes into chunks of the given sizes, over and over. */
function* chunksOf(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const size = sizes[index % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

describe('Framer', () => {
  it('gives the same frames for any chunking', () => {
    fc.assert(
      fc.property(payloads, cuts, (contents, sizes) => {
        const sent = frames(contents);
        const framer = new Framer(small);
        const received = [...chunksOf(Buffer.concat(sent), sizes)].flatMap((chunk) =>
          framesOf(framer, chunk),
        );
        expect(received.map((frame) => Buffer.from(frame).toString('hex'))).toEqual(
          sent.map((frame) => Buffer.from(frame).toString('hex')),
        );
        expect(framer.atBoundary).toBe(true);
      }),
    );
  });

  it('takes any octets for frames or throws a ProtocolError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 500 }), cuts, (bytes, sizes) => {
        const framer = new Framer(small);
        let octets = 0;
        try {
          for (const chunk of chunksOf(bytes, sizes)) {
            for (const frame of framesOf(framer, chunk)) octets += frame.length;
          }
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
        expect(octets).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });
});
