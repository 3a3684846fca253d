import { z } from 'zod';
import { freeTables, sections } from './sections.ts';
import { type FreeTable, fileName, type Section, type ValuesOf } from './setting.ts';

type SectionValues = { readonly [Name in keyof typeof sections]: ValuesOf<(typeof sections)[Name]> };

type FreeValues = {
  readonly [Name in keyof typeof freeTables]: (typeof freeTables)[Name] extends FreeTable<infer Value>
    ? Value
    : never;
};

/** The effective configuration, as the sections declare it. Durations are in seconds. */
export type Config = SectionValues & FreeValues;

/**
 * The configuration that the content of a file means, frozen all the way down. Paths of issues are those of the file.
 */
export const configSchema: z.ZodType<Config, unknown> = z
  .strictObject(
    Object.fromEntries([
      ...Object.entries(sections).map(([name, one]) => [fileName(name), sectionSchema(one)] as const),
      ...Object.entries(freeTables).map(([name, { schema }]) => [fileName(name), schema] as const),
    ]),
  )
  .transform((content) => {
    const names = [...Object.keys(sections), ...Object.keys(freeTables)];
    // What the declarations say of each section is what its schema gives.
    return deepFreeze(renamed(content, names)) as unknown as Config;
  });

function sectionSchema({ settings }: Section): z.ZodType {
  const fields = Object.entries(settings).map(([name, { kind, fallback }]) => {
    return [fileName(name), kind.schema.prefault(fallback)] as const;
  });
  return z
    .strictObject(Object.fromEntries(fields))
    .prefault({})
    .transform((values) => renamed(values, Object.keys(settings)));
}

/** From the names of the file to those of the program. */
function renamed(
  values: Readonly<Record<string, unknown>>,
  names: readonly string[],
): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, values[fileName(name)]]));
}

/** Freezes plain objects and lists all the way down; patterns, sets and functions are left as they are. */
function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) {
    if (Array.isArray(part) || isPlain(part)) deepFreeze(part as object);
  }
  return Object.freeze(value);
}

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
