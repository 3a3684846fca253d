import type { Series } from '../families/family.ts';
import { shownOffsetMs } from '../families/reading.ts';
import type { ImageTree } from '../image/image-tree.ts';
import type { ObjectName, TableName } from '../mib/bind.ts';
import { scalarGroups } from '../mib/objects.gen.ts';
import type { RowSet } from '../tree/tree.ts';
import { firstIndex } from './cells.ts';
import { isOfDomains } from './table-json.ts';

/** When the counter of a row began, in milliseconds since 1970; undefined if that is not known. */
export type StartReader = (row: number) => number | undefined;

/** A counter in a row of a domain that goes on when the domain is started anew. */
const ofTheAgent: ObjectName = 'lveDomStateChanges';

const ofTheHost: ReadonlySet<string> = new Set(scalarGroups.lveHost.scalars);

/** Tables of devices of domains, and the column that tells of discontinuities of one device alone. */
const deviceDiscontinuity: Partial<Readonly<Record<TableName, ObjectName>>> = {
  vmStorageTable: 'lveDiskDiscontinuityTime',
  lveDiskTable: 'lveDiskDiscontinuityTime',
  lveNicTable: 'lveNicDiscontinuityTime',
};

/**
 * Since when counters count, by what the MIB says of discontinuities: those of a domain since it was started or since
 * lveDomDiscontinuityTime, those of a disk or an interface since its own as well, those of the host since it was booted
 * if that is known, and all others since the agent was started.
 */
export class CounterStarts {
  readonly #tree: ImageTree;

  constructor(tree: ImageTree) {
    this.#tree = tree;
  }

  /** Of the rows of a series in the current image, as long as that is current. */
  of({ object = ofTheAgent, table }: Pick<Series, 'object' | 'table'>): StartReader {
    if (table !== undefined && object !== ofTheAgent && isOfDomains(table))
      return this.#ofDomains(object, table);
    const agentStart = this.#momentOf('lveAgentUpTime');
    if (table !== 'lveHostCpuTable' && !ofTheHost.has(object)) return () => agentStart;
    const boot = this.#momentOf('vmHvUpTime');
    return () => boot;
  }

  #ofDomains(object: ObjectName, table: TableName): StartReader {
    const rows = this.#tree.column(object)?.rows;
    if (rows === undefined) return () => undefined;
    const started = this.#moments('lveDomUptime', firstIndex);
    const interrupted = this.#moments('lveDomDiscontinuityTime', firstIndex);
    const replaced = this.#moments(deviceDiscontinuity[table] ?? '', deviceIndex);
    return (row) => {
      const domain = firstIndex(rows, row);
      const own = replaced.size === 0 ? undefined : replaced.get(deviceIndex(rows, row));
      const all = [started.get(domain), interrupted.get(domain), own].filter((at) => at !== undefined);
      return all.length === 0 ? undefined : Math.max(...all);
    };
  }

  #momentOf(scalar: string): number | undefined {
    return this.#moments(scalar, () => 0).get(0);
  }

  /** The moments in a column by what the index of their rows says; without those that say "before all" or "never". */
  #moments(name: string, keyOf: (rows: RowSet, row: number) => number): ReadonlyMap<number, number> {
    const moments = new Map<number, number>();
    const column = this.#tree.column(name);
    if (column === undefined) return moments;
    const { rows, cells } = column;
    const offsetMs = shownOffsetMs();
    for (let row = 0; row < rows.length; row++) {
      const ms = cells[row] ?? Number.NaN;
      if (ms > 0 && ms < Number.POSITIVE_INFINITY) moments.set(keyOf(rows, row), ms + offsetMs);
    }
    return moments;
  }
}

/** The first two numbers of an index as one: a domain has fewer than a million devices. */
function deviceIndex(rows: RowSet, row: number): number {
  const at = rows.offsets[row] ?? 0;
  return (rows.subIds[at] ?? 0) * 1e6 + (rows.subIds[at + 1] ?? 0);
}
