import { z } from 'zod';
import { findDefinition } from '../mib/definitions.ts';

// The parameters of the paths: what is accepted, and what /api/openapi.json says of it.

const whole = (least: number, most: number) => z.coerce.number().int().min(least).max(most);
const words = z.string().max(1000);
/** Kinds of events, as lveEventType has them. */
export const eventKinds: readonly string[] = Object.keys(findDefinition('lveEventType')?.labels ?? {});
const list = (allowed: readonly string[]) =>
  words
    .transform((text) => text.split(','))
    .pipe(
      z.array(
        z.string().refine((word) => allowed.includes(word), { error: `is none of ${allowed.join(', ')}` }),
      ),
    );

export const domainsQuery = z.object({
  limit: whole(1, 10_000).default(1000).describe('Domains at most.'),
  after: whole(0, 2 ** 31)
    .default(0)
    .describe('Go on behind this one: `next` of the page before.'),
});

export const tableQuery = z.object({
  domain: words.optional().describe('Rows of this domain only: its UUID, name or index.'),
  columns: words.optional().describe('Only these columns, separated by commas.'),
  limit: whole(1, 10_000).default(1000).describe('Rows at most.'),
  after: whole(0, 2 ** 31)
    .default(0)
    .describe('Go on behind this one: `next` of the page before.'),
});

export const eventsQuery = z.object({
  after: whole(0, 2 ** 32 - 1)
    .optional()
    .describe('Entries with a greater number only.'),
  kind: list(eventKinds).optional().describe('Only these kinds, separated by commas.'),
  severity: list(['okay', 'warning', 'failure']).optional().describe('Only these severities.'),
  domain: words.optional().describe('Only of the domain, pool or network of this UUID or name.'),
  limit: whole(1, 10_000).default(1000).describe('Entries at most, the newest.'),
});

export type EventsQuery = z.output<typeof eventsQuery>;

/** What is wrong with parameters, in a sentence. */
export function wrongQuery(error: z.ZodError): string {
  return error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
}
