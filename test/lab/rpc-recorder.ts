import { connect, createServer, type Server, type Socket } from 'node:net';
import { Framer } from '../../src/bytes/framer.ts';
import { decodeLibvirtError } from '../../src/libvirt/libvirt-error.ts';
import {
  decodeHeader,
  frameRule,
  HEADER_OCTETS,
  messageStatus,
  messageTypes,
  programs,
} from '../../src/libvirt/protocol.ts';
import { XdrReader } from '../../src/libvirt/xdr.ts';

/** A call on its way to the daemon, and what was going on then. */
export interface RecordedCall {
  /** Which connection, counted from 0. */
  readonly connection: number;
  /** Procedure number of the remote program. */
  readonly procedure: number;
  /** Procedures of this connection that were under way when this one arrived, this one apart. */
  readonly beside: readonly number[];
}

/** A call that the daemon answered with an error. */
export interface RecordedRefusal {
  /** Procedure number of the remote program. */
  readonly procedure: number;
  /** virErrorNumber */
  readonly code: number;
}

/** How a connection ended. */
export type RecordedEnd = 'client' | 'daemon';

/**
 * A Unix socket between a client and a libvirt daemon that passes all octets on, and notes the calls in the
 * order they were made, and what was under way at that moment.
 */
export class RpcRecorder implements AsyncDisposable {
  readonly calls: RecordedCall[] = [];
  readonly refusals: RecordedRefusal[] = [];
  /** By connection: which side ended it first. */
  readonly ends = new Map<number, RecordedEnd>();
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #connections = 0;

  private constructor(daemonSocket: string) {
    this.#server = createServer((client) => this.#accept(client, daemonSocket));
  }

  /** @param path - of the socket to listen on; @param daemonSocket - what it leads to. */
  static async start(path: string, daemonSocket: string): Promise<RpcRecorder> {
    const recorder = new RpcRecorder(daemonSocket);
    await new Promise<void>((resolve, reject) => {
      recorder.#server.once('error', reject).listen(path, resolve);
    });
    return recorder;
  }

  /** Connections so far. */
  get connections(): number {
    return this.#connections;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #accept(client: Socket, daemonSocket: string): void {
    const connection = this.#connections;
    this.#connections += 1;
    const daemon = connect(daemonSocket);
    const underWay = new Map<number, number>();
    const up = new Framer(frameRule);
    const down = new Framer(frameRule);
    client.on('data', (chunk: Uint8Array) => {
      up.push(chunk, (frame) => {
        const { program, type, procedure, serial } = decodeHeader(frame);
        if (program !== programs.remote || type !== messageTypes.call) return;
        this.calls.push({ connection, procedure, beside: [...underWay.values()] });
        underWay.set(serial, procedure);
      });
      daemon.write(chunk);
    });
    daemon.on('data', (chunk: Uint8Array) => {
      down.push(chunk, (frame) => {
        const { program, type, procedure, serial, status } = decodeHeader(frame);
        if (type !== messageTypes.reply) return;
        underWay.delete(serial);
        if (program !== programs.remote || status !== messageStatus.error) return;
        const { virCode } = decodeLibvirtError(new XdrReader(frame.subarray(HEADER_OCTETS)), `${procedure}`);
        this.refusals.push({ procedure, code: virCode });
      });
      client.write(chunk);
    });
    this.#joinEnds(client, daemon, connection);
  }

  #joinEnds(client: Socket, daemon: Socket, connection: number): void {
    const ended = (by: RecordedEnd, other: Socket) => () => {
      if (!this.ends.has(connection)) this.ends.set(connection, by);
      other.end();
    };
    client.once('end', ended('client', daemon)).once('close', ended('client', daemon));
    daemon.once('end', ended('daemon', client)).once('close', ended('daemon', client));
    for (const socket of [client, daemon]) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => this.#sockets.delete(socket));
    }
  }
}
