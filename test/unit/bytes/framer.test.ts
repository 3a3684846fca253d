import { describe, expect, it } from 'vitest';
import { type FrameRule, Framer } from '../../../src/bytes/framer.ts';
import { ProtocolError } from '../../../src/errors.ts';
import { framesOf } from '../../support/frames.ts';

/** The length counts itself, as libvirt has it. */
const inclusive: FrameRule = {
  headerSize: 4,
  frameLength: (view, at) => view.getUint32(at),
  minLength: 8,
  maxLength: 64,
};

/** A header of 20 octets whose last word is the length of the payload, in an order its third octet tells: AgentX. */
const flagged: FrameRule = {
  headerSize: 20,
  frameLength: (view, at) => 20 + view.getUint32(at + 16, (view.getUint8(at + 2) & 0x10) === 0),
  minLength: 20,
  maxLength: 100,
};

function frame(length: number, fill: number): Uint8Array {
  const bytes = Buffer.alloc(length, fill);
  bytes.writeUInt32BE(length, 0);
  return bytes;
}

describe('Framer', () => {
  it('cuts several frames out of one chunk without copying them', () => {
    const chunk = Buffer.concat([frame(8, 1), frame(12, 2)]);
    const frames: Uint8Array[] = [];
    new Framer(inclusive).push(chunk, (item) => frames.push(item));
    expect(frames.map((item) => item.length)).toEqual([8, 12]);
    expect(frames.every((item) => item.buffer === chunk.buffer)).toBe(true);
  });

  it('joins a frame from chunks of any size', () => {
    const framer = new Framer(inclusive);
    const whole = frame(23, 7);
    const frames = [...whole].flatMap((octet) => framesOf(framer, Uint8Array.of(octet)));
    expect(frames).toHaveLength(1);
    expect([...(frames[0] ?? [])]).toEqual([...whole]);
    expect(framer.atBoundary).toBe(true);
  });

  it('tells whether it stands within a frame', () => {
    const framer = new Framer(inclusive);
    framesOf(framer, frame(8, 1).subarray(0, 2));
    expect(framer.atBoundary).toBe(false);
    framesOf(framer, frame(8, 1).subarray(2, 7));
    expect(framer.atBoundary).toBe(false);
    expect(framesOf(framer, frame(8, 1).subarray(7))).toHaveLength(1);
    expect(framer.atBoundary).toBe(true);
  });

  it.each([0, 7, 65, 0xffff_ffff])('refuses the length %d', (length) => {
    const header = Buffer.alloc(4);
    header.writeUInt32BE(length);
    expect(() => framesOf(new Framer(inclusive), header)).toThrow(ProtocolError);
  });

  it('reads a length in the byte order of the header’s flags, and frames without payload', () => {
    const big = Buffer.alloc(24);
    big[2] = 0x10;
    big.writeUInt32BE(4, 16);
    const little = Buffer.alloc(28);
    little.writeUInt32LE(8, 16);
    const empty = Buffer.alloc(20);
    const stream = Buffer.concat([big, little, empty]);
    for (const size of [1, 5, 19, 72]) {
      const framer = new Framer(flagged);
      const lengths: number[] = [];
      for (let at = 0; at < stream.length; at += size) {
        lengths.push(...framesOf(framer, stream.subarray(at, at + size)).map((item) => item.length));
      }
      expect(lengths).toEqual([24, 28, 20]);
    }
  });

  it('keeps frames apart that were joined from the same header space', () => {
    const framer = new Framer({ ...flagged, maxLength: 20 });
    const first = Buffer.alloc(20, 0);
    const second = Buffer.alloc(20, 0);
    second[0] = 9;
    const frames = [first, second].flatMap((item) => [
      ...framesOf(framer, item.subarray(0, 3)),
      ...framesOf(framer, item.subarray(3)),
    ]);
    expect(frames.map((item) => item[0])).toEqual([0, 9]);
  });

  it('puts frames that span chunks together in the same memory, unless they are very long', () => {
    const framer = new Framer({ ...inclusive, maxLength: 4 * 1024 * 1024 });
    const memory = (length: number): ArrayBufferLike | undefined => {
      const whole = frame(length, 5);
      let used: ArrayBufferLike | undefined;
      for (const part of [whole.subarray(0, 6), whole.subarray(6)]) {
        framer.push(part, (item) => {
          used = item.buffer;
          expect(Buffer.compare(item, whole)).toBe(0);
        });
      }
      return used;
    };
    const first = memory(500);
    expect(memory(400)).toBe(first);
    const larger = memory(700_000);
    expect(larger?.byteLength).toBe(700_000);
    const huge = memory(3 * 1024 * 1024);
    expect(huge).not.toBe(larger);
    expect(memory(500)).toBe(larger);
  });

  it('lets what the taker throws through', () => {
    const taken = (): never => {
      throw new Error('no room');
    };
    expect(() => new Framer(inclusive).push(frame(8, 1), taken)).toThrow('no room');
  });
});
