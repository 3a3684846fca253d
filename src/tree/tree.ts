/** The SMI base types that travel on the wire (RFC 2741 section 5.4, RFC 2578 section 7.1). */
export type WireSyntax =
  | 'Integer32'
  | 'OctetString'
  | 'ObjectIdentifier'
  | 'IpAddress'
  | 'Counter32'
  | 'Gauge32'
  | 'TimeTicks'
  | 'Counter64';

/**
 * A value ready to be encoded: `number` for the 32-bit types (already wrapped or clamped), `number` or
 * `bigint` for Counter64, `string` (UTF-8) or octets for OctetString, sub-identifiers for ObjectIdentifier.
 */
export type WireValue = number | bigint | string | Uint8Array | readonly number[];

/** What reading needs besides the stored value: ages and the like are computed when they are read. */
export interface ReadContext {
  /** The moment at which the request is answered, in milliseconds since 1970. */
  readonly now: number;
  /** The moment at which the master's sysUpTime was zero; undefined while no master has told. TimeStamp needs it. */
  readonly masterStartedAt: number | undefined;
}

/** The instances of a table, ascending by index; shared by all columns of the table. A scalar has one row: `0`. */
export interface RowSet {
  readonly length: number;
  /** The index sub-identifiers of all rows, one row after another. */
  readonly subIds: Uint32Array;
  /** Row r has subIds[offsets[r]] up to, not including, subIds[offsets[r + 1]]. Length is rows + 1. */
  readonly offsets: Uint32Array;
}

/** Errors of a SET (RFC 3416 section 4.2.5), as far as we answer them. */
export type SetError = 'wrongType' | 'wrongLength' | 'wrongValue' | 'notWritable' | 'noCreation';

/** A SET that passed TestSet. `undo` is called only after `commit`. */
export interface SetPlan {
  commit(): void;
  undo(): void;
}

/** One readable object: a scalar or a column. */
export interface Column {
  /** The MIB's descriptor: lveDomName. */
  readonly name: string;
  /** The object's OID under the root in use, without instance. */
  readonly oid: readonly number[];
  readonly syntax: WireSyntax;
  readonly rows: RowSet;
  /** The value of a row, or undefined where the instance does not exist (noSuchInstance). */
  read(row: number, context: ReadContext): WireValue | undefined;
  /** Only for read-write objects: checks a SET and returns its plan, or why it is refused. */
  readonly planSet?: (row: number, syntax: WireSyntax, value: WireValue) => SetPlan | SetError;
}

/**
 * Every object served: sorted row sets, and columns that give values. Over the model it is made by `ServedMib` and
 * printed by `dump`; over an image of the model it is what `src/agentx` answers from.
 */
export interface MibTree {
  /** Ascending by OID. */
  readonly columns: readonly Column[];
}

/** A notification as it leaves: sysUpTime is the master's business and is not in it. */
export interface OutgoingNotification {
  readonly name: string;
  /** The SNMP context that it is from; undefined for the default one. */
  readonly context?: string | undefined;
  readonly trapOid: readonly number[];
  readonly varbinds: readonly {
    readonly oid: readonly number[];
    readonly syntax: WireSyntax;
    readonly value: WireValue;
  }[];
}
