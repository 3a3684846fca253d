import { describe, expect, it } from 'vitest';
import { parseXml, textOf, xmlLimits } from '../../../src/definition/xml-tree.ts';
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

  it('takes a reference to an entity for the text it is, whatever a document type declares', () => {
    const text = '<!DOCTYPE a [<!ENTITY x "yyy"><!ENTITY big "&x;&x;&x;">]><a b="&big;">&x;&lt;</a>';
    const root = parseXml(text);
    expect(textOf(root)).toBe('&x;<');
    expect(root.attributes[0]?.value).toBe('&big;');
  });

  // Each was defined, and printed again, by a real libvirtd (9.0) in the metadata of a domain.
  it.each([
    ['two colons', "<app:owner:team xmlns:app='urn:a'>x</app:owner:team>", 'owner:team', 'urn:a'],
    ['an empty prefix', "<:a xmlns='urn:x'/>", 'a', 'urn:x'],
    ['an empty local name', "<a: xmlns:a='urn:x'/>", '', 'urn:x'],
    ['a prefix bound to nothing', "<p:a xmlns:p=''>e</p:a>", 'a', 'p:'],
    ['an attribute with two colons', "<p:a xmlns:p='urn:p' p:b:c='1'/>", 'a', 'urn:p'],
    ['the prefix of declarations', "<xmlns:a xmlns:xmlns='urn:q'/>", 'a', 'http://www.w3.org/2000/xmlns/'],
    ['another meaning of xml', "<xml:a xmlns:xml='urn:z'/>", 'a', 'http://www.w3.org/XML/1998/namespace'],
    ['an instruction with a colon', "<p:a xmlns:p='urn:p'><?p:i data?></p:a>", 'a', 'urn:p'],
  ])('takes %s', (_, text, name, namespace) => {
    expect(parseXml(text)).toMatchObject({ name, namespace });
  });

  it('takes two attributes that have the same expanded name', () => {
    const root = parseXml("<a xmlns:p='urn:x' xmlns:q='urn:x' p:k='1' q:k='2'/>");
    expect(
      root.attributes.filter(({ namespace }) => namespace === 'urn:x').map(({ value }) => value),
    ).toEqual(['1', '2']);
  });

  it.each([
    ['nothing', ''],
    ['text only', 'x'],
    ['an open element', '<a>'],
    ['a name that is none of an entity', '<a>&1;</a>'],
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
});
