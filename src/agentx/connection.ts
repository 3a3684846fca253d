import { connect, type Socket } from 'node:net';
import { Framer } from '../bytes/framer.ts';
import { ConnectionLostError } from '../errors.ts';
import type { AgentxAddress } from './address.ts';
import { connectFailure } from './connect-failure.ts';
import { agentxFrames } from './frames.ts';
import { AGENTX_VERSION, HEADER_BYTES, PduFlag } from './pdu.ts';
import { PduWriter } from './pdu-writer.ts';

/** Octets read at once. */
const READ_BYTES = 64 * 1024;
/** Answers are written out when there are this many octets of them, even if more requests wait. */
const FLUSH_BYTES = 128 * 1024;
/** A master that leaves this many octets unread is given up. */
const MAX_UNREAD_BYTES = 8 * 1024 * 1024;
/** How long the master may take to take our last octets and close, in milliseconds. */
const CLOSE_GRACE_MS = 500;

export interface ConnectOptions {
  readonly address: AgentxAddress;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** One whole PDU, valid only during the call; what is written to `writer` is sent afterwards. */
  readonly onPdu: (frame: Uint8Array, writer: PduWriter) => void;
  /** Called once, when the connection is gone; `error` is undefined if the master just closed it. */
  readonly onClose: (error: Error | undefined) => void;
}

/**
 * A connection with the master: cuts what arrives into PDUs and sends the answers to one read in one write.
 * It is read all the time: snmpd writes to subagents with blocking calls and stands still otherwise.
 */
export class AgentxConnection {
  readonly #options: ConnectOptions;
  readonly #socket: Socket;
  readonly #framer = new Framer(agentxFrames);
  readonly #writer = new PduWriter();
  #reading = false;
  #closed = false;
  #error: Error | undefined;

  /** @throws ConnectionFailedError with a remedy; the signal's reason if it aborts. */
  static connect(options: ConnectOptions): Promise<AgentxConnection> {
    return new Promise((resolve, reject) => {
      const { signal, timeoutMs, address } = options;
      if (signal.aborted) {
        reject(signal.reason as Error);
        return;
      }
      let connected = false;
      const timer = setTimeout(
        () => connection.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })),
        timeoutMs,
      );
      const onAbort = (): void => connection.destroy(signal.reason as Error);
      signal.addEventListener('abort', onAbort, { once: true });
      const settle = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
      };
      const connection = new AgentxConnection({
        ...options,
        onClose(error) {
          if (connected) {
            options.onClose(error);
            return;
          }
          settle();
          reject(signal.aborted ? (signal.reason as Error) : connectFailure(address, error));
        },
      });
      connection.#socket.once('connect', () => {
        settle();
        connected = true;
        resolve(connection);
      });
    });
  }

  private constructor(options: ConnectOptions) {
    this.#options = options;
    const { address } = options;
    const onread = {
      buffer: Buffer.allocUnsafeSlow(READ_BYTES),
      callback: (count: number, buffer: Uint8Array): boolean => {
        this.#onBytes(buffer.subarray(0, count));
        return true;
      },
    };
    this.#socket =
      address.kind === 'unix'
        ? connect({ path: address.path, onread })
        : connect({ host: address.host, port: address.port, noDelay: true, keepAlive: true, onread });
    this.#socket.on('error', (error) => {
      this.#error ??= error;
    });
    this.#socket.on('close', () => {
      this.#closed = true;
      options.onClose(this.#error);
    });
  }

  /** Composes PDUs and sends them. Nothing is sent if `compose` throws. */
  send(compose: (writer: PduWriter) => void): void {
    const before = this.#writer.length;
    try {
      compose(this.#writer);
    } catch (error) {
      this.#writer.truncate(before);
      throw error;
    }
    if (!this.#reading) this.#flush();
  }

  /** Ends the connection after what has been sent; resolves when it is gone. */
  async end(): Promise<void> {
    if (this.#closed) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.#socket.destroy(), CLOSE_GRACE_MS);
      this.#socket.once('close', () => {
        clearTimeout(timer);
        resolve();
      });
      this.#socket.end();
    });
  }

  /** Ends the connection at once; `onClose` gets the error. */
  destroy(error: Error): void {
    this.#error ??= error;
    this.#socket.destroy();
  }

  #onBytes(chunk: Uint8Array): void {
    if (this.#socket.destroyed) return;
    // Nothing may leave this function: it is called by the runtime itself, and an exception would end the
    // process.
    this.#reading = true;
    try {
      if (this.#framer.atBoundary && isWholePdu(chunk)) {
        this.#options.onPdu(chunk, this.#writer);
      } else {
        this.#framer.push(chunk, (frame) => {
          this.#options.onPdu(frame, this.#writer);
          if (this.#writer.length > FLUSH_BYTES) this.#flush();
        });
      }
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)));
    }
    this.#reading = false;
    this.#flush();
  }

  #flush(): void {
    const writer = this.#writer;
    if (writer.length === 0) return;
    if (this.#socket.destroyed) {
      writer.truncate(0);
      return;
    }
    this.#socket.write(writer.composed());
    if (this.#socket.writableLength === 0) {
      writer.truncate(0);
      return;
    }
    // The kernel did not take it all: the runtime still needs the buffer.
    writer.detach();
    if (this.#socket.writableLength > MAX_UNREAD_BYTES) {
      this.destroy(new ConnectionLostError('the master has stopped reading'));
    }
  }
}

/** Whether a chunk is exactly one PDU in network byte order. Most are, and need not be cut then. */
function isWholePdu(chunk: Uint8Array): boolean {
  if (chunk.length < HEADER_BYTES || chunk[0] !== AGENTX_VERSION) return false;
  if (((chunk[2] ?? 0) & PduFlag.networkByteOrder) === 0 || chunk.length % 4 !== 0) return false;
  const payload =
    ((chunk[16] ?? 0) << 24) | ((chunk[17] ?? 0) << 16) | ((chunk[18] ?? 0) << 8) | (chunk[19] ?? 0);
  return payload === chunk.length - HEADER_BYTES;
}
