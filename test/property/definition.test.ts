import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { definitionHash } from '../../src/definition/definition-hash.ts';
import { parseDomainXml } from '../../src/definition/domain-definition.ts';
import { definitionDifferences } from '../../src/definition/pending-change.ts';
import { parseXml, textOf } from '../../src/definition/xml-tree.ts';
import { DaemonError } from '../../src/errors.ts';
import { definitionFixture } from '../unit/definition/fixture.ts';

const rich = definitionFixture('rich.active');

/** Characters that XML 1.0 can hold. */
const xmlText = fc.string({ unit: 'grapheme' }).filter((text) => !/[\p{Cc}\uFFFE\uFFFF]/u.test(text));

function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}

describe('definitions', () => {
  it('parse or fail with an error of ours, whatever is changed in them', () => {
    fc.assert(
      fc.property(fc.nat(rich.length), fc.nat(60), fc.string(), (at, removed, inserted) => {
        const text = rich.slice(0, at) + inserted + rich.slice(at + removed);
        try {
          expect(parseDomainXml(text).spec).toBeDefined();
        } catch (error) {
          expect(error).toBeInstanceOf(DaemonError);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('keep every text', () => {
    fc.assert(
      fc.property(xmlText, (text) => {
        const { name } = parseDomainXml(`<domain><name>${escapeXml(text)}</name></domain>`);
        expect(name).toBe(text.trim() === '' ? undefined : text.trim());
      }),
    );
  });

  it('hash by meaning: attribute order and white space between elements do not count', () => {
    const attributes = fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), xmlText, { maxKeys: 6 });
    fc.assert(
      fc.property(
        attributes,
        fc.array(fc.constantFrom('<b/>', '<c x="1"/>', '<d>t</d>')),
        (values, parts) => {
          const write = (entries: [string, string][], gap: string): string => {
            const list = entries.map(([name, value]) => ` ${name}="${escapeXml(value)}"`).join('');
            return `<a${list}>${parts.join(gap)}</a>`;
          };
          const one = parseXml(write(Object.entries(values), ''));
          const other = parseXml(write(Object.entries(values).reverse(), '\n  '));
          expect(definitionHash(other, 'inactive')).toBe(definitionHash(one, 'inactive'));
          expect(definitionDifferences(one, other)).toEqual([]);
        },
      ),
    );
  });

  it('hash differently for different texts', () => {
    fc.assert(
      fc.property(xmlText, xmlText, (one, other) => {
        const of = (text: string) => parseXml(`<a>${escapeXml(text)}</a>`);
        fc.pre(one.trim() !== '' && other.trim() !== '' && one !== other);
        expect(definitionHash(of(one), 'inactive')).not.toBe(definitionHash(of(other), 'inactive'));
        expect(textOf(of(one))).toBe(one.trim());
      }),
    );
  });
});
