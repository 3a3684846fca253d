import { z } from 'zod';
import type { OtlpEncoding } from './otlp.ts';

/** AGGREGATION_TEMPORALITY_CUMULATIVE */
const cumulative = 2;

const response = z.object({
  partialSuccess: z
    .object({
      rejectedDataPoints: z.coerce.number().int().min(0).default(0),
      errorMessage: z.string().default(''),
    })
    .optional(),
});

/** Messages in JSON, where 64-bit integers are texts. */
export const otlpJson: OtlpEncoding<string> = {
  contentType: 'application/json',

  attributes: (attributes) =>
    attributes.map(([key, value]) => JSON.stringify({ key, value: { stringValue: value } })).join(','),

  point: (attributes, { start, time }, value) => {
    const all = attributes.filter((text) => text !== '').join(',');
    const began = start === undefined ? '' : `"startTimeUnixNano":"${Math.round(start)}000000",`;
    return `{"attributes":[${all}],${began}"timeUnixNano":"${Math.round(time)}000000","asDouble":${value}}`;
  },

  metric: ({ name, description, unit, isSum }, points) => {
    const head = JSON.stringify({ name, description, unit }).slice(0, -1);
    const sum = `"aggregationTemporality":${cumulative},"isMonotonic":true,`;
    const [kind, about] = isSum ? ['sum', sum] : ['gauge', ''];
    return `${head},"${kind}":{${about}"dataPoints":[${points.join(',')}]}}`;
  },

  rejection: (answer) => {
    const { success, data } = response.safeParse(parsed(answer));
    if (!success || data.partialSuccess === undefined) return undefined;
    const { rejectedDataPoints: points, errorMessage: message } = data.partialSuccess;
    return points > 0 ? { points, message } : undefined;
  },

  request: (resource, scope, metrics) =>
    Buffer.from(
      `{"resourceMetrics":[{"resource":{"attributes":[${resource}]},"scopeMetrics":[{"scope":${JSON.stringify(scope)},"metrics":[${metrics.join(',')}]}]}]}`,
    ),
};

function parsed(answer: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(answer).toString()) as unknown;
  } catch {
    return undefined;
  }
}
