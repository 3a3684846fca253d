import type { WireSyntax } from '../tree/tree.ts';

/** How the values of an object are given (see ValuesOfKinds) and converted. */
export type ValueKind =
  | 'integer'
  | 'gauge'
  | 'counter'
  | 'timeTicks'
  | 'counter64'
  | 'gauge64'
  | 'boolean'
  | 'dateAndTime'
  | 'timeStamp'
  | 'text'
  | 'cpuList'
  | 'octets'
  | 'oid'
  | 'enum';

/** A module whose objects are served; LIBVIRT-MIB, that of libvirt-snmp, only if it is asked for. */
export type ModuleName = 'LIBVIRT-EXT-MIB' | 'VM-MIB' | 'LIBVIRT-MIB';

/** One scalar or column of the MIB modules. */
export interface ObjectDefinition {
  readonly module: ModuleName;
  /** Relative to the root of the module. */
  readonly oid: readonly number[];
  readonly kind: ValueKind;
  readonly syntax: WireSyntax;
  /** SYNTAX as the MIB writes it. */
  readonly type: string;
  readonly access: 'not-accessible' | 'accessible-for-notify' | 'read-only' | 'read-write';
  /** Allowed values, or sizes in octets. */
  readonly limits?: readonly (readonly [number, number])[];
  readonly labels?: Readonly<Record<string, number>>;
  /** DISPLAY-HINT */
  readonly hint?: string;
  readonly units?: string;
  readonly table?: string;
  readonly group?: string;
  /** First sentence of the DESCRIPTION. */
  readonly summary: string;
}

/** One conceptual table of the MIB modules. */
export interface TableDefinition {
  readonly module: ModuleName;
  /** Of the conceptual row, relative to the root of the module. */
  readonly entry: readonly number[];
  /** Its INDEX clause. */
  readonly index: readonly string[];
  /** The readable ones. */
  readonly columns: readonly string[];
  readonly summary: string;
}

/** One notification of the MIB modules. */
export interface NotificationDefinition {
  readonly module: ModuleName;
  /** Relative to the root of the module. */
  readonly oid: readonly number[];
  /** Its OBJECTS clause. */
  readonly objects: readonly string[];
  /** The instance of all of its objects, where it is not that of their row: what libvirt-snmp sends, others expect. */
  readonly instance?: readonly number[];
  readonly summary: string;
}
