import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { DaemonError } from '../errors.ts';
import { maskUserInfo, withoutUserInfo } from '../mask.ts';
import { readClientConfig } from './client-config.ts';
import { mechanismNames } from './sasl/mechanism-names.ts';

/** How the octets travel. */
export type Transport =
  /** Sockets in the order of preference; the first that answers is taken. */
  | { readonly kind: 'unix'; readonly sockets: readonly string[] }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | {
      readonly kind: 'tls';
      readonly host: string;
      readonly port: number;
      readonly caPath: string;
      /** Of certificates that the authority has revoked; it need not exist. */
      readonly crlPath: string;
      readonly certPath: string;
      readonly keyPath: string;
      /** False with `no_verify`: anyone can then pretend to be the host. */
      readonly verify: boolean;
      /** False with `no_sanity`: our own certificate is shown even if it is expired. */
      readonly sanity: boolean;
    }
  /** A child process whose standard input and output carry the protocol. */
  | {
      readonly kind: 'command';
      readonly scheme: 'ssh' | 'ext';
      readonly file: string;
      readonly args: readonly string[];
    };

/** Where and how to reach a libvirt daemon. */
export interface ConnectTarget {
  /** The URI as configured. */
  readonly uri: string;
  /** The URI the daemon is asked to open: no transport, no host. */
  readonly uriToSend: string;
  readonly transport: Transport;
  /** Whether nobody else can read along or pretend to be the host. */
  readonly confidential: boolean;
  readonly login: Login;
  /** Files that decide whether both sides trust each other; they need not exist. */
  readonly files: readonly string[];
  /** Those of them that are private keys and are named in the URI, or where libvirt keeps them. */
  readonly keys: readonly string[];
}

/** Who logs in, and where, as far as a URI says it. */
export interface Login {
  /** The host of the URI; `localhost` where it names none. */
  readonly host: string;
  readonly user: string | undefined;
  /** What the daemon must ask for: of `?auth=`. Undefined leaves it to the daemon. */
  readonly demanded: 'sasl' | 'polkit' | undefined;
  /** The only mechanism of SASL to be used: `SCRAM-SHA-256` of `?auth=sasl.scram-sha-256`. */
  readonly mechanism: string | undefined;
  /** `?authfile=` */
  readonly authFile: string | undefined;
}

export interface UriOptions {
  /** Prefers the read-only sockets, which need no privilege; default true. */
  readonly readOnly?: boolean;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The effective user id; default that of this process. */
  readonly userId?: number | undefined;
  /** URIs by their short names; default those of libvirt's own configuration. */
  readonly aliases?: ReadonlyMap<string, string>;
}

/** Modular daemon of each driver that has one. */
const modularDaemons: Readonly<Record<string, string>> = {
  qemu: 'virtqemud',
  xen: 'virtxend',
  lxc: 'virtlxcd',
  vz: 'virtvzd',
  bhyve: 'virtbhyved',
  ch: 'virtchd',
};

/** Drivers that live in libvirt's client library: no daemon serves them. */
const clientDrivers = new Set([
  'esx',
  'vpx',
  'gsx',
  'hyperv',
  'vmwareplayer',
  'vmwarews',
  'vmwarefusion',
  'phyp',
]);

const TCP_PORT = 16_509;
const TLS_PORT = 16_514;

const EXAMPLE = 'for example qemu:///system or qemu+ssh://host.example/system';

/**
 * Reads a libvirt connection URI (libvirt, "Connection URIs" and "Remote support"), or the alias of one. An empty
 * text means the environment's LIBVIRT_DEFAULT_URI, or qemu:///system.
 *
 * @throws DaemonError with code CONFIG_INVALID that names what is wrong.
 */
