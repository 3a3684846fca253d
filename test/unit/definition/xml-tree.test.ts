import { describe, expect, it } from 'vitest';
import { parseXml, parseXmlInSlices, textOf, xmlLimits } from '../../../src/definition/xml-tree.ts';
import { DaemonError } from '../../../src/errors.ts';

describe('parseXml', () => {
  it('decodes entities, character references and CDATA, and leaves out comments', () => {
    const root = parseXml('<a b="&lt;&#xE4;&quot;">x&amp;<!-- no --><![CDATA[<&>]]>&#228;</a>');
    expect(textOf(root)).toBe('x&<&>ä');
    expect(root.attributes[0]?.value).toBe('<ä"');
  });

  it('resolves namespaces, whatever the prefix', () => {
    const root = parseXml('<d><n:i xmlns:n="urn:x" n:a="1" b="2"><c xmlns="urn:y"/></n:i></d>');
    const child = root.children[0];
    expect(child).toMatchObject({ name: 'i', namespace: 'urn:x', qualifiedName: 'n:i' });
    expect(typeof child === 'object' && child.attributes.slice(1)).toEqual([
      { qualifiedName: 'n:a', name: 'a', namespace: 'urn:x', value: '1' },
      { qualifiedName: 'b', name: 'b', namespace: '', value: '2' },
    ]);
    expect(typeof child === 'object' && child.children[0]).toMatchObject({ namespace: 'urn:y' });
  });

  it('accepts a prefix that is not declared without taking it for a namespace', () => {
    expect(parseXml('<a><q:b/></a>').children[0]).toMatchObject({ name: 'b', namespace: 'q:' });
  });

  it.each([
    ['nothing', ''],
    ['text only', 'x'],
    ['an open element', '<a>'],
    ['an unknown entity', '<a>&foo;</a>'],
    ['a document type', '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'],
    ['a repeated attribute', '<a b="1" b="2"/>'],
    ['two roots', '<a/><b/>'],
    ['a control character', '<a>\u0001</a>'],
    ['a wrong end', '<a></b>'],
  ])('refuses %s', (_, text) => {
    expect(() => parseXml(text)).toThrow(DaemonError);
  });

  it('limits length, depth, elements and attributes', () => {
    const { maxDepth, maxNodes, maxLength } = xmlLimits;
    expect(() => parseXml('<a>'.repeat(maxDepth + 1))).toThrow(/deeper/);
    expect(() => parseXml(`<a>${'<b/>'.repeat(maxNodes)}</a>`)).toThrow(/nodes/);
    const attributes = Array.from({ length: maxNodes }, (_, i) => `a${i}=""`).join(' ');
    expect(() => parseXml(`<a ${attributes}/>`)).toThrow(/nodes/);
    expect(() => parseXml(' '.repeat(maxLength + 1))).toThrow(/exceeds/);
  });

  it('keeps odd names apart from properties of objects', () => {
    const root = parseXml('<a __proto__="1" constructor="2"><__proto__/></a>');
    expect(root.attributes.map((one) => one.value)).toEqual(['1', '2']);
  });

  it('gives the same tree in slices', async () => {
    const text = `<a>${'<b c="ä&amp;">x</b>'.repeat(9000)}</a>`;
    expect(text.length).toBeGreaterThan(2 * 64 * 1024);
    expect(await parseXmlInSlices(text)).toEqual(parseXml(text));
  });
});
