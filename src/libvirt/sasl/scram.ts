import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { AuthenticationFailedError, advise, ProtocolError } from '../../errors.ts';
import type { Credentials, Exchange, Mechanism } from './mechanism.ts';
import { saslProblems } from './problems.ts';

/** Bounds of what a server may ask for, in octets or as a count. */
export const scramLimits = {
  message: 4096,
  nonce: 1024,
  salt: 1024,
  /** RFC 7677, section 4: fewer make it easy to guess the password from what was overheard. */
  minIterations: 4096,
  /** Half a second of a processor or so. A server that asks for more keeps its clients busy. */
  maxIterations: 1_000_000,
} as const;

/** No channel binding: libvirt's daemons offer none. */
const GS2_HEADER = 'n,,';

const CLIENT_NONCE_OCTETS = 24;

const derive = promisify(pbkdf2);

/**
 * SCRAM (RFC 5802) with a hash. Neither side learns the password from the other, and the server proves that it
 * knows it. The password goes in as it is: Cyrus SASL, which is what libvirt's daemons use, does not prepare
 * it either.
 *
 * @param hash - as OpenSSL calls it: `sha256`.
 */
export function scram(name: string, hash: string): Mechanism {
  return {
    name,
    tellsPassword: false,
    hasLayer: false,
    begin: (credentials) =>
      new ScramExchange(hash, credentials, randomBytes(CLIENT_NONCE_OCTETS).toString('base64')),
  };
}

/** One SCRAM authentication. */
export class ScramExchange implements Exchange {
  readonly #hash: string;
  readonly #password: string;
  readonly #clientNonce: string;
  readonly #firstBare: string;
  #serverSignature: Buffer | undefined;
  #proved = false;

  /** @param clientNonce - printable, without a comma. */
  constructor(hash: string, { user, password }: Credentials, clientNonce: string) {
    this.#hash = hash;
    this.#password = password;
    this.#clientNonce = clientNonce;
    this.#firstBare = `n=${user.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${clientNonce}`;
  }

  first(): Uint8Array {
    return Buffer.from(`${GS2_HEADER}${this.#firstBare}`);
  }

  async answer(challenge: Uint8Array): Promise<Uint8Array> {
    if (challenge.length > scramLimits.message) {
      throw new ProtocolError(
        `SCRAM message of ${challenge.length} octets, but at most ${scramLimits.message} are allowed`,
      );
    }
    const message = Buffer.from(challenge).toString('utf8');
    if (this.#serverSignature === undefined) return await this.#finalMessage(message);
    this.#checkProof(message, this.#serverSignature);
    return new Uint8Array(0);
  }

  finish(): undefined {
    if (!this.#proved) throw unproved();
  }

  async #finalMessage(serverFirst: string): Promise<Uint8Array> {
    const { nonce, salt, iterations } = readServerFirst(serverFirst, this.#clientNonce);
    const octets = createHash(this.#hash).digest().length;
    const salted = await derive(this.#password, salt, iterations, octets, this.#hash);
    const clientKey = this.#hmac(salted, 'Client Key');
    const storedKey = createHash(this.#hash).update(clientKey).digest();
    const withoutProof = `c=${Buffer.from(GS2_HEADER).toString('base64')},r=${nonce}`;
    const authMessage = `${this.#firstBare},${serverFirst},${withoutProof}`;
    const proof = exclusiveOr(clientKey, this.#hmac(storedKey, authMessage));
    this.#serverSignature = this.#hmac(this.#hmac(salted, 'Server Key'), authMessage);
    return Buffer.from(`${withoutProof},p=${proof.toString('base64')}`);
  }

  #checkProof(serverFinal: string, expected: Buffer): void {
    const attributes = readAttributes(serverFinal);
    const error = attributes.get('e');
    if (error !== undefined) {
      throw new AuthenticationFailedError(`the daemon refuses: ${error.replace(/[^\w-]/g, '?')}`);
    }
    const signature = Buffer.from(attributes.get('v') ?? '', 'base64');
    if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) throw unproved();
    this.#proved = true;
  }

  #hmac(key: Uint8Array, text: string): Buffer {
    return createHmac(this.#hash, key).update(text).digest();
  }
}

function readServerFirst(message: string, clientNonce: string) {
  const attributes = readAttributes(message);
  if (attributes.has('m')) throw new ProtocolError('SCRAM: the server wants an extension that is not known');
  const nonce = attributes.get('r') ?? '';
  const ownLength = clientNonce.length;
  if (
    !nonce.startsWith(clientNonce) ||
    nonce.length === ownLength ||
    nonce.length > scramLimits.nonce ||
    /[^\x21-\x7e]/.test(nonce)
  ) {
    throw new ProtocolError('SCRAM: the nonce of the server does not continue that of the client');
  }
  const salt = base64(attributes.get('s') ?? '');
  if (salt.length === 0 || salt.length > scramLimits.salt) {
    throw new ProtocolError(`SCRAM: the salt must have 1 to ${scramLimits.salt} octets`);
  }
  return { nonce, salt, iterations: iterationsOf(attributes.get('i') ?? '') };
}

function iterationsOf(text: string): number {
  const iterations = /^[1-9]\d{0,9}$/.test(text) ? Number(text) : 0;
  const { minIterations, maxIterations } = scramLimits;
  if (iterations >= minIterations && iterations <= maxIterations) return iterations;
  throw new AuthenticationFailedError(
    `SCRAM: the server wants ${iterations === 0 ? 'no valid number of' : iterations} iterations, but ` +
      `${minIterations} to ${maxIterations} are allowed`,
    advise(saslProblems, 'sasl-iterations'),
  );
}

/** `r=…,s=…,i=…`; of two with one letter the first counts. */
function readAttributes(message: string): ReadonlyMap<string, string> {
  const attributes = new Map<string, string>();
  for (const part of message.split(',')) {
    if (!/^[A-Za-z]=/.test(part)) {
      throw new ProtocolError('SCRAM: the message of the server is not a list of attributes');
    }
    const letter = part.charAt(0);
    if (!attributes.has(letter)) attributes.set(letter, part.slice(2));
  }
  return attributes;
}

/** Empty if it is no base64. */
function base64(text: string): Buffer {
  return Buffer.from(/^[A-Za-z0-9+/]+={0,2}$/.test(text) ? text : '', 'base64');
}

function exclusiveOr(left: Buffer, right: Buffer): Buffer {
  return Buffer.from(left.map((octet, index) => octet ^ (right[index] ?? 0)));
}

function unproved(): AuthenticationFailedError {
  return new AuthenticationFailedError(
    'the daemon has not proved that it knows the password: it may be somebody else',
    advise(saslProblems, 'sasl-unproved'),
  );
}
