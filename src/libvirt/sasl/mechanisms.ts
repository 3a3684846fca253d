import { digestMd5 } from './digest-md5.ts';
import type { Mechanism } from './mechanism.ts';
import type { MechanismName } from './mechanism-names.ts';
import { plain } from './plain.ts';
import { scram } from './scram.ts';

/** Mechanisms by name. */
export const mechanisms: Readonly<Record<MechanismName, Mechanism>> = {
  'SCRAM-SHA-512': scram('SCRAM-SHA-512', 'sha512'),
  'SCRAM-SHA-256': scram('SCRAM-SHA-256', 'sha256'),
  'SCRAM-SHA-1': scram('SCRAM-SHA-1', 'sha1'),
  'DIGEST-MD5': digestMd5,
  PLAIN: plain,
};
