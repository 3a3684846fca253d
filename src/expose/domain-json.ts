import type { ImageTree } from '../image/image-tree.ts';
import type { TableName } from '../mib/bind.ts';
import { tables } from '../mib/objects.gen.ts';
import type { JsonScalar } from '../mib/print.ts';
import type { ReadContext } from '../tree/tree.ts';
import { firstIndex } from './cells.ts';
import { type JsonRow, tablePage } from './table-json.ts';

/** Where the rows of a table are in the object of a domain. */
interface Member {
  readonly key: string;
  /** What the names of objects begin with, and those of the properties do not. */
  readonly stem: string;
  readonly isList: boolean;
}

/** In the order of the properties; lveDomTable has no key of its own, and definitions have a path of their own. */
const members: Readonly<Partial<Record<TableName, Member>>> = {
  lveDomTable: { key: '', stem: 'lveDom', isList: false },
  lveSpecTable: { key: 'spec', stem: 'lveSpec', isList: false },
  lveNovaTable: { key: 'nova', stem: 'lveNova', isList: false },
  lveLabelTable: { key: 'labels', stem: 'lveLabel', isList: true },
  lveDomCpuTable: { key: 'cpu', stem: 'lveDomCpu', isList: false },
  lveMemTable: { key: 'memory', stem: 'lveMem', isList: false },
  lveVcpuTable: { key: 'vcpus', stem: 'lveVcpu', isList: true },
  lveIothreadTable: { key: 'iothreads', stem: 'lveIothread', isList: true },
  lveDiskTable: { key: 'disks', stem: 'lveDisk', isList: true },
  lveDiskErrTable: { key: 'diskErrors', stem: 'lveDiskErr', isList: true },
  lveTuneTable: { key: 'ioLimits', stem: 'lveTune', isList: true },
  lveBlockJobTable: { key: 'blockJobs', stem: 'lveBlockJob', isList: true },
  lveNicTable: { key: 'nics', stem: 'lveNic', isList: true },
  lveGuestTable: { key: 'guest', stem: 'lveGuest', isList: false },
  lveFsTable: { key: 'fileSystems', stem: 'lveFs', isList: true },
  lveJobTable: { key: 'jobs', stem: 'lveJob', isList: true },
  lveJobStatTable: { key: 'jobStats', stem: 'lveJobStat', isList: true },
  lvePerfTable: { key: 'perf', stem: 'lvePerf', isList: true },
  lveStatTable: { key: 'stats', stem: 'lveStat', isList: true },
  vmTable: { key: 'vm', stem: 'vm', isList: false },
  vmCpuTable: { key: 'vmCpus', stem: 'vmCpu', isList: true },
  vmCpuAffinityTable: { key: 'vmAffinity', stem: 'vmCpu', isList: true },
  vmStorageTable: { key: 'vmStorage', stem: 'vmStorage', isList: true },
  vmNetworkTable: { key: 'vmNetwork', stem: 'vmNetwork', isList: true },
};

/** What a list of domains has of each: more is in the domain itself. */
const inLists: ReadonlySet<TableName> = new Set<TableName>(['lveDomTable', 'lveDomCpuTable', 'lveMemTable']);

const noLimit = 65_535;

export type JsonDomain = Readonly<Record<string, JsonScalar | JsonRow | readonly JsonRow[]>>;

/** A domain with what all tables have of it, by the names of the MIB without their stems. */
export function domainJson(tree: ImageTree, row: number, context: ReadContext): JsonDomain {
  return whole(tree, row, context, () => true);
}

/** Some domains in short, by index. */
export function domainList(
  tree: ImageTree,
  { after, limit }: { readonly after: number; readonly limit: number },
  context: ReadContext,
): { readonly domains: readonly JsonDomain[]; readonly next: number | undefined } {
  const count = tree.column('lveDomName')?.rows.length ?? 0;
  const end = Math.min(count, after + limit);
  const domains: JsonDomain[] = [];
  for (let row = after; row < end; row++) {
    domains.push(whole(tree, row, context, (table) => inLists.has(table)));
  }
  return { domains, next: end < count ? end : undefined };
}

function whole(
  tree: ImageTree,
  row: number,
  context: ReadContext,
  wants: (table: TableName) => boolean,
): JsonDomain {
  const names = tree.column('lveDomName');
  const domain = names === undefined ? 0 : firstIndex(names.rows, row);
  const result: Record<string, JsonDomain[string]> = {};
  for (const [name, member] of Object.entries(members)) {
    const table = name as TableName;
    if (!wants(table)) continue;
    const { rows } = tablePage(tree, table, { domain, limit: noLimit, after: 0 }, context);
    const [leading = ''] = tables[table].index;
    const short = rows.map((each) => shortened(each, member.stem, member.key === '' ? '' : leading));
    if (member.key === '') Object.assign(result, short[0]);
    else if (member.isList) result[member.key] = short;
    else if (short[0] !== undefined) result[member.key] = short[0];
  }
  return result;
}

/** `lveDiskReadLatency` is `readLatency`; the index of the domain is not repeated. */
function shortened(row: JsonRow, stem: string, leading: string): JsonRow {
  return Object.fromEntries(
    Object.entries(row)
      .filter(([name]) => name !== leading)
      .map(([name, value]) => [withoutStem(name, stem), value]),
  );
}

function withoutStem(name: string, stem: string): string {
  // Where neighbours have another stem, such as lveDomHaltPollFail among lveDomCpu…, what is common is left out.
  const rest = name.startsWith(stem) ? name.slice(stem.length) : name.replace(/^(lveDom|lve|vm)/, '');
  return rest.replace(/^[A-Z]+(?![a-z])|^[A-Z]/, (capitals) => capitals.toLowerCase());
}
