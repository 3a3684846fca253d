import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../../../../src/errors.ts';
import { DigestMd5Exchange } from '../../../../src/libvirt/sasl/digest-md5.ts';
import { DigestMd5Layer } from '../../../../src/libvirt/sasl/digest-md5-layer.ts';
import { Rc4 } from '../../../../src/libvirt/sasl/rc4.ts';

/** The example of RFC 2831, section 4. */
const credentials = { user: 'chris', password: 'secret' };
const challenge =
  'realm="elwood.innosoft.com",nonce="OA6MG9tEQGm2hh",qop="auth",algorithm=md5-sess,charset=utf-8';

function begin(confidential = true): DigestMd5Exchange {
  return new DigestMd5Exchange(
    credentials,
    { host: 'elwood.innosoft.com', confidential },
    { clientNonce: 'OA6MHXh6VqTrRk', digestUri: 'imap/elwood.innosoft.com' },
  );
}

async function answered(text: string, confidential = true): Promise<string> {
  return Buffer.from(await begin(confidential).answer(Buffer.from(text))).toString();
}

describe('the example of the RFC', () => {
  it('is followed to its end', async () => {
    const exchange = begin();
    expect(exchange.first()).toBeUndefined();
    const response = Buffer.from(await exchange.answer(Buffer.from(challenge))).toString();
    expect(response.split(',')).toEqual([
      'charset=utf-8',
      'username="chris"',
      'realm="elwood.innosoft.com"',
      'nonce="OA6MG9tEQGm2hh"',
      'nc=00000001',
      'cnonce="OA6MHXh6VqTrRk"',
      'digest-uri="imap/elwood.innosoft.com"',
      'response=d388dad90d4bbd760a152321f2143af7',
      'qop=auth',
    ]);
    await exchange.answer(Buffer.from('rspauth=ea40f60335c427b5527b84dbabcdfffd'));
    expect(exchange.finish()).toBeUndefined();
  });

  it('ends otherwise if the server does not prove that it knows the password', async () => {
    const exchange = begin();
    await exchange.answer(Buffer.from(challenge));
    expect(() => exchange.finish()).toThrow('has not proved');
    await exchange.answer(Buffer.from('rspauth=ea40f60335c427b5527b84dbabcdfff0'));
    expect(() => exchange.finish()).toThrow('has not proved');
  });
});

describe('the challenge', () => {
  it('may offer ciphers, of which RC4 is taken where others can listen', async () => {
    const ciphers = `${challenge.replace('"auth"', '"auth,auth-int,auth-conf"')},cipher="des,3des,rc4",maxbuf=4096`;
    const response = await answered(ciphers, false);
    expect(response).toContain(',qop=auth-conf,maxbuf=65536,cipher=rc4');
    expect(await answered(ciphers, true)).toMatch(/,qop=auth$/);
  });

  it.each([
    ['no encryption', challenge],
    ['a weak cipher only', `${challenge.replace('"auth"', '"auth-conf"')},cipher="des,rc4-40"`],
  ])('is refused that offers %s where others can listen', async (_what, text) => {
    await expect(answered(text, false)).rejects.toThrow('no encryption that is strong enough');
  });

  it.each([
    ['is no list', 'hello there'],
    ['has an open quotation', `${challenge},x="y`],
    ['has no nonce', challenge.replace('nonce', 'nonsense')],
    ['has two nonces', `${challenge},nonce="x"`],
    ['has another algorithm', challenge.replace('md5-sess', 'md5')],
    ['is too long', `${challenge},x=${'y'.repeat(2048)}`],
  ])('is refused that %s', async (_what, text) => {
    await expect(answered(text)).rejects.toThrow(ProtocolError);
  });

  it('takes the realm that was asked for, and spells what is in quotation marks', async () => {
    const exchange = new DigestMd5Exchange(
      { user: 'a"b\\c', password: 'x', realm: 'there' },
      { host: 'h', confidential: true },
      { clientNonce: 'n', digestUri: 'libvirt/h' },
    );
    const response = Buffer.from(await exchange.answer(Buffer.from(challenge))).toString();
    expect(response).toContain('username="a\\"b\\\\c",realm="there",');
  });
});

describe('RC4', () => {
  /** RFC 6229, section 2: the first 16 octets of the key streams. */
  it.each([
    ['0102030405', 'b2396305f03dc027ccc3524a0a1118a8'],
    ['0102030405060708090a0b0c0d0e0f10', '9ac7cc9a609d1ef7b2932899cde41b97'],
  ])('has the key stream of %s', (key, stream) => {
    const cipher = new Rc4(Buffer.from(key, 'hex'));
    const zeros = new Uint8Array(8);
    expect(Buffer.concat([cipher.update(zeros), cipher.update(zeros)]).toString('hex')).toBe(stream);
  });
});

describe('the layer', () => {
  const sessionKey = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
  const pair = (peerMaxOctets = 65_536) => ({
    client: new DigestMd5Layer({ sessionKey, peerMaxOctets }),
    server: new DigestMd5Layer({ sessionKey, peerMaxOctets, side: 'server' }),
  });
  const opened = (layer: DigestMd5Layer, octets: Uint8Array): Buffer => {
    const parts: Buffer[] = [];
    layer.open(octets, (part) => parts.push(Buffer.from(part)));
    return Buffer.concat(parts);
  };

  it('gives back what was sealed, in both directions, however it is cut on its way', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 5 }),
        fc.integer({ min: 1, max: 700 }),
        fc.integer({ min: 256, max: 2000 }),
        (messages, step, max) => {
          const { client, server } = pair(max);
          for (const [from, to] of [
            [client, server],
            [server, client],
          ] as const) {
            const wire = Buffer.concat(messages.map((message) => from.seal(message)));
            const received: Buffer[] = [];
            for (let at = 0; at < wire.length; at += step) {
              received.push(opened(to, wire.subarray(at, at + step)));
            }
            expect(Buffer.concat(received)).toEqual(Buffer.concat(messages));
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  it('refuses what was changed, repeated or left out', () => {
    const message = Buffer.from('a message');
    for (let at = 4; at < pair().server.seal(message).length; at++) {
      const { client, server } = pair();
      const wire = Buffer.from(server.seal(message));
      wire[at] = (wire[at] ?? 0) ^ 1;
      expect(() => opened(client, wire)).toThrow(ProtocolError);
    }
    const { client, server } = pair();
    const [first, second] = [server.seal(message), server.seal(message)];
    expect(() => opened(pair().client, second)).toThrow('out of order');
    expect(opened(client, first)).toEqual(message);
    expect(() => opened(client, first)).toThrow('out of order');
  });

  it('refuses packets of lengths that cannot be', () => {
    for (const length of [0, 15, 65_537, 0xffff_ffff]) {
      const packet = Buffer.alloc(64);
      packet.writeUInt32BE(length);
      expect(() => opened(pair().client, packet)).toThrow(ProtocolError);
    }
  });
});
