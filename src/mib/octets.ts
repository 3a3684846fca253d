/** The sixteen octets of a UUID in text form, or undefined if it is not one. */
export function uuidOctets(uuid: string): Uint8Array | undefined {
  return fromHex(uuid.replaceAll('-', ''), 16);
}

/** The six octets of a MAC address with colons, or undefined if it is not one. */
export function macOctets(mac: string): Uint8Array | undefined {
  return fromHex(mac.replaceAll(':', ''), 6);
}

function fromHex(digits: string, length: number): Uint8Array | undefined {
  const octets = Buffer.from(digits, 'hex');
  return octets.length === length && digits.length === length * 2 ? octets : undefined;
}
