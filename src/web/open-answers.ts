import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Requests of one connection that are answered at a time: what a client sends before it has its answers (pipelining)
 * would be worked on at once, and all of it be kept.
 */
const maxPipelined = 4;

/** Octets of answers that clients have yet to take, all together; of more, those that wait longest are given up. */
const maxWaitingBytes = 256 * 2 ** 20;

/** A client that has had less time than this to take its answer is no slow one, in milliseconds. */
const patienceMs = 1000;

/** How often it is looked whether an answer has been taken, within the time that there is for it. */
const looks = 4;

/** Responses that may last: not bound to the time that one may take to be sent. */
const streaming = new WeakSet<ServerResponse>();

/** Frees a response from the limits of answers, because it is a stream that goes on until either side ends it. */
export function letStream(response: ServerResponse): void {
  streaming.add(response);
}

interface OpenAnswer {
  readonly socket: Socket;
  /** By the monotonic clock, in milliseconds. */
  readonly since: number;
  readonly timer: NodeJS.Timeout;
}

/** The answers that are being given, and what they hold: however slowly they are taken, it is bounded. */
export class OpenAnswers {
  /** Time that there is to take an answer. */
  sendTimeoutMs: number;
  /** Oldest first. */
  readonly #open = new Map<ServerResponse, OpenAnswer>();
  /** Connections that have asked something. */
  readonly #sockets = new Set<Socket>();
  #isFinishing = false;

  constructor(sendTimeoutMs: number) {
    this.sendTimeoutMs = sendTimeoutMs;
  }

  /** Takes on another one; false if its connection was ended instead. */
  add({ socket }: IncomingMessage, response: ServerResponse): boolean {
    if (this.#answersTo(socket).length >= maxPipelined) {
      socket.destroy();
      return false;
    }
    if (this.#isFinishing) response.shouldKeepAlive = false;
    this.#giveUpSlowOnes();
    const { sendTimeoutMs } = this;
    let sentAt: number | undefined;
    const timer = setInterval(() => {
      // The time that it takes to make an answer is not the client's.
      if (!response.headersSent || streaming.has(response)) return;
      sentAt ??= performance.now();
      if (performance.now() - sentAt >= sendTimeoutMs) socket.destroy();
    }, sendTimeoutMs / looks);
    this.#open.set(response, { socket, since: performance.now(), timer });
    response.once('close', () => this.#end(response));
    // An answer whose turn never came is not told that its connection has ended.
    if (!this.#sockets.has(socket)) {
      this.#sockets.add(socket);
      socket.once('close', () => this.#forget(socket));
    }
    return true;
  }

  /** From now on each connection ends as soon as it has all its answers: at once where it waits for none. */
  finish(): void {
    this.#isFinishing = true;
    for (const socket of this.#sockets) {
      const last = this.#answersTo(socket).at(-1);
      // An answer that has not begun can tell its client that it is the last one.
      if (last !== undefined && !last.headersSent) last.shouldKeepAlive = false;
      this.#endIfDone(socket);
    }
  }

  /** Oldest first. */
  #answersTo(socket: Socket): readonly ServerResponse[] {
    return [...this.#open].flatMap(([response, answer]) => (answer.socket === socket ? [response] : []));
  }

  #endIfDone(socket: Socket): void {
    if (this.#answersTo(socket).length === 0) socket.destroySoon();
  }

  #giveUpSlowOnes(): void {
    let waiting = 0;
    for (const response of this.#open.keys()) waiting += response.writableLength;
    if (waiting <= maxWaitingBytes) return;
    const now = performance.now();
    for (const [response, { socket, since }] of this.#open) {
      if (waiting <= maxWaitingBytes || now - since < patienceMs) return;
      if (streaming.has(response)) continue;
      waiting -= response.writableLength;
      socket.destroy();
    }
  }

  #forget(socket: Socket): void {
    this.#sockets.delete(socket);
    for (const [response, answer] of this.#open) if (answer.socket === socket) this.#end(response);
  }

  #end(response: ServerResponse): void {
    const answer = this.#open.get(response);
    clearInterval(answer?.timer);
    this.#open.delete(response);
    if (answer !== undefined && this.#isFinishing) this.#endIfDone(answer.socket);
  }
}
