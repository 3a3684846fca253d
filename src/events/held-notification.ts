import { z } from 'zod';
import type { EpochMs } from '../model/scalar-types.ts';
import { momentOf, wallOffsetMs } from '../run/clock.ts';

/** Longest name of a notification or an object, and of a family, in characters. */
const maxNameChars = 300;
/** More objects than any notification has. */
const maxObjects = 32;

/** A value of an object, and of a column the INDEX of its row. */
export interface HeldValue {
  readonly value: number | bigint | string | boolean | Uint8Array;
  readonly index?: readonly (number | string)[];
}

/** What a notification says, by the names of the MIB: it can be sent under another root, and after a restart. */
export interface NotificationContent {
  readonly name: string;
  /** By the name of the object. */
  readonly values: Readonly<Record<string, HeldValue>>;
}

/** A notification that the master has not taken yet. */
export interface HeldNotification {
  /** Not given to any other notification, in whatever run. */
  readonly id: string;
  /** The moment of what it tells. */
  readonly at: EpochMs;
  readonly content: NotificationContent;
  /** Entries of the event log that it tells of. */
  readonly seqs: readonly number[];
  /** Domains that it names. */
  readonly domainIndexes: readonly number[];
  /** The condition that it tells of: a later notification about it makes an earlier one old. Empty if there is none. */
  readonly family: string;
}

const valueSchema = z.union([
  z.number(),
  z.string(),
  z.boolean(),
  z.strictObject({ int: z.string().regex(/^\d{1,20}$/) }).transform(({ int }) => BigInt(int)),
  z
    .strictObject({ hex: z.string().regex(/^([0-9a-f]{2})*$/) })
    .transform(({ hex }) => new Uint8Array(Buffer.from(hex, 'hex'))),
]);

/** A held notification as a line of the log file has it. */
export const heldSchema = z.object({
  id: z.string().min(1).max(maxNameChars),
  at: z.number().nonnegative(),
  name: z.string().max(maxNameChars),
  values: z
    .record(
      z.string().max(maxNameChars),
      z.object({
        value: valueSchema,
        index: z.array(z.union([z.number().int().nonnegative(), z.string().max(maxNameChars)])).optional(),
      }),
    )
    .refine((values) => Object.keys(values).length <= maxObjects),
  seqs: z.array(z.number().int().positive()),
  domainIndexes: z.array(z.number().int().positive()),
  family: z.string().max(maxNameChars),
});

/** The notification of a line. */
export function heldFrom({ at, name, values, ...held }: z.output<typeof heldSchema>): HeldNotification {
  const plain: Record<string, HeldValue> = {};
  for (const [object, { value, index }] of Object.entries(values)) {
    plain[object] = { value, ...(index === undefined ? {} : { index }) };
  }
  return { ...held, at: momentOf(at), content: { name, values: plain } };
}

/** The line of a notification, as JSON takes it: integers beyond 2^53 and octets as objects with one key. */
export function heldLine({ at, content, ...held }: HeldNotification): object {
  const values = Object.entries(content.values).map(([object, { value, index }]) => [
    object,
    { value: plainValue(value), index },
  ]);
  // On disk there are times of the wall clock.
  return { ...held, at: at + wallOffsetMs(), name: content.name, values: Object.fromEntries(values) };
}

function plainValue(value: HeldValue['value']): unknown {
  if (typeof value === 'bigint') return { int: String(value) };
  if (value instanceof Uint8Array) return { hex: Buffer.from(value).toString('hex') };
  return value;
}
