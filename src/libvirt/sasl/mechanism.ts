import type { SecurityLayer } from './security-layer.ts';

/** A name and its password. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
  /** Where the user belongs; undefined leaves it to the server. */
  readonly realm?: string | undefined;
}

/** What an exchange needs to know of the connection it is made for. */
export interface ExchangeContext {
  /** Host name of the URI. */
  readonly host: string;
  /** Whether nobody else can read along or pretend to be the host: then no security layer is needed. */
  readonly confidential: boolean;
}

/** One authentication, as the client (RFC 4422). */
export interface Exchange {
  /** The client's first words; undefined where the server begins. */
  first(): Uint8Array | undefined;
  /**
   * The answer to the server.
   *
   * @throws AuthenticationFailedError if the server cannot be trusted, ProtocolError if it makes no sense.
   */
  answer(challenge: Uint8Array): Promise<Uint8Array>;
  /**
   * The layer that was agreed on, once the server has said that it is content.
   *
   * @throws AuthenticationFailedError if the server has not proved that it knows the password, where the
   *   mechanism has it do so: then it may be somebody else.
   */
  finish(): SecurityLayer | undefined;
}

/** A way to authenticate. */
export interface Mechanism {
  /** As registered: `SCRAM-SHA-256`. */
  readonly name: string;
  /** Whether the server, or who pretends to be it, is told the password itself. */
  readonly tellsPassword: boolean;
  /** Whether it can protect what is sent after it. */
  readonly hasLayer: boolean;
  begin(credentials: Credentials, context: ExchangeContext): Exchange;
}
