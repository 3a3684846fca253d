import { describe, expect, it } from 'vitest';
import { AuthenticationFailedError, ProtocolError } from '../../../../src/errors.ts';
import { ScramExchange, scramLimits } from '../../../../src/libvirt/sasl/scram.ts';

const credentials = { user: 'user', password: 'pencil' };
const text = (octets: Uint8Array): string => Buffer.from(octets).toString();

/** Examples of RFC 5802, section 5, and RFC 7677, section 3. */
const examples = [
  {
    hash: 'sha1',
    nonce: 'fyko+d2lbbFgONRv9qkxdawL',
    serverFirst: 'r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096',
    clientFinal: 'c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=',
    serverFinal: 'v=rmF9pqV8S7suAoZWja4dJRkFsKQ=',
  },
  {
    hash: 'sha256',
    nonce: 'rOprNGfwEbeRWgbNEkqO',
    serverFirst: 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
    clientFinal:
      'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
    serverFinal: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
  },
];

describe.each(examples)('the example of the RFC for $hash', (example) => {
  it('is followed to its end', async () => {
    const exchange = new ScramExchange(example.hash, credentials, example.nonce);
    expect(text(exchange.first())).toBe(`n,,n=user,r=${example.nonce}`);
    expect(text(await exchange.answer(Buffer.from(example.serverFirst)))).toBe(example.clientFinal);
    expect(await exchange.answer(Buffer.from(example.serverFinal))).toEqual(new Uint8Array(0));
    expect(exchange.finish()).toBeUndefined();
  });

  it('does not trust a server that proves nothing, or the wrong thing', async () => {
    const exchange = new ScramExchange(example.hash, credentials, example.nonce);
    await exchange.answer(Buffer.from(example.serverFirst));
    expect(() => exchange.finish()).toThrow(AuthenticationFailedError);
    for (const wrong of ['v=', 'v=AAAA', example.serverFinal.replace(/=(.)/, '=A'), 'x=1']) {
      await expect(exchange.answer(Buffer.from(wrong))).rejects.toThrow('has not proved');
    }
    expect(() => exchange.finish()).toThrow('has not proved');
  });
});

describe('a server that is not in its right mind', () => {
  const begin = (): ScramExchange => new ScramExchange('sha256', credentials, 'abc');
  const answered = async (message: string): Promise<unknown> => await begin().answer(Buffer.from(message));

  it.each([
    ['is no list', 'hello'],
    ['is empty', ''],
    ['has another nonce', 'r=xyzdef,s=QSXC,i=4096'],
    ['adds nothing to the nonce', 'r=abc,s=QSXC,i=4096'],
    ['has a nonce that is too long', `r=abc${'d'.repeat(scramLimits.nonce)},s=QSXC,i=4096`],
    ['has a nonce with a control character', 'r=abcd\u0001,s=QSXC,i=4096'],
    ['has no salt', 'r=abcd,i=4096'],
    ['has a salt that is no base64', 'r=abcd,s=***,i=4096'],
    ['has a salt that is too long', `r=abcd,s=${'QSXC'.repeat(500)},i=4096`],
    ['wants an extension', 'm=ext,r=abcd,s=QSXC,i=4096'],
    ['is too long', `r=abcd,s=QSXC,i=4096,x=${'y'.repeat(scramLimits.message)}`],
  ])('is refused whose message %s', async (_what, message) => {
    await expect(answered(message)).rejects.toThrow(ProtocolError);
  });

  it.each(['0', '-1', '1', '4095', '1000001', '99999999999999999999', '4096.5', ''])(
    'is refused that wants %j iterations',
    async (count) => {
      await expect(answered(`r=abcd,s=QSXC,i=${count}`)).rejects.toThrow('iterations');
    },
  );

  it('may say that it refuses, in a word', async () => {
    const exchange = begin();
    await exchange.answer(Buffer.from('r=abcd,s=QSXC,i=4096'));
    await expect(exchange.answer(Buffer.from('e=invalid-proof\u001b'))).rejects.toThrow(
      'the daemon refuses: invalid-proof?',
    );
  });
});

it('names with commas and equals signs are escaped', () => {
  const exchange = new ScramExchange('sha256', { user: 'a=b,c', password: 'x' }, 'abc');
  expect(text(exchange.first())).toBe('n,,n=a=3Db=2Cc,r=abc');
});
