import type { ObjectName } from '../../src/mib/bind.ts';

/** One figure of a MIB object in a template. */
export interface Item {
  readonly object: ObjectName;
  /** What people see; `{#...}` macros of the discovery rule are put before it. */
  readonly name: string;
  /** Unit of Zabbix; `B`, `s`, `%`, `bps`. */
  readonly units?: string;
  /** What the object's value is multiplied by to have that unit. */
  readonly scale?: number;
  /** A counter: the rate per second is what is kept. */
  readonly rate?: true;
  /** Text that seldom changes: kept when it is another, and once a day. `always`: each time it is read. */
  readonly text?: true | 'always';
  /** What kind of thing it tells of: the tag `component`. */
  readonly component: string;
}

/**
 * A condition that opens a problem. In expressions `@object` is the item of that object: in the row, or of the agent
 * where the object is a scalar.
 */
export interface Trigger {
  readonly name: string;
  /** A name with figures, for the event. */
  readonly eventName?: string;
  readonly expression: string;
  /** What has to be true as well, beside the expression being false, before the problem is over. */
  readonly recovery?: string;
  readonly priority: 'INFO' | 'WARNING' | 'AVERAGE' | 'HIGH';
  readonly scope: 'availability' | 'performance' | 'capacity' | 'notice';
  readonly description: string;
  readonly opdata?: string;
  readonly manualClose?: true;
  /** Names of triggers of the same list without which this one says nothing new. */
  readonly dependsOn?: readonly string[];
}

/** A user macro of the template. */
export interface Macro {
  readonly macro: string;
  readonly value: string;
  readonly description: string;
}

/** Graphs of the things a rule finds. */
export interface Graph {
  readonly name: string;
  readonly objects: readonly ObjectName[];
  readonly percent?: true;
}

/** Rows of a table that get items of their own. */
export interface Rule {
  readonly name: string;
  readonly key: string;
  readonly description: string;
  /** Macros of a row and the columns they come from. The first one names the row. */
  readonly macros: Readonly<Record<string, ObjectName>>;
  /** Put before the names of items and triggers: `VM {#VM.NAME}`. */
  readonly prefix: string;
  /** Macros that are matched with a pair of user macros: `{#VM.NAME}` with `{$LIBVIRT.VM.NAME.MATCHES}`. */
  readonly filters: Readonly<Record<string, string>>;
  /** A row is there only while something is wrong. */
  readonly passing?: true;
  /** What is left out by default, by the name of the filter: a regular expression. */
  readonly leftOut?: Readonly<Record<string, string>>;
  readonly items: readonly Item[];
  readonly triggers: readonly Trigger[];
  readonly graphs?: readonly Graph[];
}
