import { type DomainRef, limits, type MomentRef, type NamedRef } from './protocol.ts';
import { TextCache } from './text-cache.ts';
import type { XdrReader, XdrWriter } from './xdr.ts';

const domainNames = new TextCache();

/** `string name, uuid, int id` */
export function encodeDomain(writer: XdrWriter, domain: DomainRef): void {
  writer.string(domain.name);
  writer.uuid(domain.uuid);
  writer.i32(domain.id);
}

export function decodeDomain(reader: XdrReader): DomainRef {
  const name = reader.cachedString(limits.stringOctets, 'domain name', domainNames, limits.nameOctets);
  return { name, uuid: reader.uuid(), id: reader.i32() };
}

/** `string name, uuid` */
export function encodeNamed(writer: XdrWriter, object: NamedRef): void {
  writer.string(object.name);
  writer.uuid(object.uuid);
}

export function decodeNamed(reader: XdrReader): NamedRef {
  return { name: nameOf(reader), uuid: reader.uuid() };
}

/** `string name, domain` */
export function encodeMoment(writer: XdrWriter, moment: MomentRef): void {
  writer.string(moment.name);
  encodeDomain(writer, moment.domain);
}

export function decodeMoment(reader: XdrReader): MomentRef {
  return { name: nameOf(reader), domain: decodeDomain(reader) };
}

/** The daemon goes by the UUID, or the domain and the name: nothing is asked for by a name that was cut. */
function nameOf(reader: XdrReader): string {
  return reader.cutString(limits.stringOctets, limits.nameOctets, 'name');
}

/** A text of any length the protocol allows. */
export function text(reader: XdrReader, what: string): string {
  return reader.string(limits.stringOctets, what);
}

export function optionalText(reader: XdrReader, what: string): string | undefined {
  return reader.optional((inner) => inner.string(limits.stringOctets, what));
}
