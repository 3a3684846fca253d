import { createHash, randomBytes } from 'node:crypto';
import { AuthenticationFailedError, advise, ProtocolError } from '../../errors.ts';
import { DigestMd5Layer, MAX_PACKET_OCTETS } from './digest-md5-layer.ts';
import type { Credentials, Exchange, ExchangeContext, Mechanism } from './mechanism.ts';
import { saslProblems } from './problems.ts';
import type { SecurityLayer } from './security-layer.ts';

/** Bounds of a challenge (RFC 2831, section 2.1.1). */
const limits = { challengeOctets: 2048, minPacketOctets: 256 } as const;

const CLIENT_NONCE_OCTETS = 24;

const SERVICE = 'libvirt';

/** The only cipher that libvirt takes (128 bits) and that Cyrus SASL still has where OpenSSL is version 3. */
const CIPHER = 'rc4';

/**
 * DIGEST-MD5 (RFC 2831). RFC 6331 calls it history, with reason; but of what has a security layer it is the only
 * mechanism with passwords, and without a layer libvirt's daemons refuse everybody over plain TCP.
 */
export const digestMd5: Mechanism = {
  name: 'DIGEST-MD5',
  tellsPassword: false,
  hasLayer: true,
  begin: (credentials, context) =>
    new DigestMd5Exchange(credentials, context, {
      clientNonce: randomBytes(CLIENT_NONCE_OCTETS).toString('base64'),
      digestUri: `${SERVICE}/${context.host}`,
    }),
};

/** One DIGEST-MD5 authentication. */
export class DigestMd5Exchange implements Exchange {
  readonly #credentials: Credentials;
  readonly #confidential: boolean;
  readonly #clientNonce: string;
  readonly #digestUri: string;
  #expected: string | undefined;
  #proved = false;
  #layer: SecurityLayer | undefined;

  constructor(
    credentials: Credentials,
    { confidential }: ExchangeContext,
    {
      clientNonce,
      digestUri,
    }: {
      readonly clientNonce: string;
      /** `service/host` */
      readonly digestUri: string;
    },
  ) {
    this.#credentials = credentials;
    this.#confidential = confidential;
    this.#clientNonce = clientNonce;
    this.#digestUri = digestUri;
  }

  first(): undefined {
    return undefined;
  }

