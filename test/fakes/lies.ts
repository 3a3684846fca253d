import { randomFillSync } from 'node:crypto';
import { HEADER_OCTETS, messageStatus, messageTypes, programs } from '../../src/libvirt/protocol.ts';
import { XdrWriter } from '../../src/libvirt/xdr.ts';

/*
 * Payloads that no libvirtd sends: lists that are too long, texts that are too large, lengths that are wrong.
 */

/** A reply to connectListAllDomains: so many domains that nobody has heard of before, without a name. */
export function strangers(count: number): Uint8Array {
  const each = 24;
  const bytes = Buffer.alloc(4 + count * each + 4);
  bytes.writeUInt32BE(count, 0);
  const uuids = randomFillSync(Buffer.alloc(16 * count));
  for (let at = 0; at < count; at++) {
    uuids.copy(bytes, 4 + at * each + 4, at * 16, at * 16 + 16);
    bytes.writeInt32BE(-1, 4 + at * each + 20);
  }
  bytes.writeUInt32BE(count, 4 + count * each);
  return bytes;
}

/** The same with so many domains that have names of so many octets. */
export function longNames(count: number, octets: number): Uint8Array {
  const writer = new XdrWriter({ capacity: count * (octets + 64) });
  writer.u32(count);
  const name = 'n'.repeat(octets);
  for (let at = 0; at < count; at++) {
    writer.string(name);
    writer.bytes(randomFillSync(Buffer.alloc(16)));
    writer.i32(-1);
  }
  writer.u32(count);
  return writer.finish();
}

/** The same with one domain, so many times, each time under another name and with another id. */
export function oneOfManyNames(uuid: string, count: number): Uint8Array {
  const writer = new XdrWriter({ capacity: count * 64 });
  writer.u32(count);
  for (let at = 0; at < count; at++) {
    writer.string(`name-${at}`);
    writer.uuid(uuid);
    writer.i32(at % 2 === 0 ? -1 : at);
  }
  writer.u32(count);
  return writer.finish();
}

/** A reply that says to have more items than there are octets. */
export function countOf(items: number): Uint8Array {
  const writer = new XdrWriter({ capacity: 8 });
  writer.u32(items);
  return writer.finish();
}

/** The definition of a domain with a description of so many octets. */
export function largeDefinition(octets: number): Uint8Array {
  const writer = new XdrWriter({ capacity: octets + 1024 });
  writer.string(
    `<domain type="kvm"><name>large</name><description>${'x'.repeat(octets)}</description></domain>`,
  );
  return writer.finish();
}

/** The beginning of a frame of this length. */
export function frameOf(length: number): Uint8Array {
  const frame = Buffer.alloc(HEADER_OCTETS);
  const { reply } = messageTypes;
  for (const [at, word] of [length, programs.remote, 1, 273, reply, 1, messageStatus.ok].entries()) {
    frame.writeUInt32BE(word >>> 0, at * 4);
  }
  return frame;
}
