import { createHash, createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

interface ScryptOptions {
  readonly N: number;
  readonly r: number;
  readonly p: number;
  readonly maxmem: number;
}

/** Cost of scrypt (RFC 7914): 2^14 blocks of 8 take 16 MiB and some 30 ms of another thread. */
const logCost = 14;
const blockSize = 8;
const keyBytes = 32;
const saltBytes = 16;
const maxLogCost = 17;

/** Lines of a file of secrets: more would be a mistake. */
const maxLines = 1000;

/** The hash of a password in PHC notation. */
interface PasswordHash {
  readonly logCost: number;
  readonly blockSize: number;
  readonly parallelism: number;
  readonly salt: Buffer;
  readonly key: Buffer;
}

/** Users by name, with the hashes of their passwords. */
export type Users = ReadonlyMap<string, PasswordHash>;

/** SHA-256 of each token. */
export type Tokens = readonly Buffer[];

/** The line of a users file for a password: `name:$scrypt$ln=14,r=8,p=1$salt$hash`. */
export async function userLine(name: string, password: string): Promise<string> {
  const salt = randomBytes(saltBytes);
  const key = await derivedKey(password, {
    logCost,
    blockSize,
    parallelism: 1,
    salt,
    key: Buffer.alloc(keyBytes),
  });
  return `${name}:$scrypt$ln=${logCost},r=${blockSize},p=1$${unpadded(salt)}$${unpadded(key)}`;
}

/** A new token, and the line of a tokens file for it: `name:sha256`. */
export function newToken(name: string): { readonly token: string; readonly line: string } {
  const token = randomBytes(32).toString('base64url');
  return { token, line: `${name}:${sha256(token).toString('hex')}` };
}

/**
 * Reads a users file: a line `name:hash` for each, comments behind #.
 *
 * @throws RangeError naming the line, never its content.
 */
export function parseUsers(text: string): Users {
  const users = new Map<string, PasswordHash>();
  for (const { at, name, secret } of lines(text)) {
    const [, ln, r, p, salt = '', key = ''] =
      /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([\w+/]{11,86})\$([\w+/]{22,86})$/.exec(secret) ?? [];
    const hash: PasswordHash = {
      logCost: Number(ln),
      blockSize: Number(r),
      parallelism: Number(p),
      salt: Buffer.from(salt, 'base64'),
      key: Buffer.from(key, 'base64'),
    };
    if (!(hash.logCost >= 1 && hash.logCost <= maxLogCost && hash.blockSize >= 1 && hash.parallelism >= 1)) {
      throw new RangeError(
        `line ${at} is no "name:$scrypt$…": make it with libvirt-agentx credential --user NAME`,
      );
    }
    users.set(name, hash);
  }
  return users;
}

/**
 * Reads a tokens file: a line `name:sha256` for each, comments behind #.
 *
 * @throws RangeError naming the line, never its content.
 */
export function parseTokens(text: string): Tokens {
  return lines(text).map(({ at, secret }) => {
    if (/^[0-9a-f]{64}$/i.test(secret)) return Buffer.from(secret, 'hex');
    throw new RangeError(
      `line ${at} is no "name:sha256": make it with libvirt-agentx credential --token NAME`,
    );
  });
}

interface SecretLine {
  readonly at: number;
  readonly name: string;
  readonly secret: string;
}

function lines(text: string): readonly SecretLine[] {
  const all = text.split('\n');
  if (all.length > maxLines) throw new RangeError(`there are more than ${maxLines} lines`);
  return all.flatMap((line, index) => {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) return [];
    const at = trimmed.indexOf(':');
    if (at <= 0) throw new RangeError(`line ${index + 1} has no name and colon`);
    return [{ at: index + 1, name: trimmed.slice(0, at), secret: trimmed.slice(at + 1) }];
  });
}

/** Passwords that were found right, so that scrypt is asked once for each. */
const maxRemembered = 64;

/** Hashes that are worked out at a time: each occupies a thread of the pool. */
const maxDeriving = 2;

/** Checks passwords and tokens without holding the thread, and in times that do not depend on what is right. */
export class CredentialChecker {
  readonly #secret = randomBytes(32);
  readonly #remembered = new Set<string>();
  #deriving = 0;

  /** Undefined if too many are being checked already. */
  async isUser(users: Users, name: string, password: string): Promise<boolean | undefined> {
    const known = users.get(name);
    const hash = known ?? nobody;
    const seal = this.#seal(`${name}\0${password}\0${hash.key.toString('base64')}`);
    if (this.#remembered.has(seal)) return true;
    if (this.#deriving >= maxDeriving) return undefined;
    this.#deriving += 1;
    try {
      const key = await derivedKey(password, hash);
      if (!timingSafeEqual(key, hash.key) || known === undefined) return false;
    } finally {
      this.#deriving -= 1;
    }
    if (this.#remembered.size >= maxRemembered) this.#remembered.clear();
    this.#remembered.add(seal);
    return true;
  }

  isToken(tokens: Tokens, token: string): boolean {
    const digest = sha256(token);
    let found = false;
    for (const each of tokens) found = timingSafeEqual(each, digest) || found;
    return found;
  }

  #seal(text: string): string {
    return createHmac('sha256', this.#secret).update(text).digest('base64');
  }
}

/** An unknown user is refused no faster than a wrong password. */
const nobody: PasswordHash = {
  logCost,
  blockSize,
  parallelism: 1,
  salt: randomBytes(saltBytes),
  key: randomBytes(keyBytes),
};

async function derivedKey(password: string, hash: PasswordHash): Promise<Buffer> {
  const cost = 2 ** hash.logCost;
  return derive(password, hash.salt, hash.key.length, {
    N: cost,
    r: hash.blockSize,
    p: hash.parallelism,
    maxmem: 256 * cost * hash.blockSize,
  });
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function unpadded(octets: Buffer): string {
  return octets.toString('base64').replace(/=+$/, '');
}
