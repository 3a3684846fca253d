import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { agentxFrames } from '../../src/agentx/frames.ts';
import { PduWriter } from '../../src/agentx/pdu-writer.ts';
import { Framer } from '../../src/bytes/framer.ts';
import { makeLabDirectory } from '../lab/lab-directory.ts';
import { delay, waitUntil } from '../lab/wait.ts';
import { decodePdu, encodePdu } from '../support/agentx-codec.ts';

/** A master agent that takes the time of its requests, without an snmpd in between. */
export interface StopwatchMaster {
  /** `unix:/path`. */
  readonly address: string;
  /** Resolves when a subagent has registered and has this object. */
  waitForObject(oid: readonly number[]): Promise<void>;
  /** An object's value, where that is a number. */
  valueOf(oid: readonly number[]): Promise<number>;
  /**
   * Sends Gets of an object for so long and returns the time in milliseconds that each answer took. With a pace in
   * milliseconds a Get is sent whenever it is due, answered or not; without, each follows the answer to the last.
   */
  time(oid: readonly number[], durationMs: number, paceMs?: number): Promise<readonly number[]>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Type of a Response PDU, in the second octet of the header. */
const responseType = 18;

export async function startStopwatchMaster(): Promise<StopwatchMaster> {
  const directory = await makeLabDirectory();
  const path = directory.file('master');
  let subagent: Socket | undefined;
  let registered = false;
  let packetId = 1000;
  /** By packet id: told of the answer's octets. */
  const waiting = new Map<number, (frame: Uint8Array) => void>();
  const server = createServer((socket) => {
    subagent = socket;
    const framer = new Framer(agentxFrames);
    socket.on('error', () => {});
    socket.on('close', () => {
      if (subagent === socket) registered = false;
    });
    socket.on('data', (chunk) => {
      framer.push(chunk, (frame) => {
        const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
        if (bytes[1] === responseType) {
          const id = bytes.readUInt32BE(12);
          const done = waiting.get(id);
          waiting.delete(id);
          done?.(bytes);
        } else {
          registered = answerAdministration(socket, frame) || registered;
        }
      });
    });
  });
  server.listen(path);
  await once(server, 'listening');

  const ask = (oid: readonly number[], done: (frame: Uint8Array) => void): void => {
    packetId += 1;
    const writer = new PduWriter();
    const range = { start: oid, end: [], include: false };
    encodePdu(writer, { kind: 'get', sessionId: 1, transactionId: packetId, packetId, ranges: [range] });
    waiting.set(packetId, done);
    subagent?.write(Buffer.from(writer.composed()));
  };
  const timed = async (oid: readonly number[]): Promise<number> => {
    const sentMs = performance.now();
    await new Promise<Uint8Array>((resolve) => ask(oid, resolve));
    return performance.now() - sentMs;
  };
  return {
    address: `unix:${path}`,
    waitForObject: async (oid) => {
      await waitUntil(
        async () => {
          if (!registered) return false;
          const frame = await new Promise<Uint8Array>((resolve) => ask(oid, resolve));
          const pdu = decodePdu(frame);
          return pdu.kind === 'response' && pdu.varBinds[0]?.value !== undefined;
        },
        { what: 'the subagent to have rows', timeoutMs: 120_000 },
      );
    },
    async valueOf(oid) {
      const frame = await new Promise<Uint8Array>((resolve) => ask(oid, resolve));
      const pdu = decodePdu(frame);
      return pdu.kind === 'response' ? Number(pdu.varBinds[0]?.value) : Number.NaN;
    },
    async time(oid, durationMs, paceMs) {
      const endMs = performance.now() + durationMs;
      const times: number[] = [];
      if (paceMs === undefined) {
        while (performance.now() < endMs) times.push(await timed(oid));
        return times;
      }
      const pending: Promise<unknown>[] = [];
      for (let dueMs = performance.now(); dueMs < endMs; dueMs += paceMs) {
        await delay(Math.max(0, dueMs - performance.now()));
        pending.push(timed(oid).then((time) => times.push(time)));
      }
      await Promise.all(pending);
      return times;
    },
    async [Symbol.asyncDispose]() {
      subagent?.destroy();
      server.close();
      await directory.remove();
    },
  };
}

/** Agrees to whatever the subagent wants; tells whether that was to register. */
function answerAdministration(socket: Socket, frame: Uint8Array): boolean {
  const pdu = decodePdu(frame);
  if (pdu.kind === 'close') return false;
  const writer = new PduWriter();
  encodePdu(writer, {
    kind: 'response',
    sessionId: 1,
    transactionId: pdu.transactionId,
    packetId: pdu.packetId,
    sysUpTime: 100,
    error: 0,
    index: 0,
    varBinds: [],
  });
  socket.write(Buffer.from(writer.composed()));
  return pdu.kind === 'register';
}
