import { describe, expect, it } from 'vitest';
import { type FrameRule, Framer } from '../../../src/bytes/framer.ts';
import { ProtocolError } from '../../../src/errors.ts';

/** The length counts itself, as libvirt has it. */
const inclusive: FrameRule = {
  headerSize: 4,
  frameLength: (header) => header.getUint32(0),
  minLength: 8,
  maxLength: 64,
};

/** A header of 20 octets whose last word is the length of the payload, in an order its third octet tells: AgentX. */
const flagged: FrameRule = {
  headerSize: 20,
  frameLength: (header) => 20 + header.getUint32(16, (header.getUint8(2) & 0x10) === 0),
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
    const frames = new Framer(inclusive).push(chunk);
    expect(frames.map((item) => item.length)).toEqual([8, 12]);
    expect(frames.every((item) => item.buffer === chunk.buffer)).toBe(true);
  });

  it('joins a frame from chunks of any size', () => {
    const framer = new Framer(inclusive);
    const whole = frame(23, 7);
    const frames = [...whole].flatMap((octet) => framer.push(Uint8Array.of(octet)));
    expect(frames).toHaveLength(1);
    expect([...(frames[0] ?? [])]).toEqual([...whole]);
    expect(framer.atBoundary).toBe(true);
  });

  it('tells whether it stands within a frame', () => {
    const framer = new Framer(inclusive);
    framer.push(frame(8, 1).subarray(0, 2));
    expect(framer.atBoundary).toBe(false);
    framer.push(frame(8, 1).subarray(2, 7));
    expect(framer.atBoundary).toBe(false);
    expect(framer.push(frame(8, 1).subarray(7))).toHaveLength(1);
    expect(framer.atBoundary).toBe(true);
  });

  it.each([0, 7, 65, 0xffff_ffff])('refuses the length %d', (length) => {
    const header = Buffer.alloc(4);
    header.writeUInt32BE(length);
    expect(() => new Framer(inclusive).push(header)).toThrow(ProtocolError);
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
        lengths.push(...framer.push(stream.subarray(at, at + size)).map((item) => item.length));
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
      ...framer.push(item.subarray(0, 3)),
      ...framer.push(item.subarray(3)),
    ]);
    expect(frames.map((item) => item[0])).toEqual([0, 9]);
  });
});
