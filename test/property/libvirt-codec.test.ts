import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../../src/errors.ts';
import { decodeEvent } from '../../src/libvirt/event-decoder.ts';
import { decodeLibvirtError } from '../../src/libvirt/libvirt-error.ts';
import * as procedures from '../../src/libvirt/procedures.ts';
import { decodeHeader } from '../../src/libvirt/protocol.ts';
import { decodeTypedParams } from '../../src/libvirt/typed-params.ts';
import { XdrReader, XdrWriter } from '../../src/libvirt/xdr.ts';
import { loadHexFixture, payloadReader } from '../support/hex-fixture.ts';

const replies = readdirSync(new URL('../fixtures/libvirt', import.meta.url))
  .map((file) => loadHexFixture(file.replace(/\.hex$/, '')))
  .flatMap(({ reply, event }) => [reply, event])
  .filter((frame) => frame.length > 0);
const byNumber = new Map(Object.values(procedures).map((procedure) => [procedure.number, procedure]));

/** Decodes a frame as the connection would. */
function decode(frame: Uint8Array): unknown {
  const { procedure, type, status } = decodeHeader(frame);
  if (type === 2) return decodeEvent(procedure, payloadReader(frame));
  if (status === 1) return decodeLibvirtError(payloadReader(frame), 'any');
  return byNumber.get(procedure)?.decode(payloadReader(frame));
}

/** Either there is a value or the octets are refused; no other error, no hang. */
function decodesOrRefuses(frame: Uint8Array): void {
  try {
    decode(frame);
  } catch (error) {
    expect(error).toBeInstanceOf(ProtocolError);
  }
}

describe('decoders', () => {
  it('refuse a recorded message cut anywhere', () => {
    for (const frame of replies) {
      for (let length = 28; length < frame.length; length += frame.length > 400 ? 37 : 1) {
        decodesOrRefuses(frame.subarray(0, length));
      }
    }
  });

  it('decode or refuse a recorded message with changed octets', () => {
    const change = fc.tuple(fc.nat({ max: 2000 }), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(
        fc.constantFrom(...replies),
        fc.array(change, { minLength: 1, maxLength: 6 }),
        (frame, changes) => {
          const mutated = frame.slice();
          const payloadLength = mutated.length - 28;
          if (payloadLength === 0) return;
          for (const [at, octet] of changes) mutated[28 + (at % payloadLength)] = octet;
          decodesOrRefuses(mutated);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('decode or refuse any octets, for every procedure', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...byNumber.values()),
        fc.uint8Array({ maxLength: 200 }),
        (procedure, bytes) => {
          try {
            procedure.decode(new XdrReader(bytes));
          } catch (error) {
            expect(error).toBeInstanceOf(ProtocolError);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });
});

describe('typed parameters', () => {
  const value = fc.oneof(
    fc.record({ type: fc.constant(1), value: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }) }),
    fc.record({ type: fc.constant(2), value: fc.integer({ min: 0, max: 2 ** 32 - 1 }) }),
    fc.record({ type: fc.constant(3), value: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) }),
    fc.record({ type: fc.constant(4), value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) }),
    fc.record({ type: fc.constant(5), value: fc.double({ noNaN: true }) }),
    fc.record({ type: fc.constant(6), value: fc.boolean() }),
    fc.record({ type: fc.constant(7), value: fc.string({ unit: 'grapheme' }) }),
  );
  const item = fc.record({ name: fc.string({ unit: 'grapheme', maxLength: 60 }), value });

  it('keep every name and every value exactly', () => {
    fc.assert(
      fc.property(fc.array(item, { maxLength: 40 }), (items) => {
        const writer = new XdrWriter();
        writer.array(items, (inner, { name, value: { type, value: sent } }) => {
          inner.string(name);
          inner.i32(type);
          if (typeof sent === 'bigint') inner.u64(sent);
          else if (typeof sent === 'string') inner.string(sent);
          else if (typeof sent === 'boolean') inner.bool(sent);
          else if (type === 5) inner.f64(sent);
          else inner.u32(sent);
        });
        const { names, types, values } = decodeTypedParams(new XdrReader(writer.finish()), 100);
        expect(names.map((name) => name.text)).toEqual(items.map(({ name }) => name));
        expect([...types]).toEqual(items.map(({ value: { type } }) => type));
        for (const [
          index,
          {
            value: { value: sent },
          },
        ] of items.entries()) {
          const received = values[index];
          if (typeof sent === 'bigint') {
            expect(BigInt(received as number | bigint)).toBe(sent);
            expect(typeof received).toBe(Number.isSafeInteger(Number(sent)) ? 'number' : 'bigint');
          } else {
            expect(received).toBe(sent);
          }
        }
      }),
    );
  });
});
