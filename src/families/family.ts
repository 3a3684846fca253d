import type { ObjectName, TableName } from '../mib/bind.ts';
import type { AnyLabelSources, RowChoice } from './label-set.ts';
import type { Reading } from './reading.ts';

/** What a family is to those who read it. An info family is a constant 1 whose labels are what it tells. */
export type FamilyType = 'counter' | 'gauge' | 'info';

/** The values of one object, or the constant 1, as samples of a family. */
export interface Series {
  /** Undefined for the constant 1 of an info family. */
  readonly object: ObjectName | undefined;
  /** Whose rows they are; undefined for a scalar. */
  readonly table: TableName | undefined;
  /** Labels that tell its samples apart: no two of them have the same values of these. */
  readonly labels: AnyLabelSources;
  /** Further labels, which only describe what those name. */
  readonly texts?: AnyLabelSources | undefined;
  /** Rows that are left out have another text than this in a column. */
  readonly where?: RowChoice | undefined;
  /** Labels that are the same in every row. */
  readonly fixed: Readonly<Record<string, string>>;
  /** How a cell becomes a number; undefined for the constant 1. */
  readonly reading: Reading | undefined;
  /** Taken off the value: another object of the same rows. */
  readonly minus?: ObjectName | undefined;
}

/** Everything that is served under one name. */
export interface Family {
  readonly name: string;
  readonly type: FamilyType;
  /** The base unit that the name ends with, if any. */
  readonly unit: string | undefined;
  readonly help: string;
  readonly series: readonly Series[];
}