  async answer(challenge: Uint8Array): Promise<Uint8Array> {
    if (challenge.length > limits.challengeOctets) {
      throw new ProtocolError(
        `DIGEST-MD5 challenge of ${challenge.length} octets, but at most ${limits.challengeOctets} are allowed`,
      );
    }
    const directives = readDirectives(Buffer.from(challenge).toString('utf8'));
    if (this.#expected === undefined) return this.#response(directives);
    if (directives.get('rspauth')?.[0] === this.#expected) this.#proved = true;
    return new Uint8Array(0);
  }

  finish(): SecurityLayer | undefined {
    if (this.#proved) return this.#layer;
    throw new AuthenticationFailedError(
      'the daemon has not proved that it knows the password: it may be somebody else',
      advise(saslProblems, 'sasl-unproved'),
    );
  }

  #response(directives: Directives): Uint8Array {
    const nonce = onlyOne(directives, 'nonce');
    const utf8 = directives.get('charset')?.[0]?.toLowerCase() === 'utf-8';
    const algorithm = onlyOne(directives, 'algorithm');
    if (algorithm.toLowerCase() !== 'md5-sess') {
      throw new ProtocolError('DIGEST-MD5: the algorithm of the challenge is not md5-sess');
    }
    const { user, password } = this.#credentials;
    const realm = this.#realmOf(directives.get('realm') ?? []);
    const qop = this.#qopOf(directives);
    const sessionKey = createHash('md5')
      .update(
        createHash('md5')
          .update(Buffer.concat([hashed(user, utf8), colon, hashed(realm ?? '', utf8), colon]))
          .update(hashed(password, utf8))
          .digest(),
      )
      .update(`:${nonce}:${this.#clientNonce}`)
      .digest();
    const proof = (verb: string): string =>
      md5Hex(
        `${sessionKey.toString('hex')}:${nonce}:00000001:${this.#clientNonce}:${qop}:` +
          md5Hex(`${verb}:${this.#digestUri}${qop === 'auth' ? '' : `:${'0'.repeat(32)}`}`),
      );
    this.#expected = proof('');
    if (qop === 'auth-conf') {
      this.#layer = new DigestMd5Layer({ sessionKey, peerMaxOctets: peerMaxOf(directives) });
    }
    return Buffer.from(
      [
        ...(utf8 ? ['charset=utf-8'] : []),
        `username=${quoted(user)}`,
        ...(realm === undefined ? [] : [`realm=${quoted(realm)}`]),
        `nonce=${quoted(nonce)}`,
        'nc=00000001',
        `cnonce=${quoted(this.#clientNonce)}`,
        `digest-uri=${quoted(this.#digestUri)}`,
        `response=${proof('AUTHENTICATE')}`,
        `qop=${qop}`,
        ...(qop === 'auth' ? [] : [`maxbuf=${MAX_PACKET_OCTETS}`, `cipher=${CIPHER}`]),
      ].join(','),
      utf8 ? 'utf8' : 'latin1',
    );
  }

  /** The one that was asked for, else the server's first. */
  #realmOf(offered: readonly string[]): string | undefined {
    return this.#credentials.realm ?? offered[0];
  }

  /** With encryption, unless it is not needed. */
  #qopOf(directives: Directives): 'auth' | 'auth-conf' {
    const words = (name: string): readonly string[] =>
      (directives.get(name)?.[0] ?? '')
        .toLowerCase()
        .split(',')
        .map((word) => word.trim());
    const qops = directives.has('qop') ? words('qop') : ['auth'];
    if (this.#confidential && qops.includes('auth')) return 'auth';
    if (qops.includes('auth-conf') && words('cipher').includes(CIPHER)) return 'auth-conf';
    throw new AuthenticationFailedError(
      'DIGEST-MD5: the server offers no encryption that is strong enough and known here',
      advise(saslProblems, 'sasl-weak-encryption'),
    );
  }
}

type Directives = ReadonlyMap<string, readonly string[]>;

/** `name=value,name="quoted value"` */
function readDirectives(text: string): Directives {
  const directives = new Map<string, string[]>();
  const pattern = /[\s,]*([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))\s*(?=,|$)/gy;
  while (pattern.lastIndex < text.length) {
    if (/^[\s,\0]*$/.test(text.slice(pattern.lastIndex))) break;
    const match = pattern.exec(text);
    if (match === null) throw new ProtocolError('DIGEST-MD5: the challenge is not a list of directives');
    const [, name = '', inQuotes, token = ''] = match;
    const value = inQuotes === undefined ? token : inQuotes.replace(/\\(.)/gs, '$1');
    const key = name.toLowerCase();
    directives.set(key, [...(directives.get(key) ?? []), value]);
  }
  return directives;
}

/** Where two are as bad as none. */
function onlyOne(directives: Directives, name: string): string {
  const [value, other] = directives.get(name) ?? [];
  if (value === undefined || other !== undefined) {
    throw new ProtocolError(`DIGEST-MD5: the challenge does not have one ${name}`);
  }
  return value;
}

function peerMaxOf(directives: Directives): number {
  const text = directives.get('maxbuf')?.[0] ?? String(MAX_PACKET_OCTETS);
  const octets = /^\d{1,8}$/.test(text) ? Number(text) : 0;
  if (octets < limits.minPacketOctets) {
    throw new ProtocolError(`DIGEST-MD5: packets of ${text.slice(0, 12)} octets are too small`);
  }
  return octets;
}

const colon = Buffer.from(':');

/** Texts whose characters all are in ISO 8859-1 are hashed as that, also where they are sent as UTF-8. */
function hashed(text: string, utf8: boolean): Buffer {
  const isLatin = Array.from(text).every((character) => (character.codePointAt(0) ?? 0) <= 0xff);
  return Buffer.from(text, utf8 && !isLatin ? 'utf8' : 'latin1');
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

function md5Hex(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
