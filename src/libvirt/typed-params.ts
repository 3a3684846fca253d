import { ProtocolError } from '../errors.ts';
import type { ParamName } from './param-names.ts';
import { paramNames } from './param-names.ts';
import { limits } from './protocol.ts';
import { paddedLength, type XdrReader } from './xdr.ts';

export type { ParamName } from './param-names.ts';

/** Value of a typed parameter; 64-bit integers are bigint where a number would lose digits. */
export type ParamValue = number | bigint | boolean | string;

/** virTypedParameterType. */
export const paramTypes = {
  int: 1,
  uint: 2,
  llong: 3,
  ullong: 4,
  double: 5,
  boolean: 6,
  string: 7,
} as const;

/** A list of typed parameters as three arrays of the same length, in the order of the message. */
export interface TypedParams {
  readonly names: readonly ParamName[];
  /** See {@link paramTypes}. */
  readonly types: Uint8Array;
  readonly values: readonly ParamValue[];
}

export const noParams: TypedParams = { names: [], types: new Uint8Array(0), values: [] };

const TWO_32 = 0x1_0000_0000;

/** Shortest parameter: length of an empty name, type, value of 4 octets. */
const MIN_PARAM_OCTETS = 12;

/**
 * Decodes `remote_typed_param<max>`: u32 count, then per item string field, i32 type, value.
 *
 * @throws ProtocolError on an unknown type, because its length is unknown too.
 */
export function decodeTypedParams(reader: XdrReader, max: number): TypedParams {
  const count = reader.count(max, 'typed parameters');
  if (count * MIN_PARAM_OCTETS > reader.remaining) {
    throw new ProtocolError(`${count} typed parameters do not fit into the ${reader.remaining} octets left`);
  }
  const { buffer, view } = reader;
  const end = buffer.length;
  const names: ParamName[] = [];
  const types = new Uint8Array(count);
  const values: ParamValue[] = [];
  let at = reader.offset;
  for (let index = 0; index < count; index++) {
    if (at + 4 > end) {
      throw truncated(at, 4, end);
    }
    const length = view.getUint32(at);
    at += 4;
    if (length > limits.stringOctets) {
      throw new ProtocolError(`parameter name of ${length} octets at offset ${at - 4}`);
    }
    const padded = paddedLength(length);
    if (at + padded + 8 > end) {
      throw truncated(at, padded + 8, end);
    }
    names[index] = paramNames.lookup(buffer, view, at, length);
    at += padded;
    const type = view.getUint32(at);
    at += 4;
    types[index] = type;
    switch (type) {
      case 1:
        values[index] = view.getInt32(at);
        at += 4;
        break;
      case 2:
        values[index] = view.getUint32(at);
        at += 4;
        break;
      case 3: {
        if (at + 8 > end) {
          throw truncated(at, 8, end);
        }
        const high = view.getInt32(at);
        const safe = high < 0x20_0000 && high >= -0x1f_ffff;
        values[index] = safe ? high * TWO_32 + view.getUint32(at + 4) : safeOrBig(view.getBigInt64(at));
        at += 8;
        break;
      }
      case 4: {
        if (at + 8 > end) {
          throw truncated(at, 8, end);
        }
        const high = view.getUint32(at);
        values[index] = high < 0x20_0000 ? high * TWO_32 + view.getUint32(at + 4) : view.getBigUint64(at);
        at += 8;
        break;
      }
      case 5:
        if (at + 8 > end) {
          throw truncated(at, 8, end);
        }
        values[index] = view.getFloat64(at);
        at += 8;
        break;
      case 6:
        values[index] = view.getInt32(at) !== 0;
        at += 4;
        break;
      case 7: {
        const size = view.getUint32(at);
        at += 4;
        if (size > limits.stringOctets) {
          throw new ProtocolError(`parameter value of ${size} octets at offset ${at - 4}`);
        }
        if (at + paddedLength(size) > end) {
          throw truncated(at, paddedLength(size), end);
        }
        values[index] = buffer.toString('utf8', at, at + size);
        at += paddedLength(size);
        break;
      }
      default:
        throw new ProtocolError(
          `unknown type ${type} of parameter "${names[index]?.text}" at offset ${at - 4}`,
        );
    }
  }
  reader.take(at - reader.offset);
  return { names, types, values };
}

/** Value of the first parameter with this name; undefined if there is none. For short lists. */
export function findParam(params: TypedParams, text: string): ParamValue | undefined {
  const index = params.names.findIndex((name) => name.text === text);
  return index < 0 ? undefined : params.values[index];
}

function safeOrBig(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function truncated(at: number, wanted: number, end: number): ProtocolError {
  return new ProtocolError(
    `wanted ${wanted} octets at offset ${at}, but the message has only ${Math.max(0, end - at)} left`,
  );
}
