import type { FrameRule } from '../bytes/framer.ts';
import { ProtocolError } from '../errors.ts';
import { AGENTX_VERSION, HEADER_BYTES, PduFlag } from './pdu.ts';

/** Octets of the longest PDU taken from a master, header included. */
export const MAX_PDU_BYTES = 256 * 1024;

/** How AgentX marks the end of a PDU (RFC 2741 section 6.1): h.payload_length, a multiple of four. */
export const agentxFrames: FrameRule = {
  headerSize: HEADER_BYTES,
  minLength: HEADER_BYTES,
  maxLength: MAX_PDU_BYTES,
  frameLength(view, at) {
    const version = view.getUint8(at);
    if (version !== AGENTX_VERSION) throw new ProtocolError(`the peer speaks AgentX version ${version}`);
    const payload = view.getUint32(at + 16, (view.getUint8(at + 2) & PduFlag.networkByteOrder) === 0);
    if (payload % 4 !== 0) throw new ProtocolError(`a payload of ${payload} octets is no multiple of four`);
    return HEADER_BYTES + payload;
  },
};
