import { z } from 'zod';
import { errorText } from '../errors.ts';
import type { IndexBinding } from './index-allocator.ts';
import type { JsonPiece } from './state-file.ts';
import type { GoneDomain, KeptFacts, ReportedDomain } from './state-types.ts';

// What indexes.json holds, and how it is written: a line per domain, so that the lines of a damaged file that are
// intact can still be used.

const formatVersion = 1;

/** The kinds of devices numbered within a domain. */
export const deviceScopes = ['disk', 'nic', 'fileSystem'] as const;
export type DeviceScope = (typeof deviceScopes)[number];

const numbersSchema = z.record(z.string(), z.number().int().positive());
const bindingSchema = z.object({
  key: z.string(),
  index: z.number().int().positive(),
  releasedAt: z.number().optional(),
});
const domainSchema = z.object({
  uuid: z.string(),
  index: z.number().int().positive(),
  releasedAt: z.number().optional(),
  devices: z.object({
    disk: numbersSchema.optional(),
    nic: numbersSchema.optional(),
    fileSystem: numbersSchema.optional(),
  }),
  facts: z.record(z.string(), z.unknown()).optional(),
  reported: z.record(z.string(), z.unknown()).optional(),
});
const goneSchema = z.object({
  uuid: z.string(),
  name: z.string(),
  goneAt: z.number(),
  columns: z.record(z.string(), z.unknown()),
});
const fileSchema = z.object({
  version: z.literal(formatVersion),
  domains: z.array(domainSchema),
  gone: z.array(goneSchema),
  pools: z.array(bindingSchema),
  networks: z.array(bindingSchema),
  perfEvents: z.array(bindingSchema),
});

/** A domain as it is read; its facts are checked no further. */
export type SavedDomain = z.infer<typeof domainSchema>;
type SavedIndexes = z.infer<typeof fileSchema>;

/** The content of a file, or why it cannot be used. */
export function parseIndexes(text: string): { readonly saved: SavedIndexes } | { readonly problem: string } {
  try {
    const result = fileSchema.safeParse(JSON.parse(text));
    if (result.success) return { saved: result.data };
    return { problem: `unexpected content: ${z.prettifyError(result.error).slice(0, 300)}` };
  } catch (error) {
    return { problem: `not JSON: ${errorText(error)}` };
  }
}

/** The domains of a damaged file whose lines are intact. */
export function intactDomains(text: string): readonly SavedDomain[] {
  return text.split('\n').flatMap((line) => {
    const domain = domainSchema.safeParse(parseLine(line));
    return domain.success ? [domain.data] : [];
  });
}

/** A domain as it is written. */
export interface DomainToSave extends IndexBinding {
  readonly devices: Partial<Record<DeviceScope, Readonly<Record<string, number>>>>;
  readonly facts: KeptFacts | undefined;
  readonly reported: ReportedDomain | undefined;
}

export interface IndexesToSave {
  readonly domains: Iterable<DomainToSave>;
  readonly gone: readonly GoneDomain[];
  readonly pools: readonly IndexBinding[];
  readonly networks: readonly IndexBinding[];
  readonly perfEvents: readonly IndexBinding[];
}

/** The file in pieces, each of which is made into text when it is written. */
export function indexFilePieces({ domains, ...rest }: IndexesToSave): readonly JsonPiece[] {
  const pieces: JsonPiece[] = [`{"version":${formatVersion},"domains":[\n`];
  let separator = '';
  for (const { key: uuid, index, releasedAt, devices, facts, reported } of domains) {
    pieces.push(separator, { json: { uuid, index, releasedAt, devices, facts, reported } });
    separator = ',\n';
  }
  pieces.push('\n]');
  for (const [name, json] of Object.entries(rest)) pieces.push(`,\n"${name}":`, { json });
  pieces.push('}\n');
  return pieces;
}

/** The JSON of one line of the file; undefined if it is none. */
function parseLine(line: string): unknown {
  try {
    return JSON.parse(line.replace(/,$/, ''));
  } catch {
    return undefined;
  }
}
