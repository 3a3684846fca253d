/** How the values of each kind of object are given; `convert.ts` turns them into what is sent. */
export interface ValuesOfKinds {
  /** Integer32: clamped to the range of the MIB. */
  readonly integer: number;
  /** Gauge32 and Unsigned32: clamped to the range of the MIB. */
  readonly gauge: number;
  /** Counter32: modulo 2^32. */
  readonly counter: number;
  /** TimeTicks: hundredths of a second, modulo 2^32. */
  readonly timeTicks: number;
  /** Counter64: modulo 2^64. */
  readonly counter64: number | bigint;
  /** CounterBasedGauge64: clamped to 2^64 - 1. */
  readonly gauge64: number | bigint;
  readonly boolean: boolean;
  /** A moment in milliseconds since 1970. */
  readonly dateAndTime: number;
  /** A moment, as above, sent as the master's sysUpTime at that moment; 0 is before it started. */
  readonly timeStamp: number;
  /** UTF-8, cut to the SIZE at a character boundary; octets are sent as they are. */
  readonly text: string | Uint8Array;
  /** `0-3,8`, cut to the SIZE after a complete element. */
  readonly cpuList: string;
  readonly octets: Uint8Array;
  readonly oid: readonly number[];
}

/** Any value a binding may give. */
export type BoundValue = ValuesOfKinds[keyof ValuesOfKinds];