export function parseLibvirtUri(uriText: string, options: UriOptions = {}): ConnectTarget {
  const env = options.env ?? process.env;
  const given = uriText.trim() || env['LIBVIRT_DEFAULT_URI']?.trim() || 'qemu:///system';
  const uri = /^[\w-]+$/.test(given) ? behindAlias(given, options) : given;
  const parts = splitUri(uri);
  const { query } = parts;
  const uriToSend = query.get('name') ?? uriForDaemon(parts);
  const context: TransportContext = {
    ...parts,
    uri,
    uriToSend,
    readOnly: options.readOnly ?? true,
    env,
    userId: options.userId ?? process.geteuid?.(),
  };
  const transport = transportOf(context);
  return {
    uri,
    uriToSend,
    transport,
    confidential: isConfidential(transport, query),
    login: {
      host: parts.host || 'localhost',
      user: parts.user,
      demanded: demandedBy(query.get('auth')),
      mechanism: mechanismOf(uri, query.get('auth')),
      authFile: query.get('authfile') || undefined,
    },
    files: trustFiles(transport, context),
    keys: transport.kind === 'tls' ? [transport.keyPath] : sshKeys(transport, context),
  };
}

function trustFiles(transport: Transport, { query, env }: TransportContext): readonly string[] {
  if (transport.kind === 'tls') {
    return [transport.caPath, transport.crlPath, transport.certPath, transport.keyPath];
  }
  if (transport.kind !== 'command' || transport.scheme !== 'ssh') return [];
  const own = ['config', 'known_hosts', 'id_ed25519', 'id_ecdsa', 'id_rsa'];
  return [
    ...[query.get('keyfile'), query.get('known_hosts')].filter((path) => path !== undefined),
    ...own.map((name) => `${homeOf(env)}/.ssh/${name}`),
  ];
}

/** The key of `?keyfile=`; which of its own ssh uses is its affair. */
function sshKeys(transport: Transport, { query }: TransportContext): readonly string[] {
  const path = query.get('keyfile');
  return transport.kind !== 'command' || transport.scheme !== 'ssh' || path === undefined ? [] : [path];
}

function homeOf(env: TransportContext['env']): string {
  return env['HOME'] || homedir();
}

function behindAlias(alias: string, { env = process.env, userId, aliases }: UriOptions): string {
  if (aliases !== undefined) return aliases.get(alias) ?? alias;
  const { path, uriAliases } = readClientConfig({ env, userId });
  const uri = uriAliases.get(alias);
  if (uri !== undefined) return uri;
  throw invalid(alias, `neither a URI nor an alias in uri_aliases of ${path}`);
}

/** Local sockets are; a program of the operator may be anything. */
function isConfidential(transport: Transport, query: ReadonlyMap<string, string>): boolean {
  switch (transport.kind) {
    case 'unix':
      return true;
    case 'tcp':
      return false;
    case 'tls':
      return transport.verify;
    case 'command':
      return transport.scheme === 'ssh' && isVerified(query);
  }
}

/** Without `no_verify`, with which anyone can pretend to be the host. */
function isVerified(query: ReadonlyMap<string, string>): boolean {
  const noVerify = query.get('no_verify');
  return noVerify === undefined || noVerify === '0';
}

/** `?auth=sasl` is for those who would not talk to a daemon that asks for nothing; `none` demands nothing. */
function demandedBy(auth: string | undefined): Login['demanded'] {
  const kind = auth?.toLowerCase().replace(/\..*$/, '');
  return kind === 'sasl' || kind === 'polkit' ? kind : undefined;
}

/** `?auth=`: none, polkit, sasl, or sasl.MECHANISM. */
function mechanismOf(uri: string, auth: string | undefined): string | undefined {
  if (auth === undefined || /^(none|polkit|sasl)$/i.test(auth)) return undefined;
  const mechanism = /^sasl\.(.+)$/i.exec(auth)?.[1]?.toUpperCase();
  if (mechanismNames.some((name) => name === mechanism)) return mechanism;
  const known = mechanismNames.map((name) => `sasl.${name.toLowerCase()}`).join(', ');
  throw invalid(uri, `unknown auth "${auth}": expected none, polkit, sasl, ${known}`);
}

/** A connection URI, read once: by whoever configures it. */
export interface LibvirtUri {
  /** As it was given: an alias, or a URI that may name a user. */
  readonly text: string;
  /** Without user information: what may be shown to anybody. */
  readonly shown: string;
  /** How a read-only connection is made. */
  readonly readOnly: ConnectTarget;
  /** How a read-write connection is made. */
  readonly readWrite: ConnectTarget;
}

