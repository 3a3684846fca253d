import { readdirSync } from 'node:fs';
import { agentxFrames } from '../../../src/agentx/frames.ts';
import { readCloseReason, readResponse } from '../../../src/agentx/master-pdu.ts';
import { HEADER_BYTES, PduFlag } from '../../../src/agentx/pdu.ts';
import { Framer } from '../../../src/bytes/framer.ts';
import { ProtocolError } from '../../../src/errors.ts';
import { decodePdu } from '../../support/agentx-codec.ts';
import { agentxFixture } from '../../support/agentx-fixture.ts';
import { directResponder } from '../../support/direct-responder.ts';
import { framesOf } from '../../support/frames.ts';
import { SampleImage } from '../../support/sample-image.ts';
import { sampleSnapshot } from '../../support/sample-snapshot.ts';
import type { Target } from '../target.ts';

/** Numbers of PDUs that a master sends and that are no requests (RFC 2741 section 6.1). */
const closePdu = 2;
const cleanupSetPdu = 11;
const responsePdu = 18;

/** More octets than any answer has: what snmpd sends and takes in one message. */
const maxAnswerOctets = 4 * 1024 * 1024;

/** What a master sends: requests answered from a real MIB, and the rest. */
export function agentxTarget(): Target {
  const names = readdirSync(new URL('../../fixtures/agentx', import.meta.url));
  const corpus = names.map((name) => agentxFixture(name.replace(/\.hex$/, '')));
  const sessionId = 7;
  const agent = directResponder(new SampleImage(sampleSnapshot()).tree, ['lab'], sessionId);
  return {
    name: 'agentx',
    corpus: corpus.map((bytes) => withSession(bytes, sessionId)),
    weight: 40,
    repair: (bytes) => withLength(bytes),
    take(bytes) {
      try {
        for (const frame of framesOf(new Framer(agentxFrames), bytes)) {
          if (frame[1] === responsePdu) readResponse(frame);
          else if (frame[1] === closePdu) readCloseReason(frame);
          else check(agent.respond(frame), frame[1]);
        }
        if (agent.faults.length > 0) throw new Error('a column threw', { cause: agent.faults.pop() });
        return true;
      } catch (error) {
        if (error instanceof ProtocolError) return false;
        throw error;
      }
    },
  };
}

function check(answer: Uint8Array, kind: number | undefined): void {
  if (kind === cleanupSetPdu) {
    if (answer.length > 0) throw new Error('a CleanupSet was answered');
    return;
  }
  if (answer.length > maxAnswerOctets) throw new Error(`an answer has ${answer.length} octets`);
  const { kind: answered } = decodePdu(answer);
  if (answered !== 'response') throw new Error(`${answered} came instead of a response`);
}

function order(bytes: Uint8Array): boolean {
  return ((bytes[2] ?? 0) & PduFlag.networkByteOrder) === 0;
}

function withSession(bytes: Uint8Array, sessionId: number): Uint8Array {
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(4, sessionId, order(bytes));
  return bytes;
}

function withLength(bytes: Uint8Array): Uint8Array {
  if (bytes.length < HEADER_BYTES) return bytes;
  const whole = bytes.slice(0, bytes.length & ~3);
  whole[0] = 1;
  new DataView(whole.buffer).setUint32(16, whole.length - HEADER_BYTES, order(whole));
  return whole;
}
