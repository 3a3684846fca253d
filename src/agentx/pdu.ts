import type { WireSyntax, WireValue } from '../tree/tree.ts';

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

/** Everything that v.type can say (RFC 2741 section 5.4). */
export type VarBindSyntax =
  | WireSyntax
  | 'Null'
  | 'Opaque'
  | 'noSuchObject'
  | 'noSuchInstance'
  | 'endOfMibView';

/** Sub-identifiers an object identifier may have (RFC 2741 section 5.1). */
export const MAX_OID_SUB_IDS = 128;

/** A name with its value; exceptions and Null have no value. */
export interface VarBind {
  readonly oid: readonly number[];
  readonly syntax: VarBindSyntax;
  /** Octet strings that were received are Uint8Array. */
  readonly value?: WireValue | undefined;
}

/** The fields of the header that a PDU is told apart by (RFC 2741 section 6.1). */
export interface PduIds {
  readonly sessionId: number;
  readonly transactionId: number;
  readonly packetId: number;
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
