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

/** One scalar or column of the MIB modules. */
export interface ObjectDefinition {
  readonly module: 'LIBVIRT-EXT-MIB' | 'VM-MIB';
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

/** One notification of the MIB modules. */
export interface NotificationDefinition {
  readonly module: ObjectDefinition['module'];
  /** Relative to the root of the module. */
  readonly oid: readonly number[];
  /** Its OBJECTS clause. */
  readonly objects: readonly string[];
  readonly summary: string;
}
