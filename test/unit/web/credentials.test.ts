import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  CredentialChecker,
  newToken,
  parseTokens,
  parseUsers,
  userLine,
} from '../../../src/web/credentials.ts';

describe('users', () => {
  test('are known by the line that was made for them', async () => {
    const users = parseUsers(`# people\n\n${await userLine('änne', 'öffne dich: 7')}\n`);
    const checker = new CredentialChecker();
    expect(await checker.isUser(users, 'änne', 'öffne dich: 7')).toBe(true);
    expect(await checker.isUser(users, 'änne', 'öffne dich')).toBe(false);
    expect(await checker.isUser(users, 'anne', 'öffne dich: 7')).toBe(false);
    // The second time is remembered, but only for the same hash.
    expect(await checker.isUser(users, 'änne', 'öffne dich: 7')).toBe(true);
    const others = parseUsers(await userLine('änne', 'another'));
    expect(await checker.isUser(others, 'änne', 'öffne dich: 7')).toBe(false);
  });

  test('can be had from another program: RFC 7914 section 12, the third vector', async () => {
    const key =
      '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887';
    const phc = `$scrypt$ln=14,r=8,p=1$${base64('SodiumChloride')}$${Buffer.from(key, 'hex').toString('base64').replace(/=+$/, '')}`;
    const users = parseUsers(`rfc:${phc}`);
    expect(await new CredentialChecker().isUser(users, 'rfc', 'pleaseletmein')).toBe(true);
  });

  test('wait while many passwords are being checked', async () => {
    const users = parseUsers(await userLine('a', 'right'));
    const checker = new CredentialChecker();
    const verdicts = await Promise.all(
      Array.from({ length: 20 }, (_, at) => checker.isUser(users, 'a', `wrong ${at}`)),
    );
    expect(new Set(verdicts)).toEqual(new Set([false, undefined]));
  });

  test.each([
    'no colon',
    'a:plain',
    'a:$2y$05$abc',
    'a:$scrypt$ln=40,r=8,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaGg',
  ])('are refused without telling the line: %s', (line) => {
    expect(() => parseUsers(`# first\n${line}`)).toThrow(/line 2/);
    try {
      parseUsers(line);
    } catch (error) {
      expect(String(error)).not.toContain(line.split(':')[1] ?? line);
    }
  });
});

describe('tokens', () => {
  test('are known by the line that was made for them', () => {
    const { token, line } = newToken('prometheus');
    const tokens = parseTokens(`${line}\nother:${createHash('sha256').update('x').digest('hex')}`);
    const checker = new CredentialChecker();
    expect(checker.isToken(tokens, token)).toBe(true);
    expect(checker.isToken(tokens, 'x')).toBe(true);
    expect(checker.isToken(tokens, `${token} `)).toBe(false);
    expect(line).not.toContain(token);
  });

  test('are refused where they are no hashes', () => {
    expect(() => parseTokens('a:secret')).toThrow(/line 1/);
  });
});

function base64(text: string): string {
  return Buffer.from(text).toString('base64').replace(/=+$/, '');
}
