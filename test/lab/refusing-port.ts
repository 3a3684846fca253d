import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A port of 127.0.0.1 where nobody listens, and nobody else can as long as it is held. */
export interface RefusingPort extends AsyncDisposable {
  readonly port: number;
  /** `127.0.0.1:PORT` */
  readonly address: string;
}

/** A TCP port that refuses: a connection from it to somewhere else is open, which leaves no room for a listener. */
export async function refusingTcpPort(): Promise<RefusingPort> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP port');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const holder = connect(address.port, '127.0.0.1');
  await once(holder, 'connect');
  const [other] = await accepted;
  const port = holder.localPort ?? 0;
  return held(port, async () => {
    holder.destroy();
    other.destroy();
    server.close();
    await once(server, 'close');
  });
}

/** A UDP port that refuses: a socket has it that takes nothing but from one peer, which never sends. */
export async function refusingUdpPort(): Promise<RefusingPort> {
  const [holder, peer] = [createSocket('udp4'), createSocket('udp4')];
  for (const socket of [holder, peer]) {
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
  }
  holder.connect(peer.address().port, '127.0.0.1');
  await once(holder, 'connect');
  return held(holder.address().port, async () => {
    for (const socket of [holder, peer]) {
      socket.close();
      await once(socket, 'close');
    }
  });
}

function held(port: number, release: () => Promise<void>): RefusingPort {
  return { port, address: `127.0.0.1:${port}`, [Symbol.asyncDispose]: release };
}
