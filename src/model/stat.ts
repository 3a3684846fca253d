import type { paramTypeNames } from '../libvirt-enums/typed-param.ts';
import type { Count } from './scalar-types.ts';

/** A typed parameter by name (lveStatTable, lveJobStatTable). */
export interface Stat {
  readonly name: string;
  readonly type: (typeof paramTypeNames)[number];
  /** Non-negative integers and booleans (1 is true) only. */
  readonly value: Count | undefined;
  /** Non-negative doubles only: in thousandths, rounded. */
  readonly milli?: Count | undefined;
  readonly text: string;
}

/** One enabled performance event (lvePerfTable). */
export interface PerfEvent {
  /** LvePerfEventId: 1-22 fixed, 1000 and more assigned by the agent. */
  readonly event: number;
  readonly name: string;
  /** For events that count. */
  readonly value: Count | undefined;
  /** For cmt (bytes), mbmt and mbml (bytes per second). */
  readonly gauge: Count | undefined;
}
