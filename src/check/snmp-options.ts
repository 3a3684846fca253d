import { isIP } from 'node:net';
import { DaemonError } from '../errors.ts';

/** Algorithms of authentication by the names of net-snmp's tools, with those of the package net-snmp. */
const authProtocols: Readonly<Record<string, string>> = {
  MD5: 'md5',
  SHA: 'sha',
  'SHA-224': 'sha224',
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
};

const privProtocols: Readonly<Record<string, string>> = { DES: 'des', AES: 'aes' };

/** RFC 3414 section 11.2 */
const minPassphraseCharacters = 8;

const snmpPort = 161;

/** Whom to ask and as whom. */
export interface SnmpTarget {
  readonly host: string;
  readonly port: number;
  readonly access:
    | { readonly kind: 'community'; readonly community: string }
    | { readonly kind: 'user'; readonly user: SnmpUser };
  /** The SNMPv3 context; undefined for the default one. */
  readonly context: string | undefined;
}

export interface SnmpUser {
  readonly name: string;
  readonly auth: Secret | undefined;
  readonly priv: Secret | undefined;
}

/** An algorithm, by the name in the package net-snmp, with its passphrase. */
export interface Secret {
  readonly protocol: string;
  readonly passphrase: string;
}

/**
 * The target that the options of `check` name; undefined without `--snmp`.
 *
 * @throws DaemonError with code USAGE.
 */
export function snmpTarget(options: Readonly<Record<string, unknown>>): SnmpTarget | undefined {
  const address = textOf(options['snmp']);
  const name = textOf(options['v3User']);
  const auth = textOf(options['v3Auth']);
  const priv = textOf(options['v3Priv']);
  const context = textOf(options['v3Context']);
  if (address === undefined) {
    if ([name, auth, priv, context].every((given) => given === undefined)) return undefined;
    throw usage('--v3-user, --v3-auth, --v3-priv and --v3-context need --snmp HOST:PORT');
  }
  const where = hostAndPort(address);
  if (name === undefined) {
    if ([auth, priv, context].some((given) => given !== undefined)) {
      throw usage('--v3-auth, --v3-priv and --v3-context need --v3-user');
    }
    const community = textOf(options['community']) ?? 'public';
    return { ...where, access: { kind: 'community', community }, context };
  }
  if (priv !== undefined && auth === undefined) {
    throw usage('--v3-priv needs --v3-auth: SNMPv3 has no privacy without authentication');
  }
  const user = {
    name,
    auth: auth === undefined ? undefined : secretOf('--v3-auth', auth, authProtocols, 'SHA-256'),
    priv: priv === undefined ? undefined : secretOf('--v3-priv', priv, privProtocols, 'AES'),
  };
  return { ...where, access: { kind: 'user', user }, context };
}

/** `host`, `host:port`, `[v6]`, `[v6]:port`, `v6`, and net-snmp's `udp:` in front. */
function hostAndPort(text: string): { readonly host: string; readonly port: number } {
  const address = text.replace(/^udp6?:/, '');
  if (isIP(address) === 6) return { host: address, port: snmpPort };
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(address);
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? snmpPort : Number(match[3]);
  if (host === undefined || port < 1 || port > 65_535) {
    throw usage(`--snmp ${text}: expected HOST or HOST:PORT, for example 127.0.0.1:161`);
  }
  return { host, port };
}

/** `PASSPHRASE` or `PROTOCOL:PASSPHRASE`. */
function secretOf(
  option: string,
  text: string,
  protocols: Readonly<Record<string, string>>,
  usual: string,
): Secret {
  const colon = text.indexOf(':');
  const named = colon < 0 ? undefined : protocols[text.slice(0, colon).toUpperCase()];
  const passphrase = named === undefined ? text : text.slice(colon + 1);
  const protocol = named ?? protocols[usual];
  if (passphrase.length < minPassphraseCharacters || protocol === undefined) {
    const names = Object.keys(protocols).join(', ');
    throw usage(
      `${option}: expected PASSPHRASE or PROTOCOL:PASSPHRASE with ${minPassphraseCharacters} characters or more (protocols: ${names}; default ${usual})`,
    );
  }
  return { protocol, passphrase };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function usage(message: string): DaemonError {
  return new DaemonError('USAGE', message);
}
