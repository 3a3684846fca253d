import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DaemonError } from '../errors.ts';
import { mibsDirectory, renderMib } from '../mib/mib-text.ts';
import { parseOid } from '../tree/oid.ts';
import { exitCodes } from './exit-codes.ts';

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

function rootOf(text: string): readonly number[] {
  try {
    return parseOid(text);
  } catch (error) {
    throw new DaemonError('USAGE', `--root ${text}: expected an OID such as 1.3.6.1.4.1.99999.1`, {
      cause: error,
    });
  }
}
