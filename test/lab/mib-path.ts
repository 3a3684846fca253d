import { repositoryPath } from '../../tools/repository-path.ts';

export { repositoryPath } from '../../tools/repository-path.ts';

/**
 * For `-M`: our stand-ins for what Debian does not bring and our modules, with the minus that puts them in front of the
 * system's directories. Of two files with the same module net-snmp takes the last: full modules win over stand-ins.
 */
export const mibDirectories = `-${repositoryPath}/mibs/imports:${repositoryPath}/mibs`;

/** For `-m`. */
export const mibModules = 'VM-MIB:LIBVIRT-EXT-MIB';
