import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import {
  AuthenticationFailedError,
  adviceOnAny,
  advise,
  ConnectionFailedError,
  CredentialsRefusedError,
  errorText,
  networkForbidden,
} from '../../errors.ts';
import { within } from '../../run/deadline.ts';
import { libvirtProblems } from '../problems.ts';
import type { Transport } from '../uri.ts';
import type { TransportStream } from './transport-stream.ts';

type CommandTransport = Extract<Transport, { kind: 'command' }>;

/** How much of what the command says on its standard error is kept. */
const MAX_STDERR_CHARACTERS = 2000;

/** How long the words of a command that has ended may be on their way. */
const SILENCE_AFTER_MS = 500;

/** How long a command may take to end after its input has ended. */
const KILL_AFTER_MS = 2000;

/** Starts a command whose standard input and output are the connection: ssh, or a program of the operator. */
export async function openCommand(
  transport: CommandTransport,
  signal: AbortSignal,
): Promise<TransportStream> {
  const { file, args, scheme } = transport;
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  try {
    await started(child, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw new ConnectionFailedError(
      `cannot start ${file}: ${errorText(error)}`,
      adviceOnAny(error) ?? advise(libvirtProblems, 'ssh-missing', { file }),
      { cause: error },
    );
  }
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-MAX_STDERR_CHARACTERS);
  });
  const silence = once(child.stderr, 'close').catch(() => {});
  const stream = Duplex.from({ readable: child.stdout, writable: child.stdin });
  stream.once('close', () => endChild(child));
  return {
    stream,
    oneMessagePerWrite: false,
    startReading: (take) => void stream.on('data', take),
    peer: scheme === 'ssh' ? `ssh ${args.at(-2) ?? ''}` : file,
    lastWords: () => stderr.trim() || undefined,
    // What it started may go on and hold its standard error open: ControlPersist of ssh.
    untilSilent: () => within(SILENCE_AFTER_MS, silence),
  };
}

/** What the words of ssh mean, the first that fits; who is not let in is told apart from who does not get there. */
const wordsOfSsh: readonly {
  readonly words: RegExp;
  readonly problem: keyof typeof libvirtProblems;
  readonly failure: typeof ConnectionFailedError;
}[] = [
  {
    words: /host key verification failed|host identification has changed|no .* host key is known/i,
    problem: 'ssh-host-unknown',
    failure: AuthenticationFailedError,
  },
  {
    words: /permission denied|too many authentication failures|no supported authentication methods/i,
    problem: 'ssh-key-refused',
    failure: CredentialsRefusedError,
  },
  {
    words:
      /connection (refused|timed out|reset|closed)|no route to host|network is unreachable|could not resolve|operation timed out/i,
    problem: 'ssh-unreachable',
    failure: ConnectionFailedError,
  },
  { words: /no libvirt socket/i, problem: 'ssh-no-socket', failure: ConnectionFailedError },
];

/** A command ended before the connection over it was open: its own words tell why. */
export function commandFailure(
  peer: string,
  lastWords: string | undefined,
  options: ErrorOptions,
): ConnectionFailedError {
  if (lastWords === undefined) {
    return new ConnectionFailedError(
      `${peer} ended without a word`,
      advise(libvirtProblems, 'ssh-failed'),
      options,
    );
  }
  // Not even a socket: it is the unit of the service that forbids it.
  if (/address family not supported/i.test(lastWords)) {
    return new ConnectionFailedError(`${peer} says: ${lastWords}`, networkForbidden, options);
  }
  const known = wordsOfSsh.find(({ words }) => words.test(lastWords));
  const advice = advise(libvirtProblems, known?.problem ?? 'ssh-failed');
  const Failure = known?.failure ?? ConnectionFailedError;
  return new Failure(`${peer} says: ${lastWords}`, advice, options);
}

function started(child: ChildProcess, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      child.kill();
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    child.once('error', (error) => {
      signal.removeEventListener('abort', onAbort);
      reject(error);
    });
    child.once('spawn', () => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
  });
}

/** A child that is stopped notes the first signal only when it goes on; the second it cannot put off. */
function endChild(child: ChildProcess): void {
  if (child.exitCode !== null || child.signalCode !== null) {
    return;
  }
  const timer = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
  child.once('exit', () => clearTimeout(timer));
  child.kill();
}
