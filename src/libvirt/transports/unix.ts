import { basename } from 'node:path';
import { advise, ConnectionFailedError, errorText } from '../../errors.ts';
import { libvirtProblems } from '../problems.ts';
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
        advise(libvirtProblems, 'libvirt-socket-missing'),
        options,
      );
    case 'ECONNREFUSED':
      return new ConnectionFailedError(
        `nobody listens on ${path}`,
        advise(libvirtProblems, 'libvirt-nobody-listens', { unit }),
        options,
      );
    case 'EACCES':
    case 'EPERM':
      return new ConnectionFailedError(
        `no permission to connect to ${path}`,
        path.endsWith('-ro')
          ? advise(libvirtProblems, 'libvirt-not-permitted', { unit })
          : advise(libvirtProblems, 'libvirt-read-write-not-permitted'),
        options,
      );
    default:
      return new ConnectionFailedError(
        `cannot connect to ${path}: ${errorText(telling?.error)}`,
        code === 'ENAMETOOLONG' || code === 'EINVAL'
          ? advise(libvirtProblems, 'libvirt-path-too-long')
          : undefined,
        options,
      );
  }
}
