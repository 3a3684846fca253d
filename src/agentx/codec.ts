import type { FrameRule } from '../bytes/framer.ts';
import { ByteReader } from '../bytes/reader.ts';
import { ProtocolError } from '../errors.ts';
import {
  AGENTX_VERSION,
  HEADER_BYTES,
  type Pdu,
  PduFlag,
  type PduIds,
  PduType,
  type SearchRange,
} from './pdu.ts';
import type { PduWriter } from './pdu-writer.ts';
import { readOctets, readOid, readVarBind, type VarBind, writeVarBind } from './varbind.ts';

/** Octets of the longest PDU taken from a master, header included. */
export const MAX_PDU_BYTES = 256 * 1024;

/** How AgentX marks the end of a PDU (RFC 2741 section 6.1): h.payload_length, a multiple of four. */
export const agentxFrames: FrameRule = {
  headerSize: HEADER_BYTES,
  minLength: HEADER_BYTES,
  maxLength: MAX_PDU_BYTES,
  frameLength(header) {
    const version = header.getUint8(0);
    if (version !== AGENTX_VERSION) throw new ProtocolError(`the peer speaks AgentX version ${version}`);
    const payload = header.getUint32(16, (header.getUint8(2) & PduFlag.networkByteOrder) === 0);
    if (payload % 4 !== 0) throw new ProtocolError(`a payload of ${payload} octets is no multiple of four`);
    return HEADER_BYTES + payload;
  },
};

const kinds = new Map<number, Exclude<Pdu['kind'], 'unknown'>>(
  Object.entries(PduType).map(([kind, type]) => [type, kind as keyof typeof PduType]),
);

/**
 * Reads one whole PDU in either byte order. Nothing of it refers to `bytes`.
 *
 * @throws ProtocolError if its content does not fit its length or its type.
 */
export function decodePdu(bytes: Uint8Array): Pdu {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  if (version !== AGENTX_VERSION) throw new ProtocolError(`the peer speaks AgentX version ${version}`);
  const type = reader.u8();
  const flags = reader.u8();
  reader.skip(1);
  reader.setLittleEndian((flags & PduFlag.networkByteOrder) === 0);
  const ids: PduIds = {
    sessionId: reader.u32(),
    transactionId: reader.u32(),
    packetId: reader.u32(),
  };
  const payload = reader.u32();
  if (payload !== reader.remaining) {
    throw new ProtocolError(`a payload of ${payload} octets is announced, ${reader.remaining} are there`);
  }
  const kind = kinds.get(type);
  if (kind === undefined) return { kind: 'unknown', type, ...ids };
  const context =
    (flags & PduFlag.nonDefaultContext) === 0 ? undefined : Buffer.from(readOctets(reader)).toString('utf8');
  const pdu = decodePayload(reader, kind, context, ids);
  reader.expectEnd();
  return pdu;
}

function decodePayload(
  reader: ByteReader,
  kind: Exclude<Pdu['kind'], 'unknown'>,
  context: string | undefined,
  ids: PduIds,
): Pdu {
  switch (kind) {
    case 'open': {
      const timeoutSec = reader.u8();
      reader.skip(3);
      return { kind, ...ids, timeoutSec, id: readOid(reader).oid, description: readText(reader) };
    }
    case 'close': {
      const reason = reader.u8();
      reader.skip(3);
      return { kind, ...ids, reason };
    }
    case 'register':
    case 'unregister': {
      const timeoutSec = reader.u8();
      const priority = reader.u8();
      const rangeSubId = reader.u8();
      reader.skip(1);
      const subtree = readOid(reader).oid;
      const upperBound = rangeSubId === 0 ? 0 : reader.u32();
      return { kind, ...ids, context, timeoutSec, priority, rangeSubId, upperBound, subtree };
    }
    case 'get':
    case 'getNext':
      return { kind, ...ids, context, ranges: readRanges(reader) };
    case 'getBulk': {
      const nonRepeaters = reader.u16();
      const maxRepetitions = reader.u16();
      return { kind, ...ids, context, nonRepeaters, maxRepetitions, ranges: readRanges(reader) };
    }
    case 'testSet':
    case 'notify':
    case 'indexAllocate':
    case 'indexDeallocate':
      return { kind, ...ids, context, varBinds: readVarBinds(reader) };
    case 'commitSet':
    case 'undoSet':
    case 'cleanupSet':
      return { kind, ...ids };
    case 'ping':
      return { kind, ...ids, context };
    case 'addAgentCaps':
      return { kind, ...ids, context, id: readOid(reader).oid, description: readText(reader) };
    case 'removeAgentCaps':
      return { kind, ...ids, context, id: readOid(reader).oid };
    case 'response': {
      const sysUpTime = reader.u32();
      const error = reader.u16();
      const index = reader.u16();
      return { kind, ...ids, sysUpTime, error, index, varBinds: readVarBinds(reader) };
    }
  }
}

