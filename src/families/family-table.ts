import type { ObjectName, ScalarGroupName, TableName } from '../mib/bind.ts';
import type { objects, scalarGroups, tables } from '../mib/objects.gen.ts';

// The types that tie names of metrics to the MIB. What an object that can be measured is called follows from its own name
// and its UNITS (`suffix.ts`). A line of a table of families says otherwise: another name, several, or null for none. A
// name that belies the object's UNITS is a compile error at its line, and so is an object that needs a line and has none.

type Definition<O extends ObjectName> = (typeof objects)[O];
type KindOf<O extends ObjectName> = Definition<O>['kind'];
type UnitsOf<O extends ObjectName> =
  Definition<O> extends { readonly units: infer Units } ? Units : undefined;

type TimeUnits = 'seconds' | 'milliseconds' | 'microseconds' | 'microsecond' | 'nanoseconds';

/** How the name of a counter ends, up to `_total`. */
type CounterEnding<O extends ObjectName> =
  UnitsOf<O> extends TimeUnits
    ? `${string}seconds_total`
    : UnitsOf<O> extends 'bytes'
      ? `${string}bytes_total`
      : `${string}_total`;

/** How names end by UNITS, for what is no counter. An age is served as its moment, which ends like a time as well. */
interface GaugeEndings {
  readonly seconds: `${string}seconds`;
  readonly milliseconds: `${string}seconds`;
  readonly microseconds: `${string}seconds`;
  readonly microsecond: `${string}seconds`;
  readonly nanoseconds: `${string}seconds`;
  readonly bytes: `${string}bytes`;
  readonly 'bytes per second': `${string}bytes_per_second`;
  readonly 'MiB per second': `${string}bytes_per_second`;
  readonly 'requests per second': `${string}requests_per_second`;
  readonly 'pages per second': `${string}pages_per_second`;
  readonly 'hundredths of a percent': `${string}ratio`;
  readonly hundredths: `${string}ratio` | `load${1 | 5 | 15}`;
  readonly MHz: `${string}hertz`;
  readonly pages: `${string}pages` | `${string}pages_free`;
}

type GaugeEnding<O extends ObjectName> =
  UnitsOf<O> extends keyof GaugeEndings ? GaugeEndings[UnitsOf<O>] : string;

/** What the name of an object's family may be, behind the prefix of its table. */
export type SuffixOf<O extends ObjectName> =
  KindOf<O> extends 'counter' | 'counter64'
    ? CounterEnding<O>
    : KindOf<O> extends 'dateAndTime' | 'timeTicks'
      ? `${string}timestamp_seconds` | `${string}time_seconds`
      : GaugeEnding<O>;

/** A line that says more than a name. */
export interface DetailedLine<Suffix extends string = string> {
  readonly suffix: Suffix;
  /** Labels that tell the objects of one family apart. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Labels of the enumeration that have a value, and which; all others are absent. */
  readonly values?: Readonly<Record<string, number>>;
  /** Numbers by which the MIB says that nothing is set: absent in the family. */
  readonly unset?: 'zero' | 'negative';
  /** For an object whose definition has no UNITS: what its DESCRIPTION says. */
  readonly units?: 'microseconds';
  /** For a family of several objects, or one whose summary says something else. */
  readonly help?: string;
}

/** One object's line: the rest of its family's name, more than that, several families, or none. */
export type Line<Suffix extends string> =
  | Suffix
  | readonly [Suffix, Readonly<Record<string, string>>]
  | DetailedLine<Suffix>
  | { readonly families: readonly DetailedLine<Suffix>[] }
  | null;

const unmeasurableKinds = ['text', 'octets', 'oid', 'cpuList', 'timeStamp'] as const;

type UnmeasurableKind = (typeof unmeasurableKinds)[number];

/** What cannot be a number: texts, octets, and moments of sysUpTime, which the master knows. */
export const unmeasurable: ReadonlySet<string> = new Set(unmeasurableKinds);

/** The objects of a list that can be measured. */
type Measurable<O extends ObjectName> = O extends ObjectName
  ? KindOf<O> extends UnmeasurableKind
    ? never
    : O
  : never;

/** Where a label's value comes from: an object of the INDEX, or a column of this table or of one with a shorter index. */
export type LabelSource = ObjectName;

/** Labels by name; of several sources the first that has a value gives it. */
export type LabelSources = Readonly<Record<string, LabelSource | readonly LabelSource[]>>;

/** The objects that have a name without a line: see `suffixOf`. An age is served as its moment, which no name says. */
type SelfNamed<O extends ObjectName, Stem extends string> = O extends `lve${string}` & `${Stem}${infer Rest}`
  ? Rest extends '' | `${string}Age` | `${string}${'Up' | 'up'}${'T' | 't'}ime`
    ? never
    : Rest extends Capitalize<Rest>
      ? O
      : never
  : never;

type AnyLines<O extends ObjectName> = { readonly [Each in O]?: Line<SuffixOf<Each>> };

type Lines<O extends ObjectName, Stem extends string> = AnyLines<SelfNamed<O, Stem>> & {
  readonly [Each in Exclude<O, SelfNamed<O, Stem>>]: Line<SuffixOf<Each>>;
};

interface Named {
  /** What every name begins with. */
  readonly prefix: string;
  /** HELP of families that several objects make up, by suffix. */
  readonly help?: Readonly<Record<string, string>>;
}

/** What becomes of the objects that have no line. */
type WithLines<O extends ObjectName, Stem extends string> =
  | {
      /** What their names begin with behind the prefix; nothing, if left out. */
      readonly rest?: string;
      readonly families: Lines<O, Stem>;
    }
  /** They are no metrics. */
  | { readonly rest: null; readonly families: AnyLines<O> };

/** The families of a table. */
export type FamilyTable<T extends TableName> = Named & {
  readonly table: T;
  readonly labels: LabelSources;
} & WithLines<Measurable<(typeof tables)[T]['columns'][number]>, T extends `${infer Stem}Table` ? Stem : T>;

/** The families of the scalars below one node. */
export type FamilyGroup<G extends ScalarGroupName> = Named & { readonly group: G } & WithLines<
    Measurable<(typeof scalarGroups)[G]['scalars'][number]>,
    G
  >;

/** Any of them, what it is of forgotten. */
export interface AnyFamilyTable {
  readonly table?: TableName;
  readonly group?: ScalarGroupName;
  readonly prefix: string;
  readonly labels?: LabelSources;
  readonly help?: Readonly<Record<string, string>>;
  readonly rest?: string | null;
  readonly families: { readonly [object: string]: Line<string> | undefined };
}

/** A family that exists for some values of an enumeration only. */
export function oneOf<const Suffix extends string>(
  suffix: Suffix,
  values: Readonly<Record<string, number>>,
): DetailedLine<Suffix> {
  return { suffix, values };
}

/** A limit that is 0 where none is set. */
export function unlessZero<const Suffix extends string>(suffix: Suffix): DetailedLine<Suffix> {
  return { suffix, unset: 'zero' };
}

/** A limit that is negative where none is set. */
export function unlessNegative<const Suffix extends string>(suffix: Suffix): DetailedLine<Suffix> {
  return { suffix, unset: 'negative' };
}

/** A time in microseconds whose definition has no UNITS. */
export function microseconds<const Suffix extends `${string}seconds_total`>(
  suffix: Suffix,
): DetailedLine<Suffix> {
  return { suffix, units: 'microseconds' };
}

/** What grows by itself in the MIB, as the moment when it began. */
export function began<const Suffix extends string>(suffix: Suffix, help: string): DetailedLine<Suffix> {
  return { suffix, help };
}
