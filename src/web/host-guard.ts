import type { MiddlewareHandler } from 'hono';
import { formatHost, type HttpAddress, isLocal } from './http-address.ts';
import { problem } from './problem.ts';

/**
 * Lets only requests pass that name this server. A page from elsewhere whose name was made to point at the loopback
 * address (DNS rebinding) sends its own name.
 */
export function hostGuard(address: HttpAddress, hosts: readonly string[]): MiddlewareHandler {
  const names = new Set(hosts.map((host) => host.toLowerCase()));
  if (address.kind === 'tcp') {
    names.add(formatHost(address.host).toLowerCase());
    if (isLocal(address)) for (const name of ['localhost', '127.0.0.1', '[::1]']) names.add(name);
  }
  const isOpen = address.kind === 'unix' || (!isLocal(address) && hosts.length === 0);
  return async (context, next) => {
    const host = (context.req.header('host') ?? '').toLowerCase().replace(/:\d+$/, '');
    if (isOpen || names.has(host)) return next();
    return problem(context, {
      status: 421,
      title: 'not a name of this server',
      detail: 'Ask by the address that is configured, or add the name to http.hosts.',
    });
  };
}
