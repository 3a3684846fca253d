import { PduFlag, type PduIds, PduType, type VarBind } from './pdu.ts';
import type { PduWriter } from './pdu-writer.ts';
import { writeVarBind } from './varbind.ts';

/** RFC 2741 section 6.2.1. */
interface Open {
  readonly kind: 'open';
  /** Seconds; 0 leaves it to the master. */
  readonly timeoutSec: number;
  readonly description: string;
}

/** RFC 2741 section 6.2.2. */
interface Close {
  readonly kind: 'close';
  readonly reason: number;
}

/** RFC 2741 section 6.2.3, without a range. */
interface Register {
  readonly kind: 'register';
  /** Undefined for the default context (RFC 2741 section 6.1.1). */
  readonly context: string | undefined;
  /** Seconds; 0 leaves it to the session. */
  readonly timeoutSec: number;
  /** The lowest number is preferred. */
  readonly priority: number;
  readonly subtree: readonly number[];
}

/** RFC 2741 section 6.2.4, without a range. */
interface Unregister {
  readonly kind: 'unregister';
  /** Undefined for the default context. */
  readonly context: string | undefined;
  /** As it was registered with. */
  readonly priority: number;
  readonly subtree: readonly number[];
}

/** RFC 2741 section 6.2.10. */
interface Notify {
  readonly kind: 'notify';
  /** Undefined for the default context. */
  readonly context: string | undefined;
  readonly varBinds: readonly VarBind[];
}

/** RFC 2741 section 6.2.11. */
interface Ping {
  readonly kind: 'ping';
}

/** RFC 2741 section 6.2.14. */
interface AddAgentCaps {
  readonly kind: 'addAgentCaps';
  readonly id: readonly number[];
  readonly description: string;
}

/** RFC 2741 section 6.2.15. */
interface RemoveAgentCaps {
  readonly kind: 'removeAgentCaps';
  readonly id: readonly number[];
}

/** What a subagent asks of the master, without what the session fills in. */
export type OwnPdu = Open | Close | Register | Unregister | Notify | Ping | AddAgentCaps | RemoveAgentCaps;

/**
 * Writes a PDU of ours in network byte order.
 *
 * @throws TypeError if a value is not of the kind that its syntax needs.
 */
export function writeOwnPdu(writer: PduWriter, pdu: OwnPdu, ids: PduIds): void {
  const context = 'context' in pdu ? pdu.context : undefined;
  const start = writer.beginPdu(
    PduType[pdu.kind],
    context === undefined ? 0 : PduFlag.nonDefaultContext,
    ids,
  );
  if (context !== undefined) writer.text(context);
  switch (pdu.kind) {
    case 'open':
      writer.u32(pdu.timeoutSec << 24);
      // The null object identifier: we are nothing that is registered as a product.
      writer.oid([]);
      writer.text(pdu.description);
      break;
    case 'close':
      writer.u32(pdu.reason << 24);
      break;
    case 'register':
      writer.u32((pdu.timeoutSec << 24) | (pdu.priority << 16));
      writer.oid(pdu.subtree);
      break;
    case 'unregister':
      writer.u32(pdu.priority << 16);
      writer.oid(pdu.subtree);
      break;
    case 'notify':
      for (const varBind of pdu.varBinds) writeVarBind(writer, varBind);
      break;
    case 'ping':
      break;
    case 'addAgentCaps':
      writer.oid(pdu.id);
      writer.text(pdu.description);
      break;
    case 'removeAgentCaps':
      writer.oid(pdu.id);
      break;
  }
  writer.endPdu(start);
}
