import { basename } from 'node:path';
import { ConnectionFailedError, errorText } from '../../errors.ts';
import type { Transport } from '../uri.ts';
import { connectSocket, systemCode } from './socket-connect.ts';
import type { TransportStream } from './transport-stream.ts';

/** A daemon that is stopped leaves its socket behind or removes it; another daemon may be there instead. */
const tryNext = new Set(['ENOENT', 'ECONNREFUSED']);

/** Connects to the first socket that answers. */
export async function openUnix(
  { sockets }: Extract<Transport, { kind: 'unix' }>,
  signal: AbortSignal,
): Promise<TransportStream> {
  const failures: { readonly path: string; readonly error: unknown }[] = [];
  for (const path of sockets) {
    try {
      const connected = await connectSocket({ path }, signal);
      return { ...connected, oneMessagePerWrite: false, peer: path, lastWords: () => undefined };
    } catch (error) {
      signal.throwIfAborted();
      failures.push({ path, error });
      if (!tryNext.has(systemCode(error) ?? '')) {
        break;
      }
    }
  }
  throw unixFailure(failures);
}

/** A refusal or a missing right tells more than a missing file. */
function unixFailure(
  failures: readonly { readonly path: string; readonly error: unknown }[],
): ConnectionFailedError {
  const telling = failures.find(({ error }) => systemCode(error) !== 'ENOENT') ?? failures.at(-1);
  const code = systemCode(telling?.error);
  const path = telling?.path ?? '';
  const unit = basename(path)
    .replace(/-sock(-ro)?$/, '')
    .replace(/^libvirt$/, 'libvirtd');
  const paths = failures.map((failure) => failure.path).join(' nor ');
  const options = { cause: telling?.error };
  switch (code) {
    case 'ENOENT':
      return new ConnectionFailedError(
        `no libvirt socket: ${failures.length > 1 ? 'neither ' : ''}${paths} ${failures.length > 1 ? 'exists' : 'does not exist'}`,
        'Is libvirt installed and running? Debian: package libvirt-daemon-system, systemctl start libvirtd; ' +
          'Fedora, RHEL 9 and SUSE: package libvirt-daemon-driver-qemu, systemctl start virtqemud.socket ' +
          'virtqemud-ro.socket. A container needs the socket mounted.',
        options,
      );
    case 'ECONNREFUSED':
      return new ConnectionFailedError(
        `nobody listens on ${path}`,
        `${unit} was stopped or has crashed: systemctl start ${unit}, then journalctl -u ${unit}.`,
        options,
      );
    case 'EACCES':
    case 'EPERM':
      return new ConnectionFailedError(
        `no permission to connect to ${path}`,
        path.endsWith('-ro')
          ? `Run as root, or let this user reach the socket: see unix_sock_ro_perms in ${unit}.conf, and SELinux or AppArmor.`
          : `Run as root or as a member of the group libvirt, or use the read-only socket.`,
        options,
      );
    default:
      return new ConnectionFailedError(
        `cannot connect to ${path}: ${errorText(telling?.error)}`,
        code === 'ENAMETOOLONG' || code === 'EINVAL'
          ? 'The path of a Unix socket has at most 107 octets.'
          : undefined,
        options,
      );
  }
}
