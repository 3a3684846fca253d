import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The root directory of the repository. */
export const repositoryPath = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '');

/** For `-M`: our modules, our stand-ins for what Debian does not bring, then the system's. */
export const mibDirectories = [
  `${repositoryPath}/mibs`,
  `${repositoryPath}/mibs/imports`,
  '/usr/share/snmp/mibs',
]
  .filter((path) => existsSync(path))
  .join(':');

/** For `-m`. */
export const mibModules = 'VM-MIB:LIBVIRT-EXT-MIB';
