import { DaemonError } from '../errors.ts';
import { parseOid } from '../tree/oid.ts';

/** The OID that an option --root names. */
export function rootOf(text: string): readonly number[] {
  try {
    return parseOid(text);
  } catch (error) {
    throw new DaemonError('USAGE', `--root ${text}: expected an OID such as 1.3.6.1.4.1.99999.1`, {
      cause: error,
    });
  }
}
