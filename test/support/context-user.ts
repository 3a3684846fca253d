import type { SnmpRequestOptions } from '../lab/snmp-client.ts';

/** A user of SNMPv3 who may read every context. */
export const contextUser = {
  name: 'monitor',
  authProtocol: 'SHA',
  authPassword: 'authentication',
  privacyProtocol: 'AES',
  privacyPassword: 'encryption',
} as const;

/** That user in snmpd.conf, as docs/hypervisors.md has it. */
export const contextUserConfig = `
view all included .1
createUser monitor SHA "authentication" AES "encryption"
rouser monitor priv -V all *
`;

/** Asks as that user. */
export const inContext = (contextName: string): SnmpRequestOptions => ({
  user: contextUser,
  contextName,
  timeoutSec: 2,
  retries: 3,
});
