import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { Framer } from '../../bytes/framer.ts';
import { ProtocolError } from '../../errors.ts';
import { Rc4 } from './rc4.ts';
import type { SecurityLayer } from './security-layer.ts';

/*
 * A packet of DIGEST-MD5 with confidentiality (RFC 2831, section 2.4):
 *
 *   u32 length of what follows
 *   encrypted with RC4: message, first 10 octets of HMAC-MD5(u32 sequence number, message)
 *   u16 version 1, u32 sequence number
 */

/** Octets of a packet that a client may send at most, and that we take: what libvirt's daemons say as well. */
export const MAX_PACKET_OCTETS = 65_536;

const LENGTH_OCTETS = 4;
const MAC_OCTETS = 10;
const TRAILER_OCTETS = 6;
const VERSION = 1;

const OVERHEAD_OCTETS = MAC_OCTETS + TRAILER_OCTETS;

const agreedTexts = {
  client: {
    integrity: 'Digest session key to client-to-server signing key magic constant',
    secrecy: 'Digest H(A1) to client-to-server sealing key magic constant',
  },
  server: {
    integrity: 'Digest session key to server-to-client signing key magic constant',
    secrecy: 'Digest H(A1) to server-to-client sealing key magic constant',
  },
} as const;

/** What both sides know after the exchange. */
export interface LayerOptions {
  /** H(A1), 16 octets. */
  readonly sessionKey: Uint8Array;
  /** Octets of a packet that the peer takes. */
  readonly peerMaxOctets: number;
  /** Which side we are; default the client. */
  readonly side?: 'client' | 'server';
}

/** The security layer of DIGEST-MD5 with `qop=auth-conf` and `cipher=rc4`. */
export class DigestMd5Layer implements SecurityLayer {
  readonly #framer = new Framer({
    headerSize: LENGTH_OCTETS,
    frameLength: (view, at) => view.getUint32(at) + LENGTH_OCTETS,
    minLength: LENGTH_OCTETS + MAC_OCTETS + TRAILER_OCTETS,
    maxLength: LENGTH_OCTETS + MAX_PACKET_OCTETS,
  });
  readonly #out: Direction;
  readonly #in: Direction;
  readonly #maxMessage: number;

  constructor({ sessionKey, peerMaxOctets, side = 'client' }: LayerOptions) {
    const [own, other] =
      side === 'client' ? (['client', 'server'] as const) : (['server', 'client'] as const);
    this.#out = new Direction(sessionKey, agreedTexts[own]);
    this.#in = new Direction(sessionKey, agreedTexts[other]);
    this.#maxMessage = Math.min(peerMaxOctets, MAX_PACKET_OCTETS) - OVERHEAD_OCTETS;
  }

  seal(octets: Uint8Array): Uint8Array {
    const packets: Uint8Array[] = [];
    for (let start = 0; start < octets.length; start += this.#maxMessage) {
      packets.push(this.#out.seal(octets.subarray(start, start + this.#maxMessage)));
    }
    return Buffer.concat(packets);
  }

  open(chunk: Uint8Array, take: (octets: Uint8Array) => void): void {
    this.#framer.push(chunk, (packet) => take(this.#in.open(packet.subarray(LENGTH_OCTETS))));
  }
}

/** One direction: its keys, its cipher and its count of packets. */
class Direction {
  readonly #integrityKey: Buffer;
  readonly #cipher: Rc4;
  #sequence = 0;

  constructor(sessionKey: Uint8Array, texts: { readonly integrity: string; readonly secrecy: string }) {
    this.#integrityKey = md5(sessionKey, texts.integrity);
    this.#cipher = new Rc4(md5(sessionKey, texts.secrecy));
  }

  seal(message: Uint8Array): Buffer {
    const sealed = this.#cipher.update(Buffer.concat([message, this.#mac(message)]));
    const packet = Buffer.alloc(LENGTH_OCTETS + sealed.length + TRAILER_OCTETS);
    packet.writeUInt32BE(sealed.length + TRAILER_OCTETS);
    packet.set(sealed, LENGTH_OCTETS);
    packet.writeUInt16BE(VERSION, LENGTH_OCTETS + sealed.length);
    packet.writeUInt32BE(this.#sequence, LENGTH_OCTETS + sealed.length + 2);
    this.#next();
    return packet;
  }

  /** @param packet - without its length. */
  open(packet: Uint8Array): Uint8Array {
    const trailer = Buffer.from(packet.subarray(-TRAILER_OCTETS));
    if (trailer.readUInt16BE() !== VERSION || trailer.readUInt32BE(2) !== this.#sequence) throw spoilt();
    const opened = this.#cipher.update(packet.subarray(0, -TRAILER_OCTETS));
    const message = opened.subarray(0, -MAC_OCTETS);
    if (!timingSafeEqual(this.#mac(message), opened.subarray(-MAC_OCTETS))) throw spoilt();
    this.#next();
    return message;
  }

  #next(): void {
    this.#sequence = (this.#sequence + 1) >>> 0;
  }

  #mac(message: Uint8Array): Buffer {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(this.#sequence);
    return createHmac('md5', this.#integrityKey)
      .update(number)
      .update(message)
      .digest()
      .subarray(0, MAC_OCTETS);
  }
}

function md5(key: Uint8Array, text: string): Buffer {
  return createHash('md5').update(key).update(text).digest();
}

function spoilt(): ProtocolError {
  return new ProtocolError('DIGEST-MD5: a packet was changed on its way, or is out of order');
}
