import { type DiskFacts, diskRow } from '../../model/disk.ts';
import { type CpuSettings, cpuRow, memoryRow, stateFigures } from '../../model/domain-figures.ts';
import { iothreadRow } from '../../model/iothread.ts';
import { type NicFacts, nicRow } from '../../model/nic.ts';
import { vcpuRow } from '../../model/vcpu.ts';
import { type Field, Fields } from './fields.ts';

/** Things of a domain that are numbered, as libvirt's parameters call them. */
export type EntryFamily = 'vcpu' | 'block' | 'net' | 'iothread';

/** How a parameter is stored: in a field, as a performance event, not at all, or by name in lveStatTable. */
export type FieldRule =
  | { readonly to: 'domain'; readonly field: Field }
  | { readonly to: EntryFamily; readonly number: number; readonly field: Field }
  | { readonly to: 'perf'; readonly name: string }
  | { readonly to: 'nothing' }
  | { readonly to: 'others' };

// What a row has besides its figures does not matter here.
const noFacts = {} as unknown;
const noSettings = noFacts as CpuSettings;

/** The figures of a domain itself: what lies where is the order of these rows. */
export const domainFields = new Fields(
  stateFigures,
  (read) => cpuRow(read, noSettings),
  (read) => memoryRow(read, 1),
);

/** Where in the figures of a domain those of its rows begin. */
export const domainRows = {
  state: domainFields.firstSlot(0),
  cpu: domainFields.firstSlot(1),
  memory: domainFields.firstSlot(2),
} as const;

/** The figures of each numbered thing. Those that name it come first; no row of the model has them. */
export const entryFields = {
  vcpu: new Fields((read) => vcpuRow(read, 0, undefined, undefined)),
  block: new Fields(
    (read) => [read.text('name'), read.text('path'), read.small('backingIndex')],
    (read) => diskRow(read, noFacts as DiskFacts),
  ),
  net: new Fields(
    (read) => read.text('name'),
    (read) => nicRow(read, noFacts as NicFacts, { ifIndex: 0, parentIfIndex: 0 }, undefined, undefined),
  ),
  iothread: new Fields((read) => iothreadRow(read, 0, undefined)),
} as const satisfies Readonly<Record<EntryFamily, Fields>>;

/** Where in the figures of a disk and an interface those of its row begin. */
export const entryRows = {
  vcpu: 0,
  block: entryFields.block.firstSlot(1),
  net: entryFields.net.firstSlot(1),
  iothread: 0,
} as const satisfies Readonly<Record<EntryFamily, number>>;

/** Every selector that a figure has. */
export const figureSelectors: ReadonlySet<string> = new Set(
  [domainFields, ...Object.values(entryFields)].flatMap(({ all }) =>
    all.flatMap(({ traits }) => traits.selectors ?? []),
  ),
);

/** Parameters that say nothing beyond what the entries themselves say. */
const ignoredNames = new Set(['net.count', 'block.count', 'iothread.count']);

/** Highest number of a vCPU, disk, interface or IOThread that gets fields; beyond, the name tells. */
const maxEntryNumber = 4095;

const numberedName = /^(vcpu|block|net|iothread)\.(\d{1,4})\.(.+)$/;

/** The rule for a parameter name. Callers keep the result: this function is not for hot paths. */
export function fieldRule(name: string): FieldRule {
  if (ignoredNames.has(name)) return { to: 'nothing' };
  const direct = domainFields.of(name);
  if (direct !== undefined) return { to: 'domain', field: direct };
  if (name.startsWith('perf.')) return { to: 'perf', name: name.slice('perf.'.length) };
  const [, family, digits, rest] = numberedName.exec(name) ?? [];
  const number = Number(digits);
  if (rest === undefined || number > maxEntryNumber) return { to: 'others' };
  const to = family as EntryFamily;
  const field = entryFields[to].of(rest);
  return field === undefined ? { to: 'others' } : { to, number, field };
}
