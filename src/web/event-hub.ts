import { eventsAfter, type JsonEvent, newestSeq } from '../expose/events-json.ts';
import type { ImageTree } from '../image/image-tree.ts';

/** A stream whose client is this many octets behind is ended; it may resume where it was. */
const maxBehindBytes = 256 * 1024;
/** A silent stream says that it lives, in milliseconds. */
const heartbeatMs = 15_000;

/** How a stream writes what it has to say; undefined for an event that it leaves out. */
export interface StreamFormat {
  readonly event: (event: JsonEvent) => string | undefined;
  readonly heartbeat: string;
  /** First of all. */
  readonly head: string;
}

interface Subscriber {
  readonly format: StreamFormat;
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
  lastSeq: number;
  /** Whether it has yet to get what was in the log when it began: it gets that as fast as its client takes it. */
  isCatchingUp: boolean;
}

/** The streams of all hubs together, and how many there may be at a time. */
export interface StreamCount {
  open: number;
  max: number;
}

/** Hands each new entry of the event log to those who listen. */
export class EventHub {
  readonly #tree: ImageTree;
  readonly #count: StreamCount;
  readonly #subscribers = new Set<Subscriber>();
  readonly #encoder = new TextEncoder();
  #heartbeat: NodeJS.Timeout | undefined;

  /** @param count - of all hubs that have this limit together. */
  constructor(tree: ImageTree, count: StreamCount) {
    this.#tree = tree;
    this.#count = count;
  }

  get isFull(): boolean {
    return this.#count.open >= this.#count.max;
  }

  /** A stream of the events behind a number, which begins with those that are in the log; undefined is from now on. */
  subscribe(format: StreamFormat, after: number | undefined): ReadableStream<Uint8Array> {
    let own: Subscriber | undefined;
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          const newest = newestSeq(this.#tree);
          // A number from a log that was begun anew means all of this one.
          const lastSeq = after === undefined ? newest : after > newest ? 0 : after;
          own = { format, controller, lastSeq, isCatchingUp: true };
          this.#subscribers.add(own);
          this.#count.open += 1;
          this.#heartbeat ??= setInterval(() => this.#beat(), heartbeatMs).unref();
          this.#write(own, format.head);
          this.#catchUp(own);
        },
        pull: () => {
          if (own?.isCatchingUp === true) this.#catchUp(own);
        },
        cancel: () => {
          if (own !== undefined) this.#remove(own);
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: maxBehindBytes }),
    );
  }

  /** There is another image. */
  publish(): void {
    for (const subscriber of this.#subscribers) this.#catchUp(subscriber);
  }

  /** Ends every stream. */
  close(): void {
    for (const subscriber of [...this.#subscribers]) this.#end(subscriber);
  }

  #catchUp(subscriber: Subscriber): void {
    for (const event of eventsAfter(this.#tree, subscriber.lastSeq)) {
      const text = subscriber.format.event(event);
      if (subscriber.isCatchingUp && (subscriber.controller.desiredSize ?? 0) <= 0) return;
      subscriber.lastSeq = event.seq;
      if (text !== undefined && !this.#write(subscriber, text)) return;
    }
    subscriber.isCatchingUp = false;
  }

  #beat(): void {
    for (const subscriber of [...this.#subscribers]) this.#write(subscriber, subscriber.format.heartbeat);
  }

  /** False if the stream has ended. */
  #write(subscriber: Subscriber, text: string): boolean {
    if (text === '') return true;
    const { controller } = subscriber;
    if ((controller.desiredSize ?? 0) <= 0) {
      this.#end(subscriber);
      return false;
    }
    controller.enqueue(this.#encoder.encode(text));
    return true;
  }

  #end(subscriber: Subscriber): void {
    this.#remove(subscriber);
    subscriber.controller.close();
  }

  #remove(subscriber: Subscriber): void {
    if (this.#subscribers.delete(subscriber)) this.#count.open -= 1;
    if (this.#subscribers.size > 0) return;
    clearInterval(this.#heartbeat);
    this.#heartbeat = undefined;
  }
}
