import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { agentxFrames } from '../../src/agentx/frames.ts';
import type { ResponsePdu } from '../../src/agentx/pdu.ts';
import { PduWriter } from '../../src/agentx/pdu-writer.ts';
import { Framer } from '../../src/bytes/framer.ts';
import { makeLabDirectory } from '../lab/lab-directory.ts';
import { waitUntil } from '../lab/wait.ts';
import type { Pdu } from '../support/agentx-codec.ts';
import { decodePdu, encodePdu } from '../support/agentx-codec.ts';

type Encodable = Exclude<Pdu, { kind: 'unknown' }>;

/** How the fake answers a PDU of the subagent: with res.error, or (undefined) not at all. */
export type Answer = (pdu: Pdu) => number | undefined;

/** A master agent that does what a test tells it, over real bytes on a UNIX socket. */
export interface FakeMaster {
  readonly path: string;
  /** Every PDU received, over all connections. */
  readonly received: readonly Pdu[];
  readonly connections: number;
  answer: Answer;
  /** sysUpTime of its Responses, in hundredths of a second. */
  sysUpTime: number;
  waitFor<K extends Pdu['kind']>(kind: K, count?: number): Promise<readonly (Pdu & { kind: K })[]>;
  /** Bytes to the newest connection. */
  send(bytes: Uint8Array): void;
  /** Sends a request and resolves with the Response to it. */
  ask(pdu: Encodable): Promise<ResponsePdu>;
  /** A Response that was left out, to a PDU of the newest connection. */
  respond(packetId: number): void;
  /** Ends the newest connection without a word. */
  drop(): void;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Session of the newest connection is its number, from 1. */
export async function startFakeMaster(): Promise<FakeMaster> {
  const directory = await makeLabDirectory();
  const path = directory.file('master');
  const received: Pdu[] = [];
  const sockets: Socket[] = [];
  const newest = (): Socket => {
    const socket = sockets.at(-1);
    if (socket === undefined) throw new Error('nobody is connected');
    return socket;
  };
  const server: Server = createServer((socket) => {
    sockets.push(socket);
    const sessionId = sockets.length;
    const framer = new Framer(agentxFrames);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      framer.push(chunk, (frame) => {
        const pdu = decodePdu(frame);
        received.push(pdu);
        if (pdu.kind === 'response' || pdu.kind === 'close') return;
        const error = master.answer(pdu);
        if (error === undefined) return;
        socket.write(responseBytes(sessionId, pdu, master.sysUpTime, error));
      });
    });
  });
  server.listen(path);
  await once(server, 'listening');
  const close = async () => {
    for (const socket of sockets) socket.destroy();
    if (server.listening) {
      server.close();
      await once(server, 'close');
    }
    await directory.remove();
  };
  const master: FakeMaster = {
    path,
    received,
    get connections() {
      return sockets.length;
    },
    answer: () => 0,
    sysUpTime: 100,
    waitFor: (kind, count = 1) =>
      waitUntil(
        () => {
          const found = received.filter((pdu): pdu is Pdu & { kind: typeof kind } => pdu.kind === kind);
          return found.length >= count ? found : undefined;
        },
        { what: `${count} ${kind} PDUs`, intervalMs: 5 },
      ),
    send: (bytes) => newest().write(bytes),
    async ask(pdu) {
      newest().write(pduBytes(pdu));
      return waitUntil(
        () =>
          received.find(
            (other): other is ResponsePdu => other.kind === 'response' && other.packetId === pdu.packetId,
          ),
        { what: 'a response', intervalMs: 5 },
      );
    },
    respond: (packetId) =>
      newest().write(
        responseBytes(sockets.length, { transactionId: packetId, packetId }, master.sysUpTime, 0),
      ),
    drop: () => newest().destroy(),
    close,
    [Symbol.asyncDispose]: close,
  };
  return master;
}

function responseBytes(
  sessionId: number,
  { transactionId, packetId }: Pick<Pdu, 'transactionId' | 'packetId'>,
  sysUpTime: number,
  error: number,
): Buffer {
  return pduBytes({
    kind: 'response',
    sessionId,
    transactionId,
    packetId,
    sysUpTime,
    error,
    index: 0,
    varBinds: [],
  });
}

/** The bytes of a PDU in network byte order. */
export function pduBytes(pdu: Encodable): Buffer {
  const writer = new PduWriter();
  encodePdu(writer, pdu);
  return Buffer.from(writer.composed());
}
