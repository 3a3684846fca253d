import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { snmpttConf } from '../../tools/snmptt-conf.ts';
import { repositoryPath } from '../lab/mib-path.ts';

it("the EVENT definitions for snmptt are those of the modules (else run 'npx tsx tools/write-snmptt-conf.ts')", () => {
  expect(readFileSync(`${repositoryPath}/contrib/snmptt/libvirt-agentx.conf`, 'utf8')).toBe(snmpttConf());
});
