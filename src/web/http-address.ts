import { isIP } from 'node:net';

/** Where HTTP is served. */
export type HttpAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/**
 * Reads `127.0.0.1:9177`, `[::1]:9177`, `localhost:9177` or `unix:/path/of/socket`; an empty text is no address.
 *
 * @throws RangeError
 */
export function parseHttpAddress(text: string): HttpAddress | undefined {
  if (text === '') return undefined;
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length);
    // sockaddr_un has room for 107 octets and a zero.
    if (path.startsWith('/') && Buffer.byteLength(path) <= 107 && !path.includes('\0'))
      return { kind: 'unix', path };
    throw new RangeError(`${JSON.stringify(text)} is no absolute path of at most 107 octets behind "unix:"`);
  }
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain ?? '';
  const port = Number(digits);
  const isHost =
    bracketed === undefined ? isIP(host) === 4 || /^[A-Za-z0-9.-]{1,253}$/.test(host) : isIP(host) === 6;
  if (isHost && port <= 65_535) return { kind: 'tcp', host, port };
  throw new RangeError(`${JSON.stringify(text)} is no "host:port", "[address]:port" or "unix:/path"`);
}

/** As it is in the file. */
export function formatHttpAddress(address: HttpAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  return `${formatHost(address.host)}:${address.port}`;
}

/** An IPv6 address in brackets, as in a URL. */
export function formatHost(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}

/** Whether only this host can reach it. */
export function isLocal(address: HttpAddress): boolean {
  if (address.kind === 'unix') return true;
  const { host } = address;
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
