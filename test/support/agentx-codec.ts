import {
  AGENTX_VERSION,
  PduFlag,
  type PduIds,
  PduType,
  type ResponsePdu,
  type VarBind,
} from '../../src/agentx/pdu.ts';
import type { PduWriter } from '../../src/agentx/pdu-writer.ts';
import { readOctets, readOid, readVarBinds, writeVarBind } from '../../src/agentx/varbind.ts';
import { ByteReader } from '../../src/bytes/reader.ts';
import { ProtocolError } from '../../src/errors.ts';

// Every PDU of RFC 2741, in both directions: what the fake and the recording masters of the tests speak. The program
// itself writes only what a subagent sends, and reads requests in place.

/** An object identifier of a PDU; `include` belongs to search ranges (RFC 2741 section 5.1). */
export type SubIds = readonly number[];

/** Start and end of a search; an empty end is the null object identifier (RFC 2741 section 5.2). */
export interface SearchRange {
  readonly start: SubIds;
  readonly include: boolean;
  readonly end: SubIds;
}

interface InContext {
  /** Undefined for the default context (RFC 2741 section 6.1.1). */
  readonly context?: string | undefined;
}

/** RFC 2741 section 6.2.1. */
export interface OpenPdu extends PduIds {
  readonly kind: 'open';
  /** Seconds; 0 leaves it to the master. */
  readonly timeoutSec: number;
  readonly id: SubIds;
  readonly description: string;
}

/** RFC 2741 section 6.2.2. */
export interface ClosePdu extends PduIds {
  readonly kind: 'close';
  readonly reason: number;
}

/** RFC 2741 sections 6.2.3 and 6.2.4. */
export interface RegisterPdu extends PduIds, InContext {
  readonly kind: 'register' | 'unregister';
  /** Seconds; 0 leaves it to the session; not sent by Unregister. */
  readonly timeoutSec: number;
  readonly priority: number;
  /** 1-based position of the sub-identifier that counts up to `upperBound`; 0 is no range. */
  readonly rangeSubId: number;
  readonly upperBound: number;
  readonly subtree: SubIds;
}

/** RFC 2741 sections 6.2.5 and 6.2.6. */
export interface GetPdu extends PduIds, InContext {
  readonly kind: 'get' | 'getNext';
  readonly ranges: readonly SearchRange[];
}

/** RFC 2741 section 6.2.7. */
export interface GetBulkPdu extends PduIds, InContext {
  readonly kind: 'getBulk';
  readonly nonRepeaters: number;
  readonly maxRepetitions: number;
  readonly ranges: readonly SearchRange[];
}

/** RFC 2741 sections 6.2.8, 6.2.10, 6.2.12 and 6.2.13. */
export interface VarBindsPdu extends PduIds, InContext {
  readonly kind: 'testSet' | 'notify' | 'indexAllocate' | 'indexDeallocate';
  readonly varBinds: readonly VarBind[];
}

/** RFC 2741 section 6.2.9: all that follows a TestSet is known by its transaction. */
export interface SetPhasePdu extends PduIds {
  readonly kind: 'commitSet' | 'undoSet' | 'cleanupSet';
}

/** RFC 2741 section 6.2.11. */
export interface PingPdu extends PduIds, InContext {
  readonly kind: 'ping';
}

/** RFC 2741 section 6.2.14. */
export interface AddAgentCapsPdu extends PduIds, InContext {
  readonly kind: 'addAgentCaps';
  readonly id: SubIds;
  readonly description: string;
}

/** RFC 2741 section 6.2.15. */
export interface RemoveAgentCapsPdu extends PduIds, InContext {
  readonly kind: 'removeAgentCaps';
  readonly id: SubIds;
}

/** A well-formed header with a type that RFC 2741 does not know. */
export interface UnknownPdu extends PduIds {
  readonly kind: 'unknown';
  readonly type: number;
}

export type Pdu =
  | OpenPdu
  | ClosePdu
  | RegisterPdu
  | GetPdu
  | GetBulkPdu
  | VarBindsPdu
  | SetPhasePdu
  | PingPdu
  | AddAgentCapsPdu
  | RemoveAgentCapsPdu
  | ResponsePdu
  | UnknownPdu;

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
