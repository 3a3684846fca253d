import { expect, test } from 'vitest';
import { snmpTarget } from '../../../src/check/snmp-options.ts';
import { DaemonError } from '../../../src/errors.ts';

test('asks nobody without --snmp', () => {
  expect(snmpTarget({})).toBeUndefined();
  expect(snmpTarget({ community: 'public' })).toBeUndefined();
});

test.each([
  ['127.0.0.1', '127.0.0.1', 161],
  ['127.0.0.1:1161', '127.0.0.1', 1161],
  ['host.example:1161', 'host.example', 1161],
  ['udp:127.0.0.1:1161', '127.0.0.1', 1161],
  ['::1', '::1', 161],
  ['[::1]:1161', '::1', 1161],
  ['udp6:[::1]:1161', '::1', 1161],
])('reads the address %s', (text, host, port) => {
  expect(snmpTarget({ snmp: text })).toEqual({
    host,
    port,
    access: { kind: 'community', community: 'public' },
  });
});

test('takes the protocols of SNMPv3 by the names of net-snmp, with SHA-256 and AES as the usual ones', () => {
  const options = { snmp: 'h', v3User: 'u', v3Auth: 'authentication', v3Priv: 'confidential' };
  const passphrase = 'authentication';
  expect(snmpTarget(options)?.access).toEqual({
    kind: 'user',
    user: {
      name: 'u',
      auth: { protocol: 'sha256', passphrase },
      priv: { protocol: 'aes', passphrase: 'confidential' },
    },
  });
  const named = { ...options, v3Auth: 'sha-512:pass:with:colons', v3Priv: 'DES:confidential' };
  expect(snmpTarget(named)?.access).toMatchObject({
    user: { auth: { protocol: 'sha512', passphrase: 'pass:with:colons' }, priv: { protocol: 'des' } },
  });
});

test('takes a colon in a passphrase for no protocol unless one stands before it', () => {
  expect(snmpTarget({ snmp: 'h', v3User: 'u', v3Auth: 'my:passphrase' })?.access).toMatchObject({
    user: { auth: { protocol: 'sha256', passphrase: 'my:passphrase' }, priv: undefined },
  });
});

test.each([
  [{ v3User: 'u' }, '--snmp'],
  [{ snmp: 'h', v3Auth: 'authentication' }, '--v3-user'],
  [{ snmp: 'h', v3User: 'u', v3Priv: 'confidential' }, '--v3-auth'],
  [{ snmp: 'h', v3User: 'u', v3Auth: 'short' }, '8 characters'],
  [{ snmp: 'h:0' }, '127.0.0.1:161'],
  [{ snmp: 'h:99999' }, '127.0.0.1:161'],
  [{ snmp: 'a b:c:d' }, '127.0.0.1:161'],
])('refuses %j and says what is missing', (options, hint) => {
  const failing = (): unknown => snmpTarget(options);
  expect(failing).toThrow(DaemonError);
  expect(failing).toThrow(hint);
});

test('never repeats a passphrase in a message', () => {
  expect(() => snmpTarget({ snmp: 'h', v3User: 'u', v3Auth: 'secret' })).toThrow(/^((?!secret).)*$/);
});
