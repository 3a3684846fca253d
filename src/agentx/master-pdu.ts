import { ByteReader } from '../bytes/reader.ts';
import { CloseReason, HEADER_BYTES, PduFlag, type PduIds, type ResponsePdu } from './pdu.ts';
import { readVarBinds } from './varbind.ts';

// What a master sends that is no request. A frame is one whole PDU whose version and length the framer has checked.

/**
 * Reads a Response (RFC 2741 section 6.2.16) in either byte order. Nothing of it refers to `frame`.
 *
 * @throws ProtocolError if its content does not fit its length.
 */
export function readResponse(frame: Uint8Array): ResponsePdu {
  const { reader, ids } = begin(frame);
  const sysUpTime = reader.u32();
  const error = reader.u16();
  const index = reader.u16();
  return { kind: 'response', ...ids, sysUpTime, error, index, varBinds: readVarBinds(reader) };
}

/**
 * Reads why the master closes a session (RFC 2741 section 6.2.2): the name of the reason, or its number.
 *
 * @throws ProtocolError if there is no reason.
 */
export function readCloseReason(frame: Uint8Array): string {
  const reason = begin(frame).reader.u8();
  return Object.entries(CloseReason).find(([, value]) => value === reason)?.[0] ?? String(reason);
}

function begin(frame: Uint8Array): { readonly reader: ByteReader; readonly ids: PduIds } {
  const reader = new ByteReader(frame);
  reader.skip(2);
  const flags = reader.u8();
  reader.setLittleEndian((flags & PduFlag.networkByteOrder) === 0);
  reader.skip(1);
  const ids = { sessionId: reader.u32(), transactionId: reader.u32(), packetId: reader.u32() };
  reader.skip(HEADER_BYTES - 16);
  return { reader, ids };
}
