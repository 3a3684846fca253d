import { ProtocolError } from '../errors.ts';
import { paramTypes } from '../libvirt-enums/typed-param.ts';
import type { ParamName } from './param-names.ts';
import { paramNames } from './param-names.ts';
import { limits } from './protocol.ts';
import { TextCache } from './text-cache.ts';
import { paddedLength, type XdrReader } from './xdr.ts';

export type { ParamName } from './param-names.ts';

/** Value of a typed parameter; 64-bit integers are bigint where a number would lose digits. */
export type ParamValue = number | bigint | boolean | string;

/** A list of typed parameters as three arrays of the same length, in the order of the message. */
export interface TypedParams {
  readonly names: readonly ParamName[];
  /** See {@link paramTypes}. */
  readonly types: Uint8Array;
  readonly values: readonly ParamValue[];
}

export const noParams: TypedParams = { names: [], types: new Uint8Array(0), values: [] };

/** Values that are texts: names of devices and paths. */
const texts = new TextCache();

const noName: ParamName = { id: -1, text: '' };

const TWO_32 = 0x1_0000_0000;

/** Shortest parameter: length of an empty name, type, value of 4 octets. */
const MIN_PARAM_OCTETS = 12;

/**
 * Walks through `remote_typed_param<max>`: u32 count, then per item string field, i32 type, value. Nothing is
 * made of a value that is not asked for.
 */
export class ParamCursor {
  /** Of the parameter the cursor stands on. */
  name: ParamName = noName;
  /** See {@link paramTypes}. */
  type = 0;
  readonly count: number;
  readonly #reader: XdrReader;
  readonly #buffer: Buffer;
  readonly #view: DataView;
  readonly #end: number;
  #left: number;
  /** Where the value lies, and where the next parameter begins. */
  #valueAt = 0;
  #nextAt: number;

  constructor(reader: XdrReader, max: number) {
    const count = reader.count(max, 'typed parameters');
    if (count * MIN_PARAM_OCTETS > reader.remaining) {
      throw new ProtocolError(
        `${count} typed parameters do not fit into the ${reader.remaining} octets left`,
      );
    }
    this.#reader = reader;
    this.#buffer = reader.buffer;
    this.#view = reader.view;
    this.#end = reader.buffer.length;
    this.count = count;
    this.#left = count;
    this.#nextAt = reader.offset;
  }

  /**
   * Goes to the next parameter, whose octets are then all there; false after the last one: the reader then
   * stands behind it.
   *
   * @throws ProtocolError on an unknown type, because its length is unknown too.
   */
  next(): boolean {
    const view = this.#view;
    const end = this.#end;
    let at = this.#nextAt;
    if (this.#left === 0) {
      this.#reader.take(at - this.#reader.offset);
      return false;
    }
    this.#left -= 1;
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
    this.name = paramNames.lookup(this.#buffer, view, at, length);
    at += padded;
    const type = view.getUint32(at);
    at += 4;
    this.type = type;
    this.#valueAt = at;
    let size = 4;
    if (type === paramTypes.ullong || type === paramTypes.llong || type === paramTypes.double) {
      size = 8;
    } else if (type === paramTypes.string) {
      const octets = view.getUint32(at);
      if (octets > limits.stringOctets) {
        throw new ProtocolError(`parameter value of ${octets} octets at offset ${at}`);
      }
      size = 4 + paddedLength(octets);
    } else if (type < paramTypes.int || type > paramTypes.string) {
      throw new ProtocolError(`unknown type ${type} of parameter "${this.name.text}" at offset ${at - 4}`);
    }
    if (at + size > end) {
      throw truncated(at, size, end);
    }
    this.#nextAt = at + size;
    return true;
  }

  /** The value if it is a number that a double holds exactly, else NaN. */
  number(): number {
    const at = this.#valueAt;
    const view = this.#view;
    switch (this.type) {
      case 1:
        return view.getInt32(at);
      case 2:
        return view.getUint32(at);
      case 3: {
        const high = view.getInt32(at);
        const safe = high < 0x20_0000 && high >= -0x1f_ffff;
        return safe ? high * TWO_32 + view.getUint32(at + 4) : Number.NaN;
      }
      case 4: {
        const high = view.getUint32(at);
        return high < 0x20_0000 ? high * TWO_32 + view.getUint32(at + 4) : Number.NaN;
      }
      case 5:
        return view.getFloat64(at);
      default:
        return Number.NaN;
    }
  }

  /** The value if it is a text, else undefined. The same text is mostly the same string. */
  text(): string | undefined {
    if (this.type !== paramTypes.string) return undefined;
    const at = this.#valueAt;
    return texts.text(this.#buffer, this.#view, at + 4, this.#view.getUint32(at));
  }

  value(): ParamValue {
    const at = this.#valueAt;
    switch (this.type) {
      case 3: {
        const number = this.number();
        return Number.isNaN(number) ? safeOrBig(this.#view.getBigInt64(at)) : number;
      }
      case 4: {
        const number = this.number();
        return Number.isNaN(number) ? this.#view.getBigUint64(at) : number;
      }
      case 6:
        return this.#view.getInt32(at) !== 0;
      case 7:
        return this.#buffer.toString('utf8', at + 4, at + 4 + this.#view.getUint32(at));
      default:
        return this.number();
    }
  }
}

/**
 * Decodes `remote_typed_param<max>` as a whole.
 *
 * @throws ProtocolError as {@link ParamCursor.next}
 */
export function decodeTypedParams(reader: XdrReader, max: number): TypedParams {
  const cursor = new ParamCursor(reader, max);
  const names: ParamName[] = [];
  const types = new Uint8Array(cursor.count);
  const values: ParamValue[] = [];
  while (cursor.next()) {
    types[names.length] = cursor.type;
    names.push(cursor.name);
    values.push(cursor.value());
  }
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