/**
 * Reads a libvirt connection URI for connections of either kind.
 *
 * @throws DaemonError with code CONFIG_INVALID that names what is wrong.
 */
export function readLibvirtUri(text: string): LibvirtUri {
  const readOnly = parseLibvirtUri(text, { readOnly: true });
  return {
    text,
    shown: withoutUserInfo(readOnly.uri),
    readOnly,
    readWrite: parseLibvirtUri(text, { readOnly: false }),
  };
}

/** Whether the hypervisor is this machine. */
export function isLocalTarget(target: ConnectTarget): boolean {
  return target.transport.kind === 'unix';
}

interface UriParts {
  readonly driver: string;
  readonly transportName: string | undefined;
  readonly user: string | undefined;
  readonly host: string;
  readonly port: number | undefined;
  readonly path: string;
  readonly query: ReadonlyMap<string, string>;
}

interface TransportContext extends UriParts {
  readonly uri: string;
  readonly uriToSend: string;
  readonly readOnly: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly userId: number | undefined;
}

function invalid(uri: string, problem: string): DaemonError {
  return new DaemonError('CONFIG_INVALID', `libvirt URI "${maskUserInfo(uri)}": ${problem}; ${EXAMPLE}`);
}

function splitUri(uri: string): UriParts {
  const match = /^([a-z][a-z0-9]*)(?:\+([a-z0-9]+))?:\/\/([^/?#]*)(\/[^?#]*)?(?:\?([^#]*))?$/i.exec(uri);
  if (match === null) {
    throw invalid(uri, 'expected driver[+transport]://[user@][host][:port]/path[?parameters]');
  }
  const [, driver = '', transportName, authority = '', path = '/', queryText = ''] = match;
  const host = /^(?:([^@]*)@)?(\[[0-9a-f:.]+(?:%[\w.~-]+)?\]|[^:[\]]*)(?::(\d{1,5}))?$/i.exec(authority);
  const port = host?.[3] === undefined ? undefined : Number(host[3]);
  if (host === null || (port !== undefined && (port < 1 || port > 65_535))) {
    throw invalid(uri, `"${authority.replace(/^.*@/, '***@')}" is not [user@]host[:port]`);
  }
  const user = host[1] === undefined ? undefined : decoded(uri, host[1]);
  if (user?.includes(':') === true) {
    throw invalid(
      uri,
      'a password has no place in a URI; sasl_password_file in [libvirt] names a file with it',
    );
  }
  return {
    driver: driver.toLowerCase(),
    transportName: transportName?.toLowerCase(),
    user,
    host: decoded(uri, (host[2] ?? '').replace(/^\[(.*)\]$/, '$1')),
    port,
    path: decoded(uri, path),
    query: parseQuery(uri, queryText),
  };
}

/** Unlike in a web form, a plus sign stands for itself. */
function parseQuery(uri: string, queryText: string): ReadonlyMap<string, string> {
  const query = new Map<string, string>();
  for (const item of queryText.split(/[&;]/)) {
    const equals = item.indexOf('=');
    if (item !== '') {
      const name = equals < 0 ? item : item.slice(0, equals);
      query.set(decoded(uri, name), equals < 0 ? '' : decoded(uri, item.slice(equals + 1)));
    }
  }
  return query;
}

function decoded(uri: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid(uri, `"${text}" has a % that does not start an escape`);
  }
}

/** Parameters that are for the client; all others are the driver's and go on to the daemon. */
const clientParameters = new Set([
  'name',
  'socket',
  'mode',
  'command',
  'auth',
  'authfile',
  'netcat',
  'keyfile',
  'no_verify',
  'no_sanity',
  'no_tty',
  'pkipath',
  'proxy',
  'tls_priority',
  'known_hosts',
  'known_hosts_verify',
  'sshauth',
]);

function uriForDaemon({ driver, path, query }: UriParts): string {
  const rest = [...query]
    .filter(([name]) => !clientParameters.has(name))
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  return `${driver}://${encodeURI(path)}${rest.length === 0 ? '' : `?${rest.join('&')}`}`;
}

function transportOf(context: TransportContext): Transport {
  const { uri, driver, host, transportName } = context;
  if (clientDrivers.has(driver)) {
    throw invalid(uri, `the ${driver} driver has no libvirt daemon to talk to`);
  }
  const name = transportName ?? (host === '' ? 'unix' : 'tls');
  if (host === '' && (name === 'tcp' || name === 'tls' || name === 'ssh')) {
    throw invalid(uri, `the transport ${name} needs a host`);
  }
  switch (name) {
    case 'unix':
      if (host !== '') {
        throw invalid(uri, `a local socket has no host, but "${host}" is given`);
      }
      return { kind: 'unix', sockets: socketsOf(context) };
    case 'tcp':
      return { kind: 'tcp', host, port: context.port ?? TCP_PORT };
    case 'tls':
      return tlsTransport(context);
    case 'ssh':
      return sshTransport(context);
    case 'ext': {
      const command = context.query.get('command');
      if (command === undefined || command === '') {
        throw invalid(uri, 'the transport ext needs ?command=PROGRAM');
      }
      return { kind: 'command', scheme: 'ext', file: command, args: [] };
    }
    case 'libssh':
    case 'libssh2':
      throw invalid(uri, `the transport ${name} is not available here, use ssh`);
    default:
      throw invalid(uri, `unknown transport "${name}": expected unix, tcp, tls, ssh or ext`);
  }
}

function modeOf({ uri, query }: TransportContext): 'auto' | 'direct' | 'legacy' {
  const mode = query.get('mode') ?? 'auto';
  if (mode !== 'auto' && mode !== 'direct' && mode !== 'legacy') {
    throw invalid(uri, `unknown mode "${mode}": expected auto, direct or legacy`);
  }
  return mode;
}

/** The modular daemon before the monolithic one, as libvirt's own library does. */
function daemonsOf(context: TransportContext): readonly string[] {
  const mode = modeOf(context);
  const modular = modularDaemons[context.driver];
  if (modular === undefined) {
    return ['libvirt'];
  }
  return { auto: [modular, 'libvirt'], direct: [modular], legacy: ['libvirt'] }[mode];
}

function isSession({ path }: UriParts): boolean {
  return path === '/session';
}

function socketsOf(context: TransportContext): readonly string[] {
  const explicit = context.query.get('socket');
  if (explicit !== undefined && explicit !== '') {
    return [explicit];
  }
  const daemons = daemonsOf(context);
  if (isSession(context)) {
    const directory = sessionDirectory(context.env);
    return daemons.map((daemon) => `${directory}/${daemon}-sock`);
  }
  return daemons.map((daemon) => `${systemDirectory()}/${daemon}-sock${context.readOnly ? '-ro' : ''}`);
}

/** Where /run is not yet the place of run-time files, libvirt still uses /var/run. */
function systemDirectory(): string {
  return !existsSync('/run/libvirt') && existsSync('/var/run/libvirt') ? '/var/run/libvirt' : '/run/libvirt';
}

function sessionDirectory(env: TransportContext['env']): string {
  const runtime = env['XDG_RUNTIME_DIR'];
  if (runtime !== undefined && runtime !== '') {
    return `${runtime}/libvirt`;
  }
  const cache = env['XDG_CACHE_HOME'];
  return `${cache === undefined || cache === '' ? `${homeOf(env)}/.cache` : cache}/libvirt`;
}

function tlsTransport(context: TransportContext): Transport {
  const { host, port, query } = context;
  const noSanity = query.get('no_sanity');
  return {
    kind: 'tls',
    host,
    port: port ?? TLS_PORT,
    ...certificateFiles(context),
    verify: isVerified(query),
    sanity: noSanity === undefined || noSanity === '0',
  };
}

/**
 * Where libvirt's own library looks (libvirt, "TLS x509 certificate setup"): in `pkipath` and nowhere else; for
 * users other than root in their own directory, each file of which that is missing is that of the system.
 */
function certificateFiles({ query, env, userId }: TransportContext) {
  const inOne = (directory: string) => ({
    caPath: `${directory}/cacert.pem`,
    crlPath: `${directory}/cacrl.pem`,
    certPath: `${directory}/clientcert.pem`,
    keyPath: `${directory}/clientkey.pem`,
  });
  const pkipath = query.get('pkipath');
  if (pkipath !== undefined) return inOne(pkipath);
  const system = {
    caPath: '/etc/pki/CA/cacert.pem',
    crlPath: '/etc/pki/CA/cacrl.pem',
    certPath: '/etc/pki/libvirt/clientcert.pem',
    keyPath: '/etc/pki/libvirt/private/clientkey.pem',
  };
  if (userId === 0) return system;
  const own = inOne(`${homeOf(env)}/.pki/libvirt`);
  const pair = existsSync(own.certPath) && existsSync(own.keyPath) ? own : system;
  return {
    caPath: existsSync(own.caPath) ? own.caPath : system.caPath,
    crlPath: existsSync(own.crlPath) ? own.crlPath : system.crlPath,
    certPath: pair.certPath,
    keyPath: pair.keyPath,
  };
}

/**
 * Runs virt-ssh-helper (libvirt 6.8 and newer) on the other host, which finds the socket by itself; else
 * netcat on the socket. No password can be typed, so ssh is told not to ask.
 */
function sshTransport(context: TransportContext): Transport {
  const { uri, uriToSend, host, port, user, query, readOnly } = context;
  const proxy = query.get('proxy') ?? 'auto';
  if (proxy !== 'auto' && proxy !== 'native' && proxy !== 'netcat') {
    throw invalid(uri, `unknown proxy "${proxy}": expected auto, native or netcat`);
  }
  const socket = query.get('socket');
  const helper = `virt-ssh-helper ${readOnly ? '-r ' : ''}${shellQuoted(uriToSend)}`;
  const netcat = netcatScript(context, query.get('netcat') ?? 'nc');
  const script =
    proxy === 'netcat' || socket !== undefined
      ? netcat
      : proxy === 'native'
        ? `exec ${helper}`
        : `if command -v virt-ssh-helper >/dev/null 2>&1; then exec ${helper}; else ${netcat}; fi`;
  const keyFile = query.get('keyfile');
  const knownHosts = query.get('known_hosts');
  return {
    kind: 'command',
    scheme: 'ssh',
    file: query.get('command') ?? 'ssh',
    args: [
      '-T',
      '-e',
      'none',
      '-o',
      'BatchMode=yes',
      '-o',
      'ConnectTimeout=20',
      ...(isVerified(query) ? [] : ['-o', 'StrictHostKeyChecking=no']),
      ...(knownHosts === undefined ? [] : ['-o', `UserKnownHostsFile=${knownHosts}`]),
      ...(keyFile === undefined ? [] : ['-i', keyFile]),
      ...(port === undefined ? [] : ['-p', String(port)]),
      ...(user === undefined ? [] : ['-l', user]),
      '--',
      host,
      `sh -c ${shellQuoted(script)}`,
    ],
  };
}

/** Some netcats stay after the end of their input unless they are told `-q 0`, which others do not know. */
function netcatScript(context: TransportContext, netcat: string): string {
  const nc = shellQuoted(netcat);
  const sockets = isSession(context)
    ? daemonsOf(context).map((daemon) => `"\${XDG_RUNTIME_DIR:-$HOME/.cache}/libvirt/${daemon}-sock"`)
    : socketsOf(context).map(shellQuoted);
  const explicit = context.query.get('socket');
  const list = explicit === undefined ? sockets.join(' ') : shellQuoted(explicit);
  return (
    `q=; ${nc} -q 2>&1 | grep -q 'requires an argument' && q='-q 0'; ` +
    `for s in ${list}; do test -S "$s" && exec ${nc} $q -U "$s"; done; ` +
    `echo 'no libvirt socket on this host' >&2; exit 1`
  );
}

function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
