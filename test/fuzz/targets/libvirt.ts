import { readdirSync } from 'node:fs';
import { Framer } from '../../../src/bytes/framer.ts';
import { ProtocolError } from '../../../src/errors.ts';
import { decodeEvent } from '../../../src/libvirt/event-decoder.ts';
import { decodeLibvirtError } from '../../../src/libvirt/libvirt-error.ts';
import * as procedures from '../../../src/libvirt/procedures.ts';
import { decodeHeader, frameRule, HEADER_OCTETS } from '../../../src/libvirt/protocol.ts';
import { framesOf } from '../../support/frames.ts';
import { loadHexFixture, payloadReader } from '../../support/hex-fixture.ts';
import type { Target } from '../target.ts';

const byNumber = new Map(Object.values(procedures).map((procedure) => [procedure.number, procedure]));

/** What a daemon sends: replies, errors and events of every kind that was recorded. */
export function libvirtTarget(): Target {
  const names = readdirSync(new URL('../../fixtures/libvirt', import.meta.url));
  return {
    name: 'libvirt',
    corpus: names
      .map((name) => loadHexFixture(name.replace(/\.hex$/, '')))
      .flatMap(({ reply, event }) => [reply, event])
      .filter((frame) => frame.length > 0),
    weight: 40,
    repair(bytes) {
      if (bytes.length < HEADER_OCTETS) return bytes;
      const whole = bytes.slice();
      new DataView(whole.buffer).setUint32(0, whole.length);
      return whole;
    },
    take(bytes) {
      try {
        for (const frame of framesOf(new Framer(frameRule), bytes)) decode(frame);
        return true;
      } catch (error) {
        if (error instanceof ProtocolError) return false;
        throw error;
      }
    },
  };
}

/** As the connection does. */
function decode(frame: Uint8Array): void {
  const { procedure, type, status } = decodeHeader(frame);
  if (type === 2) decodeEvent(procedure, payloadReader(frame));
  else if (status === 1) decodeLibvirtError(payloadReader(frame), 'any');
  else byNumber.get(procedure)?.decode(payloadReader(frame));
}
