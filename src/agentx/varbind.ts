import type { ByteReader } from '../bytes/reader.ts';
import { ProtocolError } from '../errors.ts';
import type { WireValue } from '../tree/tree.ts';
import { MAX_OID_SUB_IDS, type VarBind, type VarBindSyntax } from './pdu.ts';
import type { PduWriter } from './pdu-writer.ts';

/** v.type (RFC 2741 section 5.4). */
export const valueTypes = {
  Integer32: 2,
  OctetString: 4,
  Null: 5,
  ObjectIdentifier: 6,
  IpAddress: 64,
  Counter32: 65,
  Gauge32: 66,
  TimeTicks: 67,
  Opaque: 68,
  Counter64: 70,
  noSuchObject: 128,
  noSuchInstance: 129,
  endOfMibView: 130,
} as const satisfies Record<VarBindSyntax, number>;

const syntaxes = new Map<number, VarBindSyntax>(
  Object.entries(valueTypes).map(([syntax, type]) => [type, syntax as VarBindSyntax]),
);

/**
 * Writes v.data of a value (RFC 2741 section 5.4).
 *
 * @throws TypeError if the value is not of the kind that its syntax needs.
 */
export function writeValue(writer: PduWriter, syntax: VarBindSyntax, value: WireValue | undefined): void {
  switch (syntax) {
    case 'Integer32':
    case 'Counter32':
    case 'Gauge32':
    case 'TimeTicks':
      if (typeof value !== 'number' || Number.isNaN(value)) throw misfit(syntax, value);
      writer.u32(value);
      return;
    case 'Counter64':
      if ((typeof value !== 'number' && typeof value !== 'bigint') || Number.isNaN(value)) {
        throw misfit(syntax, value);
      }
      writer.u64(value);
      return;
    case 'OctetString':
      if (typeof value === 'string') writer.text(value);
      else if (value instanceof Uint8Array) writer.octets(value);
      else throw misfit(syntax, value);
      return;
    case 'ObjectIdentifier':
      if (!Array.isArray(value) || value.length > MAX_OID_SUB_IDS) throw misfit(syntax, value);
      writer.oid(value);
      return;
    case 'IpAddress':
      // A master that cannot parse a Response ends the session: nothing malformed may leave.
      if (!(value instanceof Uint8Array) || value.length !== 4) throw misfit(syntax, value);
      writer.octets(value);
      return;
    case 'Opaque':
      if (!(value instanceof Uint8Array)) throw misfit(syntax, value);
      writer.octets(value);
      return;
    case 'Null':
    case 'noSuchObject':
    case 'noSuchInstance':
    case 'endOfMibView':
      return;
  }
}

/** Writes a variable binding (RFC 2741 section 5.4). */
export function writeVarBind(writer: PduWriter, { oid, syntax, value }: VarBind): void {
  writer.u16(valueTypes[syntax]);
  writer.u16(0);
  writer.oid(oid);
  writeValue(writer, syntax, value);
}

/**
 * Reads a variable binding (RFC 2741 section 5.4); nothing of it refers to the reader's bytes.
 *
 * @throws ProtocolError
 */
export function readVarBind(reader: ByteReader): VarBind {
  const type = reader.u16();
  reader.skip(2);
  const { oid } = readOid(reader);
  const syntax = syntaxes.get(type);
  if (syntax === undefined) throw new ProtocolError(`a variable has the unknown type ${type}`);
  return { oid, syntax, value: readValue(reader, syntax) };
}

/**
 * Reads variable bindings to the end of a PDU.
 *
 * @throws ProtocolError
 */
export function readVarBinds(reader: ByteReader): readonly VarBind[] {
  const varBinds: VarBind[] = [];
  while (reader.remaining > 0) varBinds.push(readVarBind(reader));
  return varBinds;
}

function readValue(reader: ByteReader, syntax: VarBindSyntax): WireValue | undefined {
  switch (syntax) {
    case 'Integer32':
      return reader.i32();
    case 'Counter32':
    case 'Gauge32':
    case 'TimeTicks':
      return reader.u32();
    case 'Counter64':
      return reader.u64Count();
    case 'OctetString':
    case 'IpAddress':
    case 'Opaque':
      return readOctets(reader);
    case 'ObjectIdentifier':
      return readOid(reader).oid;
    case 'Null':
    case 'noSuchObject':
    case 'noSuchInstance':
    case 'endOfMibView':
      return undefined;
  }
}

/**
 * Reads an octet string with its padding (RFC 2741 section 5.3) and returns a copy of its octets.
 *
 * @throws ProtocolError
 */
export function readOctets(reader: ByteReader): Uint8Array {
  const size = reader.u32();
  const octets = reader.copy(size);
  reader.skip(-size & 3);
  return octets;
}

/**
 * Reads an object identifier (RFC 2741 section 5.1), written out in full.
 *
 * @throws ProtocolError
 */
export function readOid(reader: ByteReader): { readonly oid: readonly number[]; readonly include: boolean } {
  const count = reader.u8();
  const prefix = reader.u8();
  const include = reader.u8() !== 0;
  reader.skip(1);
  if (count + (prefix === 0 ? 0 : 5) > MAX_OID_SUB_IDS) {
    throw new ProtocolError(`an object identifier has more than ${MAX_OID_SUB_IDS} sub-identifiers`);
  }
  const oid = prefix === 0 ? [] : [1, 3, 6, 1, prefix];
  for (let i = 0; i < count; i++) oid.push(reader.u32());
  return { oid, include };
}

function misfit(syntax: VarBindSyntax, value: WireValue | undefined): TypeError {
  const kind =
    value instanceof Uint8Array
      ? `${value.length} octets`
      : Array.isArray(value)
        ? `${value.length} numbers`
        : Number.isNaN(value)
          ? 'NaN'
          : typeof value;
  return new TypeError(`${syntax} cannot carry ${kind}`);
}
