import type { z } from 'zod';

/** A kind of setting: how its value is checked, and how its limits are told to people. */
export interface Kind<Value, Given = Value> {
  /** From what the file holds to the value that the program uses. */
  readonly schema: z.ZodType<Value, unknown>;
  /** Completes "must be …". */
  readonly allowed: string;
  readonly unit?: string;
  /** From the text of an option or an environment variable to what a file would hold. */
  readonly fromText: (text: string) => unknown;
  /** Never set: what a default may be, for the compiler. */
  readonly given?: Given;
}

/** What people are told of a setting beside its kind. */
interface SettingText {
  readonly help: string;
  /** Long option of the command line, for the settings people change often. */
  readonly flag?: string;
  /** Variable of another program that stands in where the setting is not given. */
  readonly standIn?: StandIn;
  /** Says where neither our own sources nor that variable do; undefined if it says nothing either. */
  readonly elsewhere?: Elsewhere;
}

/** What a file of another program says about our setting. */
export type Elsewhere = (
  env: Readonly<Record<string, string | undefined>>,
) => { readonly path: string; readonly text: string } | undefined;

/** A variable of the environment that others set, and what it says about our setting. */
interface StandIn {
  readonly variable: string;
  readonly read: (text: string) => string;
}

/** One setting, declared: everything else about it follows from this. */
export interface Declaration<Value> extends SettingText {
  readonly kind: Kind<Value, unknown>;
  /** The default, as it would stand in the file. */
  readonly fallback: unknown;
}

/**
 * Declares a setting. Its name is the property it is declared as, in the program (`callTimeout`) as well as, with
 * underscores, in the file (`call_timeout`).
 *
 * @param fallback - the default, as it would stand in the file.
 */
export function setting<Value, Given>(
  kind: Kind<Value, Given>,
  fallback: NoInfer<Given>,
  text: SettingText,
): Declaration<Value> {
  return { ...text, kind, fallback };
}

type Declarations = Readonly<Record<string, Declaration<unknown>>>;

/** A table of the file: `[collect]`. */
export interface Section<D extends Declarations = Declarations> {
  /** What it is about. */
  readonly help: string;
  /** In the order of the documentation. */
  readonly settings: D;
}

/** Declares a section. It is in the file as soon as it is listed in `sections.ts`. */
export function section<const D extends Declarations>(help: string, settings: D): Section<D> {
  return { help, settings };
}

/** A table whose keys are the operator's own, or a list of tables. */
export interface FreeTable<Value> {
  readonly schema: z.ZodType<Value, unknown>;
  readonly help: string;
  /** TOML, as it would stand in a file. */
  readonly example: string;
}

/** The values of a section: what the program reads. */
export type ValuesOf<S extends Section> = {
  readonly [Name in keyof S['settings']]: S['settings'][Name] extends Declaration<infer Value>
    ? Value
    : never;
};

/** The name of a setting or a section in the file: `callTimeout` is `call_timeout` there. */
export function fileName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
