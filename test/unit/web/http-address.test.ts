import { expect, test } from 'vitest';
import { formatHttpAddress, isLocal, parseHttpAddress } from '../../../src/web/http-address.ts';

test.each([
  ['127.0.0.1:9177', true],
  ['127.1.2.3:1', true],
  ['localhost:9177', true],
  ['[::1]:9177', true],
  ['unix:/run/libvirt-agentx/http', true],
  ['0.0.0.0:9177', false],
  ['[::]:9177', false],
  ['192.0.2.7:65535', false],
  ['host.example.net:0', false],
  // Names decide for themselves what they point at.
  ['127.0.0.1.example.net:80', false],
  ['localhost.example.net:80', false],
  ['[::ffff:127.0.0.1]:80', false],
])('%s is an address', (text, local) => {
  const address = parseHttpAddress(text);
  expect(address && formatHttpAddress(address)).toBe(text);
  expect(address && isLocal(address)).toBe(local);
});

test('an empty text is none', () => expect(parseHttpAddress('')).toBeUndefined());

test.each([
  '9177',
  ':9177',
  '127.0.0.1',
  '127.0.0.1:',
  '127.0.0.1:65536',
  '::1:9177',
  '[127.0.0.1]:1',
  'unix:relative',
  `unix:/${'x'.repeat(107)}`,
  'http://127.0.0.1:1',
  'a b:1',
])('%s is refused', (text) => expect(() => parseHttpAddress(text)).toThrow(RangeError));
