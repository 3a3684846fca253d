import type { Count } from '../../model/scalar-types.ts';
import type { Stat } from '../../model/stat.ts';
import type { Figures } from './figures.ts';

/** Where the figures of a numbered thing begin, counted from where the reading begins. */
export interface Entry {
  readonly number: number;
  readonly at: number;
}

/** What a reading consists of; shared by all readings whose parameters had the same names. */
export interface SampleLayout {
  /** Slots in all. */
  readonly size: number;
  /** Whether the hypervisor process itself was asked: false where NOWAIT found the domain busy. */
  readonly complete: boolean;
  /** In the order of the parameters. libvirt's numbers may have gaps. */
  readonly vcpus: readonly Entry[];
  readonly blocks: readonly Entry[];
  readonly nets: readonly Entry[];
  readonly iothreads: readonly Entry[];
  /** What to compare with the reading before: all that needs the monitor, and the interfaces. */
  readonly course: Course;
  readonly netCourse: Course;
}

/** Slots of a reading, counted from where it begins, that tell whether it goes on from the reading before. */
export interface Course {
  /** Of the names of things: with the same names it is of the same things. */
  readonly names: readonly number[];
  /** Of what never falls. */
  readonly counters: readonly number[];
}

export interface PerfSample {
  /** cache_misses */
  readonly name: string;
  readonly value: Count;
}

/** What a reading is made of. */
export interface SampleParts {
  readonly figures: Figures;
  /** The slot its figures begin at. */
  readonly base: number;
  readonly layout: SampleLayout;
  readonly perf: readonly PerfSample[];
  readonly others: readonly Stat[];
}
