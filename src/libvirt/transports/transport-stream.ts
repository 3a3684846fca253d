import type { Duplex } from 'node:stream';

/** Given the octets that have arrived, which are the taker's only during the call. It must not throw. */
export type OnChunk = (chunk: Uint8Array) => void;

/** An open way to a daemon. */
export interface TransportStream {
  /** For writing, and for how it ends; it is read by {@link startReading} alone. */
  readonly stream: Duplex;
  /** Whether the daemon reads only one message of what is written at once: of a TLS record. */
  readonly oneMessagePerWrite: boolean;
  /** To be called once: until then nothing is read. */
  readonly startReading: (take: OnChunk) => void;
  /** What was connected to, for messages: a socket's path, a host and port, a command. */
  readonly peer: string;
  /** What the transport said about its end: the last words of ssh. */
  readonly lastWords: () => string | undefined;
  /** Waits until its last words have arrived, which may be after its end, or are late. Absent where it has none. */
  readonly untilSilent?: () => Promise<unknown>;
}
