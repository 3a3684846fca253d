import { createHash } from 'node:crypto';
import { DefinitionError } from './definition-error.ts';
import { expectRoot, parseXml, type XmlElement, type XmlLimits, xmlLimits } from './xml-tree.ts';

/** A parsed definition. */
export interface DomainDocument {
  readonly root: XmlElement;
  /** Why its metadata could not be read, so that `root` is without; undefined where nothing is missing. */
  readonly metadataFault: string | undefined;
  /** SHA-256 in hexadecimal of the metadata that is missing. */
  readonly metadataDigest: string | undefined;
}

/**
 * Parses the XML of a domain. Its metadata belongs to others: where the document can be read without it, it costs
 * at most itself.
 *
 * @throws DefinitionError if the text cannot be read without its metadata either, or is not a domain.
 */
export function readDomainDocument(xml: string, limits: XmlLimits = xmlLimits): DomainDocument {
  try {
    const root = expectRoot(parseXml(xml, limits), 'domain');
    return { root, metadataFault: undefined, metadataDigest: undefined };
  } catch (error) {
    const parts = cutElement(xml, 'metadata');
    if (!(error instanceof DefinitionError) || parts === undefined) throw error;
    const root = expectRoot(parseXml(parts.rest, limits), 'domain');
    const metadataDigest = createHash('sha256').update(parts.element).digest('hex');
    return { root, metadataFault: error.message, metadataDigest };
  }
}

/**
 * A document without an element, without looking at what is inside that: from the first of that name to the last end
 * of one. Of what libvirt prints, only elements begin with an unescaped angle bracket, and what is nested in an
 * element of that name belongs to it.
 */
export function cutElement(
  xml: string,
  name: string,
): { readonly element: string; readonly rest: string } | undefined {
  const begin = new RegExp(`<${name}(?=[\\s>])`).exec(xml)?.index;
  const endTag = `</${name}>`;
  const end = xml.lastIndexOf(endTag);
  if (begin === undefined || end < begin) return undefined;
  const after = end + endTag.length;
  return { element: xml.slice(begin, after), rest: xml.slice(0, begin) + xml.slice(after) };
}
