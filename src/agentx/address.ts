import { isIP } from 'node:net';

/** Where the master agent listens (RFC 2741 section 8). */
export type AgentxAddress =
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** The port of AgentX (RFC 2741 section 8.1.1). */
export const AGENTX_PORT = 705;

/** Octets of the longest path that a UNIX socket address holds on Linux. */
const MAX_SOCKET_PATH_BYTES = 107;

/**
 * Parses an address as snmpd's `agentXSocket` spells it: `unix:/path`, `/path`, `tcp:host:port`,
 * `host:port`, `tcp:host`, `tcp:port`; an IPv6 address stands in brackets.
 *
 * @throws {RangeError} with what is wrong.
 */
export function parseAgentxAddress(text: string): AgentxAddress {
  const trimmed = text.trim();
  if (trimmed.startsWith('unix:') || trimmed.startsWith('/')) {
    return unixAddress(trimmed.replace(/^unix:/, ''), text);
  }
  const rest = trimmed.replace(/^tcp6?:/, '');
  const [, bracketed, bracketedPort] = /^\[([^\]]+)\](?::(\d+))?$/.exec(rest) ?? [];
  if (bracketed !== undefined) {
    if (isIP(bracketed) !== 6) throw malformed(text, `'${bracketed}' is not an IPv6 address`);
    return { kind: 'tcp', host: bracketed, port: portOf(bracketedPort, text) };
  }
  if (/^\d+$/.test(rest)) return { kind: 'tcp', host: '127.0.0.1', port: portOf(rest, text) };
  const [, host, port] = /^([A-Za-z0-9][A-Za-z0-9._-]*)(?::(\d+))?$/.exec(rest) ?? [];
  if (host === undefined) throw malformed(text, 'expected unix:/path, /path, tcp:host:port or host:port');
  return { kind: 'tcp', host, port: portOf(port, text) };
}

/** The spelling that {@link parseAgentxAddress} reads. */
export function formatAgentxAddress(address: AgentxAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  return `tcp:${isIP(address.host) === 6 ? `[${address.host}]` : address.host}:${address.port}`;
}

function unixAddress(path: string, text: string): AgentxAddress {
  if (!path.startsWith('/')) throw malformed(text, 'the path of a UNIX socket starts with /');
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES) {
    throw malformed(text, `the path of a UNIX socket has at most ${MAX_SOCKET_PATH_BYTES} octets`);
  }
  if (path.includes('\0')) throw malformed(text, 'a path holds no NUL');
  return { kind: 'unix', path };
}

function portOf(digits: string | undefined, text: string): number {
  if (digits === undefined) return AGENTX_PORT;
  const port = Number(digits);
  if (port < 1 || port > 65_535) throw malformed(text, 'a port is a number from 1 to 65535');
  return port;
}

function malformed(text: string, why: string): RangeError {
  return new RangeError(`'${text}' is not the address of an AgentX master: ${why}`);
}