function readText(reader: ByteReader): string {
  return Buffer.from(readOctets(reader)).toString('utf8');
}

function readRanges(reader: ByteReader): readonly SearchRange[] {
  const ranges: SearchRange[] = [];
  while (reader.remaining > 0) {
    const { oid: start, include } = readOid(reader);
    ranges.push({ start, include, end: readOid(reader).oid });
  }
  return ranges;
}

function readVarBinds(reader: ByteReader): readonly VarBind[] {
  const varBinds: VarBind[] = [];
  while (reader.remaining > 0) varBinds.push(readVarBind(reader));
  return varBinds;
}

/** Writes a PDU in network byte order. `flags` adds to those that follow from the PDU. */
export function encodePdu(writer: PduWriter, pdu: Exclude<Pdu, { kind: 'unknown' }>, flags = 0): void {
  const context = 'context' in pdu ? pdu.context : undefined;
  const contextFlag = context === undefined ? 0 : PduFlag.nonDefaultContext;
  const start = writer.beginPdu(PduType[pdu.kind], flags | contextFlag, pdu);
  if (context !== undefined) writer.text(context);
  switch (pdu.kind) {
    case 'open':
      writer.u32(pdu.timeoutSec << 24);
      writer.oid(pdu.id);
      writer.text(pdu.description);
      break;
    case 'close':
      writer.u32(pdu.reason << 24);
      break;
    case 'register':
    case 'unregister':
      writer.u32((pdu.timeoutSec << 24) | (pdu.priority << 16) | (pdu.rangeSubId << 8));
      writer.oid(pdu.subtree);
      if (pdu.rangeSubId !== 0) writer.u32(pdu.upperBound);
      break;
    case 'getBulk':
      writer.u16(pdu.nonRepeaters);
      writer.u16(pdu.maxRepetitions);
      writeRanges(writer, pdu.ranges);
      break;
    case 'get':
    case 'getNext':
      writeRanges(writer, pdu.ranges);
      break;
    case 'testSet':
    case 'notify':
    case 'indexAllocate':
    case 'indexDeallocate':
      for (const varBind of pdu.varBinds) writeVarBind(writer, varBind);
      break;
    case 'commitSet':
    case 'undoSet':
    case 'cleanupSet':
    case 'ping':
      break;
    case 'addAgentCaps':
      writer.oid(pdu.id);
      writer.text(pdu.description);
      break;
    case 'removeAgentCaps':
      writer.oid(pdu.id);
      break;
    case 'response':
      writer.u32(pdu.sysUpTime);
      writer.u16(pdu.error);
      writer.u16(pdu.index);
      for (const varBind of pdu.varBinds) writeVarBind(writer, varBind);
      break;
  }
  writer.endPdu(start);
}

function writeRanges(writer: PduWriter, ranges: readonly SearchRange[]): void {
  for (const { start, include, end } of ranges) {
    writer.oid(start, include);
    writer.oid(end);
  }
}
