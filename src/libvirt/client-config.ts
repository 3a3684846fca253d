import { closeSync, constants, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { homedir } from 'node:os';
import { DaemonError, errorText } from '../errors.ts';

const MAX_OCTETS = 1024 * 1024;

/** What the file of libvirt's own tools says about URIs. */
export interface ClientConfig {
  readonly path: string;
  /** `uri_default` */
  readonly uriDefault: string | undefined;
  /** `uri_aliases`: URIs by their short names. */
  readonly uriAliases: ReadonlyMap<string, string>;
}

/** Whose file it is. */
export interface ClientConfigOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The effective user id; default that of this process. */
  readonly userId?: number | undefined;
}

/** Root has that of the system, others have one of their own, as with virsh. */
export function clientConfigPath({ env, userId = process.geteuid?.() }: ClientConfigOptions): string {
  if (userId === 0) return '/etc/libvirt/libvirt.conf';
  return `${env['XDG_CONFIG_HOME'] || `${env['HOME'] || homedir()}/.config`}/libvirt/libvirt.conf`;
}

/**
 * Reads it. A file that is not there says nothing, nor does one in a folder that this user may not look into: libvirt's own
 * tools pass over it, too (a service with the HOME of root).
 *
 * @throws DaemonError with code CONFIG_INVALID that names the file.
 */
export function readClientConfig(options: ClientConfigOptions): ClientConfig {
  const path = clientConfigPath(options);
  let text: string;
  try {
    text = readAtOnce(path);
  } catch (error) {
    if (!existsSync(path)) return { path, uriDefault: undefined, uriAliases: new Map() };
    throw new DaemonError('CONFIG_INVALID', `${path} cannot be read: ${errorText(error)}`, { cause: error });
  }
  return { path, ...parseClientConfig(text, path) };
}

/**
 * A file and nothing else: a FIFO would hold up the program. Unlike `readSmallFile` it waits for nothing, as what reads
 * URIs cannot wait.
 */
function readAtOnce(path: string): string {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const found = fstatSync(file);
    if (!found.isFile()) throw new RangeError('it is no file');
    if (found.size > MAX_OCTETS) throw new RangeError(`it is larger than ${MAX_OCTETS} octets`);
    const octets = Buffer.alloc(found.size);
    return octets.toString('utf8', 0, readSync(file, octets, 0, octets.length, 0));
  } finally {
    closeSync(file);
  }
}

/** Tells `uri_default` and `uri_aliases` from all else that may be there. */
export function parseClientConfig(text: string, path: string): Omit<ClientConfig, 'path'> {
  const tokens = tokensOf(text);
  const [uriDefault] = valuesOf(tokens, 'uri_default');
  const uriAliases = new Map<string, string>();
  for (const alias of valuesOf(tokens, 'uri_aliases')) {
    const [, name, uri] = /^([\w-]+)=(.+)$/s.exec(alias) ?? [];
    if (name === undefined || uri === undefined) {
      throw new DaemonError(
        'CONFIG_INVALID',
        `${path}: uri_aliases has ${JSON.stringify(alias.slice(0, 80))}, expected "name=URI"`,
      );
    }
    if (!uriAliases.has(name)) uriAliases.set(name, uri);
  }
  return { uriDefault: uriDefault || undefined, uriAliases };
}

type Token = { readonly kind: 'text' | 'word' | 'sign'; readonly value: string };

/** Texts in quotation marks of either kind, words, signs; comments and what is between are left out. */
function tokensOf(text: string): readonly Token[] {
  const pattern = /#[^\n]*|"""([\s\S]*?)"""|"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)'|([\w.-]+)|([=[\],])/g;
  const tokens: Token[] = [];
  for (const [, long, double, single, word, sign] of text.matchAll(pattern)) {
    const quoted = long ?? double ?? single;
    if (quoted !== undefined) tokens.push({ kind: 'text', value: quoted });
    else if (word !== undefined) tokens.push({ kind: 'word', value: word });
    else if (sign !== undefined) tokens.push({ kind: 'sign', value: sign });
  }
  return tokens;
}

/** The text, or the texts of the list, that a name has. */
function valuesOf(tokens: readonly Token[], name: string): readonly string[] {
  const at = tokens.findIndex(
    ({ kind, value }, index) => kind === 'word' && value === name && tokens[index + 1]?.value === '=',
  );
  const first = at < 0 ? undefined : tokens[at + 2];
  if (first?.kind === 'text') return [first.value];
  if (first?.kind !== 'sign' || first.value !== '[') return [];
  const end = tokens.findIndex(({ kind, value }, index) => index > at && kind === 'sign' && value === ']');
  return tokens
    .slice(at + 3, end < 0 ? undefined : end)
    .filter(({ kind }) => kind === 'text')
    .map(({ value }) => value);
}
