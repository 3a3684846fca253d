import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mibsDirectory, renderMib } from '../mib/mib-text.ts';
import { exitCodes } from './exit-codes.ts';
import { rootOf } from './root-option.ts';

/** Prints a MIB module, LIBVIRT-EXT-MIB under the given root. */
export async function mib(options: Readonly<Record<string, unknown>>): Promise<number> {
  const root = options['root'];
  const module = options['module'] ?? 'LIBVIRT-EXT-MIB';
  if (options['dir'] === true) {
    process.stdout.write(`${mibsDirectory}\n`);
  } else if (module === 'VM-MIB') {
    process.stdout.write(await readFile(join(mibsDirectory, 'VM-MIB'), 'utf8'));
  } else {
    process.stdout.write(renderMib(typeof root === 'string' ? { root: rootOf(root) } : {}));
  }
  return exitCodes.ok;
}
