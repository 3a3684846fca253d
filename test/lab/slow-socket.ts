import { connect, createServer, type Socket } from 'node:net';
import { makeLabDirectory } from './lab-directory.ts';

/** A socket in front of another one. */
export interface SlowSocket {
  readonly path: string;
  /** Octets are this many milliseconds late from now on, each way. */
  delayMs: number;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * A socket through which a daemon is reached as over a long line: everything arrives later, each way, and nothing is lost.
 * It stands for `tc netem`, which not every kernel has.
 */
export async function startSlowSocket(target: string, delayMs: number): Promise<SlowSocket> {
  const directory = await makeLabDirectory();
  const path = directory.file('slow-sock');
  const sockets = new Set<Socket>();
  const line = { path, delayMs };
  const forward = (from: Socket, to: Socket): void => {
    sockets.add(from);
    from.on('data', (chunk: Buffer) => setTimeout(() => void to.write(chunk), line.delayMs));
    from.on('error', () => to.destroy());
    from.on('close', () => {
      sockets.delete(from);
      setTimeout(() => to.end(), line.delayMs);
    });
  };
  const server = createServer((client) => {
    const daemon = connect(target);
    forward(client, daemon);
    forward(daemon, client);
  });
  await new Promise<void>((resolve) => {
    server.listen(path, resolve);
  });
  return Object.assign(line, {
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      await directory[Symbol.asyncDispose]();
    },
  });
}
