import type { OtlpEncoding } from './otlp.ts';

// Protocol Buffers (https://protobuf.dev/programming-guides/encoding/), as far as these messages need them: a field is
// its number and wire type as one octet, and what is of variable length is preceded by its length.

const varint = 0;
const fixed64 = 1;
const delimited = 2;

function tag(field: number, wireType: number): number {
  return (field << 3) | wireType;
}

/** Numbers of fields by message, as in the .proto files. */
const fields = {
  request: { resourceMetrics: 1 },
  resourceMetrics: { resource: 1, scopeMetrics: 2 },
  resource: { attributes: 1 },
  scopeMetrics: { scope: 1, metrics: 2 },
  scope: { name: 1, version: 2 },
  metric: { name: 1, description: 2, unit: 3, gauge: 5, sum: 7 },
  data: { dataPoints: 1, aggregationTemporality: 2, isMonotonic: 3 },
  point: { startTimeUnixNano: 2, timeUnixNano: 3, asDouble: 4, attributes: 7 },
  keyValue: { key: 1, value: 2 },
  anyValue: { stringValue: 1 },
  response: { partialSuccess: 1 },
  partialSuccess: { rejectedDataPoints: 1, errorMessage: 2 },
} as const;

/** AGGREGATION_TEMPORALITY_CUMULATIVE */
const cumulative = 2;

const nanosecondsPerMs = 1_000_000n;

/** Messages in Protocol Buffers, which all receivers take. Attributes are the bare KeyValue messages. */
export const otlpProtobuf: OtlpEncoding<readonly Uint8Array[]> = {
  contentType: 'application/x-protobuf',

  attributes: (attributes) =>
    attributes.map(([key, value]) =>
      Buffer.concat([
        message(fields.keyValue.key, text(key)),
        message(fields.keyValue.value, message(fields.anyValue.stringValue, text(value))),
      ]),
    ),

  point: (attributes, { start, time }, value) => {
    const numbers = Buffer.alloc(start === undefined ? 18 : 27);
    let at = 0;
    const moment = (field: number, ms: number): void => {
      numbers[at] = tag(field, fixed64);
      numbers.writeBigUInt64LE(BigInt(Math.round(ms)) * nanosecondsPerMs, at + 1);
      at += 9;
    };
    if (start !== undefined) moment(fields.point.startTimeUnixNano, start);
    moment(fields.point.timeUnixNano, time);
    numbers[at] = tag(fields.point.asDouble, fixed64);
    numbers.writeDoubleLE(value, at + 1);
    const all = attributes.flat().map((each) => message(fields.point.attributes, each));
    return [message(fields.data.dataPoints, Buffer.concat([numbers, ...all]))];
  },

  metric: ({ name, description, unit, isSum }, points) => {
    const about = isSum
      ? Buffer.of(
          tag(fields.data.aggregationTemporality, varint),
          cumulative,
          tag(fields.data.isMonotonic, varint),
          1,
        )
      : Buffer.alloc(0);
    const data = Buffer.concat([...points.flat(), about]);
    return [
      message(
        fields.scopeMetrics.metrics,
        Buffer.concat([
          message(fields.metric.name, text(name)),
          optional(fields.metric.description, description),
          optional(fields.metric.unit, unit),
          message(isSum ? fields.metric.sum : fields.metric.gauge, data),
        ]),
      ),
    ];
  },

  rejection: (answer) => {
    const partial = new FieldReader(answer).find(fields.response.partialSuccess);
    if (!(partial instanceof Uint8Array)) return undefined;
    const points = new FieldReader(partial).find(fields.partialSuccess.rejectedDataPoints);
    const message = new FieldReader(partial).find(fields.partialSuccess.errorMessage);
    return typeof points === 'number' && points > 0
      ? { points, message: message instanceof Uint8Array ? Buffer.from(message).toString() : '' }
      : undefined;
  },

  request: (resource, { name, version }, metrics) => {
    const attributes = resource.map((each) => message(fields.resource.attributes, each));
    const scope = Buffer.concat([
      message(fields.scope.name, text(name)),
      message(fields.scope.version, text(version)),
    ]);
    const scopeMetrics = Buffer.concat([message(fields.scopeMetrics.scope, scope), ...metrics.flat()]);
    return message(
      fields.request.resourceMetrics,
      Buffer.concat([
        message(fields.resourceMetrics.resource, Buffer.concat(attributes)),
        message(fields.resourceMetrics.scopeMetrics, scopeMetrics),
      ]),
    );
  },
};

/** An empty text is the same as none. */
function optional(field: number, value: string): Uint8Array {
  return value === '' ? Buffer.alloc(0) : message(field, text(value));
}

function text(value: string): Uint8Array {
  return Buffer.from(value);
}

/** A field of variable length. */
function message(field: number, content: Uint8Array): Buffer {
  const head = [tag(field, delimited)];
  let length = content.length;
  for (; length > 0x7f; length >>>= 7) head.push((length & 0x7f) | 0x80);
  head.push(length);
  return Buffer.concat([Buffer.from(head), content]);
}

/** Reads the fields of a message that are numbers or of variable length; the others end it. Octets are not trusted. */
class FieldReader {
  readonly #octets: Uint8Array;
  #at = 0;

  constructor(octets: Uint8Array) {
    this.#octets = octets;
  }

  /** The first field of this number; undefined if there is none. */
  find(field: number): number | Uint8Array | undefined {
    while (this.#at < this.#octets.length) {
      const head = this.#number();
      const wireType = head & 7;
      if (wireType !== varint && wireType !== delimited) return undefined;
      const value = this.#number();
      let content: Uint8Array | undefined;
      if (wireType === delimited) {
        content = this.#octets.subarray(this.#at, this.#at + value);
        if (content.length < value) return undefined;
        this.#at += value;
      }
      if (head >>> 3 === field) return content ?? value;
    }
    return undefined;
  }

  /** A varint of at most four octets is all that an answer needs; NaN for what is none. */
  #number(): number {
    let value = 0;
    for (let shift = 0; shift <= 21; shift += 7) {
      const octet = this.#octets[this.#at] ?? Number.NaN;
      this.#at += 1;
      value |= (octet & 0x7f) << shift;
      if (!(octet > 0x7f)) return value;
    }
    // What follows cannot be told apart.
    this.#at = this.#octets.length;
    return 0;
  }
}
