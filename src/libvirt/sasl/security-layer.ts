/** Protects what is sent after an authentication (RFC 4422, section 3.7), in both directions. */
export interface SecurityLayer {
  /** What is sent in the place of these octets. */
  seal(octets: Uint8Array): Uint8Array;
  /**
   * Adds octets from the peer, and hands out what was in them as soon as it is whole. What is handed out is the
   * taker's only during the call.
   *
   * @throws ProtocolError if the octets are not what the peer sealed; the connection must end then.
   */
  open(chunk: Uint8Array, take: (octets: Uint8Array) => void): void;
}
