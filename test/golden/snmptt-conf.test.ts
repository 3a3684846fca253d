import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { repositoryPath } from '../lab/mib-path.ts';
import { snmpttConf } from '../support/snmptt-conf.ts';

it("the EVENT definitions for snmptt are those of the modules (else run 'npx tsx test/tools/write-snmptt-conf.ts')", () => {
  expect(readFileSync(`${repositoryPath}/contrib/snmptt/libvirt-agentx.conf`, 'utf8')).toBe(snmpttConf());
});
