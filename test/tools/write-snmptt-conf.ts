import { writeFileSync } from 'node:fs';
import { repositoryPath } from '../lab/mib-path.ts';
import { snmpttConf } from '../support/snmptt-conf.ts';

/** Writes contrib/snmptt/libvirt-agentx.conf from the MIB modules. */
writeFileSync(`${repositoryPath}/contrib/snmptt/libvirt-agentx.conf`, snmpttConf());
