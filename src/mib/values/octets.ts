/** The sixteen octets of a UUID in text form, or undefined if it is not one. */
export function uuidOctets(uuid: string): Uint8Array | undefined {
  return known.get(uuid) ?? remembered(uuid, fromHex(uuid.replaceAll('-', ''), 16));
}

/** The six octets of a MAC address with colons, or undefined if it is not one. */
export function macOctets(mac: string): Uint8Array | undefined {
  return known.get(mac) ?? remembered(mac, fromHex(mac.replaceAll(':', ''), 6));
}

/**
 * Octets of texts that were asked for, so that the same text gives the same octets: what is compared with what was
 * sent last, in each refresh, is then the same object.
 */
const known = new Map<string, Uint8Array>();
const maxKnown = 65_536;
/** Those of what has gone are forgotten after this many milliseconds, if others have come since. */
const forgetMs = 600_000;
let begunMs = performance.now();

function remembered(text: string, octets: Uint8Array | undefined): Uint8Array | undefined {
  if (octets === undefined) return undefined;
  const nowMs = performance.now();
  if (known.size >= maxKnown || nowMs - begunMs >= forgetMs) {
    known.clear();
    begunMs = nowMs;
  }
  known.set(text, octets);
  return octets;
}

function fromHex(digits: string, length: number): Uint8Array | undefined {
  const octets = Buffer.from(digits, 'hex');
  return octets.length === length && digits.length === length * 2 ? octets : undefined;
}
