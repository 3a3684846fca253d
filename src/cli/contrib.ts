import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nearestName } from '../config/suggest.ts';
import { DaemonError } from '../errors.ts';
import { modules } from '../mib/objects.gen.ts';
import { formatOid, type Oid } from '../tree/oid.ts';
import { exitCodes } from './exit-codes.ts';
import { configFrom } from './options.ts';
import { rootOf } from './root-option.ts';

/** Where the shipped files are: contrib/, and beside it the example for snmpd. */
const packageDirectory = fileURLToPath(new URL('../..', import.meta.url));
const contribDirectory = join(packageDirectory, 'contrib');

/** Files beside contrib/, by the names they are listed with. */
const beside: Readonly<Record<string, string>> = { 'snmpd.conf': 'snmpd.conf.example' };

/** Prints the names of the files for other programs, or one of them with the root in use. */
export async function contrib(options: Readonly<Record<string, unknown>>): Promise<number> {
  const files = await listFiles();
  const { name, root } = options;
  if (typeof name !== 'string') {
    process.stdout.write(`${[...files.keys()].join('\n')}\n`);
    return exitCodes.ok;
  }
  const path = find(files, name);
  const wanted = typeof root === 'string' ? rootOf(root) : (await configFrom(options)).config.mib.root;
  process.stdout.write(withRoot(await readFile(path, 'utf8'), wanted));
  return exitCodes.ok;
}

/** Paths by name, such as icinga2/libvirt.conf, in alphabetical order. */
async function listFiles(): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(contribDirectory, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  const named: [string, string][] = [
    ...paths.map((path): [string, string] => [relative(contribDirectory, path), path]),
    ...Object.entries(beside).map(([name, file]): [string, string] => [name, join(packageDirectory, file)]),
  ];
  return new Map(named.sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** By its whole name, or by an end of it that no other has. */
function find(files: ReadonlyMap<string, string>, name: string): string {
  const whole = files.get(name);
  if (whole !== undefined) return whole;
  const ends = [...files].filter(([known]) => known.endsWith(`/${name}`));
  const [only] = ends;
  if (only !== undefined && ends.length === 1) return only[1];
  const names = [...files.keys()];
  const nearest = ends.length > 1 ? ends.map(([known]) => known).join(' or ') : nearestName(name, names);
  throw new DaemonError(
    'USAGE',
    `"${name}" is no file of contrib; ${
      nearest === undefined ? '`libvirt-agentx contrib` lists them' : `did you mean ${nearest}?`
    }`,
  );
}

/** The text with another root wherever the distributed one stands, as an OID or in a regular expression. */
export function withRoot(text: string, root: Oid): string {
  const from = formatOid(modules['LIBVIRT-EXT-MIB'].root);
  const to = formatOid(root);
  return text
    .replaceAll(from, to)
    .replaceAll(from.replaceAll('.', '\\.'), to.replaceAll('.', '\\.'))
    .replaceAll(ending(from), ending(to));
}

/** The last four numbers, as in patterns for OIDs that begin with `.1.3` or with `iso.3`. */
function ending(oid: string): string {
  return oid.split('.').slice(-4).join('[.]');
}
