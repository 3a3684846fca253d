import { z } from 'zod';
import type { LibvirtUri } from '../../libvirt/uri.ts';
import { type FreeTable, fileName, type Section, type ValuesOf } from '../setting.ts';
import { libvirtUri } from '../setting-kinds.ts';
import { collect } from './collect.ts';
import { intervals } from './intervals.ts';
import { libvirt } from './libvirt.ts';

/** The sections whose settings a hypervisor may have of its own. */
const ownSections = { libvirt, collect, intervals } as const;

type OwnSections = typeof ownSections;

/** What a hypervisor has of its own; what is not set is as for all. */
type Overrides = { readonly [Name in keyof OwnSections]: Partial<ValuesOf<OwnSections[Name]>> };

/** One of several hypervisors, as the file has it. */
export interface HypervisorEntry extends Overrides {
  /** SNMP context, label and name of the state directory. */
  readonly name: string;
  readonly uri: LibvirtUri;
  /** Whether it is served in the default context as well; undefined if the file does not say. */
  readonly default: boolean | undefined;
}

/** More of them in one process is a mistake. */
const maxHypervisors = 256;

/** An SNMP context name has at most 32 octets (RFC 3411 section 3.3.1); the rest is what suits a directory. */
const namePattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$/;
const nameRule = 'must be 1 to 32 letters, digits, "_", "." or "-", and begin with a letter or digit';

const noSecondUri = z
  .unknown()
  .superRefine((_value, context) =>
    context.addIssue({ code: 'custom', message: 'is the uri of the hypervisor itself: leave this one out' }),
  )
  .optional();

const entry = z.strictObject({
  name: z.string({ error: nameRule }).regex(namePattern, { error: nameRule }),
  uri: libvirtUri().schema,
  default: z.boolean({ error: 'must be true or false' }).optional(),
  libvirt: overrides(libvirt, 'libvirt'),
  collect: overrides(collect, 'collect'),
  intervals: overrides(intervals, 'intervals'),
});

const list = z
  .array(entry, { error: 'must be a list of tables: [[hypervisors]] with name and uri' })
  .max(maxHypervisors, { error: `must be at most ${maxHypervisors} hypervisors` })
  .transform((entries, context) => {
    const issue = (at: number, key: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [at, key], message });
    const names = new Map<string, number>();
    let chosen: string | undefined;
    for (const [at, { name, default: isDefault }] of entries.entries()) {
      // Directories of names that differ in case alone are one directory on some file systems.
      const known = names.get(name.toLowerCase());
      if (known !== undefined) {
        issue(at, 'name', `another hypervisor is called "${entries[known]?.name ?? name}" already`);
      }
      names.set(name.toLowerCase(), at);
      if (isDefault !== true) continue;
      if (chosen !== undefined) issue(at, 'default', `"${chosen}" is the default one already`);
      chosen = name;
    }
    // What the declarations say of each section is what its schema gives.
    return entries as unknown as readonly HypervisorEntry[];
  });

export const hypervisors: FreeTable<readonly HypervisorEntry[]> = {
  schema: list.prefault([]),
  help: 'Several connections to libvirt instead of libvirt.uri, each in an SNMP context of its own. The name is that of the context, of the label hypervisor in metrics and of the directory below state.directory; the first one, or the one with default = true, is in the default context as well. Each may have any setting of libvirt, collect and intervals for itself. See docs/hypervisors.md.',
  example: `[[hypervisors]]
name = "rack1-a"
uri = "qemu+tls://rack1-a.example.net/system"
[[hypervisors]]
name = "rack1-b"
uri = "qemu+tls://rack1-b.example.net/system"
collect.interval = 30
libvirt.call_timeout = 5`,
};

/** Whether a path of the file leads to a setting that a hypervisor has of its own: `hypervisors.0.collect.interval`. */
export function isOwnSetting(path: readonly string[]): boolean {
  const [table, , section = ''] = path;
  return table === 'hypervisors' && path.length >= 4 && Object.hasOwn(ownSections, section);
}

function overrides({ settings }: Section, section: string): z.ZodType {
  const names = Object.keys(settings);
  const fields = Object.entries(settings).map(([name, { kind }]) => {
    const schema = section === 'libvirt' && name === 'uri' ? noSecondUri : kind.schema.optional();
    return [fileName(name), schema] as const;
  });
  return z
    .strictObject(Object.fromEntries(fields), { error: `must be a table: ${section}.NAME = value` })
    .prefault({})
    .transform((values: Readonly<Record<string, unknown>>) =>
      Object.fromEntries(
        names.flatMap((name) => {
          const value = values[fileName(name)];
          return value === undefined ? [] : [[name, value] as const];
        }),
      ),
    );
}
