import { writeFileSync } from 'node:fs';
import { repositoryPath } from './repository-path.ts';
import { snmpttConf } from './snmptt-conf.ts';

/** Writes contrib/snmptt/libvirt-agentx.conf from the MIB modules. */
writeFileSync(`${repositoryPath}/contrib/snmptt/libvirt-agentx.conf`, snmpttConf());
