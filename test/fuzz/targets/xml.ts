import { readdirSync, readFileSync } from 'node:fs';
import { parseCapabilitiesXml } from '../../../src/definition/capabilities-xml.ts';
import { DefinitionError } from '../../../src/definition/definition-error.ts';
import { readDomain } from '../../../src/definition/domain-reading.ts';
import { LabelReader } from '../../../src/definition/labels.ts';
import { parseNetworkXml } from '../../../src/definition/network-xml.ts';
import { parsePoolXml, parseVolumeXml } from '../../../src/definition/pool-xml.ts';
import { parseSnapshotXml } from '../../../src/definition/snapshot-xml.ts';
import type { Target } from '../target.ts';

const directory = new URL('../../fixtures/definition/', import.meta.url);

const words = [
  ...[
    '<',
    '>',
    '/>',
    '</',
    '&amp;',
    '&#0;',
    '&#x10ffff;',
    '&x;',
    '<![CDATA[',
    ']]>',
    '<!--',
    '-->',
    '<?',
    '?>',
  ],
  ...['<!DOCTYPE a [', ' xmlns:a=""', ' xmlns="urn:x"', '<metadata>', '</metadata>', '<domain>', '</domain>'],
  ...["unit='KiB'", "unit='EiB'", '18446744073709551616', '-1', '1e309', '0x10', "='", "'", '"', '\u0000'],
];

const documents = (of: (name: string) => boolean): readonly Uint8Array[] =>
  readdirSync(directory)
    .filter((name) => name.endsWith('.xml') && of(name))
    .map((name) => Uint8Array.from(readFileSync(new URL(name, directory))));

const isDomain = (name: string): boolean => /\.(?:in)?active\.xml$/.test(name);

/** The definition of a domain, both of its texts, with labels. */
export function domainXmlTarget(): Target {
  const labels = new LabelReader(
    [{ name: 'owner', xpath: 'string(/domain/metadata//*[local-name()="owner"])' }],
    {},
  );
  const start = { baseline: undefined, sizes: undefined };
  let other: string | undefined;
  return {
    name: 'domain XML',
    corpus: documents(isDomain),
    words,
    weight: 4,
    take: (bytes) =>
      accepts(() => {
        const text = Buffer.from(bytes).toString('utf8');
        readDomain({ live: text, inactive: other ?? text, start, isFresh: true }, labels);
        other = text;
      }),
  };
}

/** Everything else that libvirt describes. */
export function otherXmlTarget(): Target {
  const readers = [parseCapabilitiesXml, parseNetworkXml, parsePoolXml, parseVolumeXml, parseSnapshotXml];
  return {
    name: 'other XML',
    corpus: documents((name) => !isDomain(name)),
    words,
    weight: 4,
    async take(bytes) {
      const text = Buffer.from(bytes).toString('utf8');
      let accepted = false;
      for (const read of readers) accepted = (await acceptsLater(() => read(text))) || accepted;
      return accepted;
    },
  };
}

function accepts(read: () => void): boolean {
  try {
    read();
    return true;
  } catch (error) {
    if (error instanceof DefinitionError) return false;
    throw error;
  }
}

async function acceptsLater(read: () => Promise<unknown>): Promise<boolean> {
  try {
    await read();
    return true;
  } catch (error) {
    if (error instanceof DefinitionError) return false;
    throw error;
  }
}
