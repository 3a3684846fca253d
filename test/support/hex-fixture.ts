import { readFileSync } from 'node:fs';
import { HEADER_OCTETS } from '../../src/libvirt/protocol.ts';
import { XdrReader } from '../../src/libvirt/xdr.ts';

/** Frames of a recorded exchange with a real libvirtd, by part. */
export interface HexFixture {
  readonly call: Uint8Array;
  readonly reply: Uint8Array;
  readonly event: Uint8Array;
}

/** Reads test/fixtures/libvirt/NAME.hex: parts start with `# call`, `# reply`, `# event`; a part that is absent is empty. */
export function loadHexFixture(name: string): HexFixture {
  const text = readFileSync(new URL(`../fixtures/libvirt/${name}.hex`, import.meta.url), 'utf8');
  const parts: Record<string, string> = {};
  let part = '';
  for (const line of text.split('\n')) {
    const title = /^# (call|reply|event)$/.exec(line)?.[1];
    if (title !== undefined) part = title;
    else if (/^[0-9a-f]{8}/.test(line)) parts[part] = (parts[part] ?? '') + line.slice(0, 8);
  }
  const bytes = (key: string): Uint8Array => Buffer.from(parts[key] ?? '', 'hex');
  return { call: bytes('call'), reply: bytes('reply'), event: bytes('event') };
}

/** A reader at the payload of a frame. */
export function payloadReader(frame: Uint8Array): XdrReader {
  return new XdrReader(frame, HEADER_OCTETS);
}
