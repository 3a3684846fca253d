import type { VarBind } from './varbind.ts';

/** h.version (RFC 2741 section 6.1). */
export const AGENTX_VERSION = 1;

/** Octets of the PDU header (RFC 2741 section 6.1). */
export const HEADER_BYTES = 20;

/** h.type (RFC 2741 section 6.1). */
export const PduType = {
  open: 1,
  close: 2,
  register: 3,
  unregister: 4,
  get: 5,
  getNext: 6,
  getBulk: 7,
  testSet: 8,
  commitSet: 9,
  undoSet: 10,
  cleanupSet: 11,
  notify: 12,
  ping: 13,
  indexAllocate: 14,
  indexDeallocate: 15,
  addAgentCaps: 16,
  removeAgentCaps: 17,
  response: 18,
} as const;

/** h.flags (RFC 2741 section 6.1). */
export const PduFlag = {
  instanceRegistration: 0x01,
  newIndex: 0x02,
  anyIndex: 0x04,
  nonDefaultContext: 0x08,
  networkByteOrder: 0x10,
} as const;

/** c.reason of a Close PDU (RFC 2741 section 6.2.2). */
export const CloseReason = {
  other: 1,
  parseError: 2,
  protocolError: 3,
  timeouts: 4,
  shutdown: 5,
  byManager: 6,
} as const;

/** An object identifier of a PDU; `include` belongs to search ranges (RFC 2741 section 5.1). */
export type SubIds = readonly number[];

/** Start and end of a search; an empty end is the null object identifier (RFC 2741 section 5.2). */
export interface SearchRange {
  readonly start: SubIds;
  readonly include: boolean;
  readonly end: SubIds;
}

/** The fields of the header that a PDU is told apart by (RFC 2741 section 6.1). */
export interface PduIds {
  readonly sessionId: number;
  readonly transactionId: number;
  readonly packetId: number;
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

/** RFC 2741 section 6.2.16. */
export interface ResponsePdu extends PduIds {
  readonly kind: 'response';
  /** Hundredths of a second; 0 when a subagent answers. */
  readonly sysUpTime: number;
  readonly error: number;
  /** 1-based position of the variable the error is about; 0 for none. */
  readonly index: number;
  readonly varBinds: readonly VarBind[];
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
