import type { HttpAddress } from './http-address.ts';

/** How HTTP is served. Paths are empty where there is no such file; times are in seconds. */
export interface HttpOptions {
  /** Undefined: not at all. */
  readonly address: HttpAddress | undefined;
  readonly allowRemote: boolean;
  readonly certificate: string;
  readonly privateKey: string;
  readonly clientCa: string;
  readonly usersFile: string;
  readonly tokensFile: string;
  readonly hosts: readonly string[];
  readonly maxConnections: number;
  readonly maxStreams: number;
  readonly sendTimeout: number;
  /** Whether definitions are kept for /api/v1.0/specs. */
  readonly specs: boolean;
  /** How long readings are kept for /api/v1.0/stats; 0 is not at all. */
  readonly history: number;
}

/** Something in these options that does not go together. */
export interface HttpProblem {
  readonly setting: keyof HttpOptions;
  readonly message: string;
}
