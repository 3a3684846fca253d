import { describe, expect, it } from 'vitest';
import { formatAgentxAddress, parseAgentxAddress } from '../../../src/agentx/address.ts';

describe('an address', () => {
  it.each([
    ['unix:/var/agentx/master', { kind: 'unix', path: '/var/agentx/master' }],
    ['/var/agentx/master', { kind: 'unix', path: '/var/agentx/master' }],
    [' /run/a b ', { kind: 'unix', path: '/run/a b' }],
    ['tcp:localhost:705', { kind: 'tcp', host: 'localhost', port: 705 }],
    ['192.0.2.1:1705', { kind: 'tcp', host: '192.0.2.1', port: 1705 }],
    ['tcp:snmp.example.net', { kind: 'tcp', host: 'snmp.example.net', port: 705 }],
    ['tcp:7050', { kind: 'tcp', host: '127.0.0.1', port: 7050 }],
    ['tcp6:[2001:db8::1]:706', { kind: 'tcp', host: '2001:db8::1', port: 706 }],
    ['[::1]', { kind: 'tcp', host: '::1', port: 705 }],
  ] as const)('%s', (text, address) => {
    expect(parseAgentxAddress(text)).toEqual(address);
    expect(parseAgentxAddress(formatAgentxAddress(address))).toEqual(address);
  });

  it.each([
    '',
    'unix:',
    'unix:relative',
    `/${'x'.repeat(107)}`,
    '/a\0b',
    'tcp:',
    'host:0',
    'host:65536',
    'host:port',
    '::1:705',
    '[nonsense]:705',
    'udp:host:705',
  ])('%s is refused, and named', (text) => {
    expect(() => parseAgentxAddress(text)).toThrow(RangeError);
    expect(() => parseAgentxAddress(text)).toThrow(`'${text}'`);
  });
});
