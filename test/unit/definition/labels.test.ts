import { describe, expect, it } from 'vitest';
import { DefinitionError } from '../../../src/definition/definition-error.ts';
import { LabelReader, maxLabelOctets } from '../../../src/definition/labels.ts';
import { definitionFixture } from './fixture.ts';

const ovirt = `<domain><name>v</name><metadata>
  <v:vm xmlns:v="http://ovirt.org/vm/1.0"><v:clusterVersion>4.7</v:clusterVersion>
    <v:device devtype="disk" name="vda"><v:poolID>p-1</v:poolID></v:device>
    <v:device devtype="disk" name="vdb"><v:poolID>p-2</v:poolID></v:device></v:vm>
  <my:owner xmlns:my="urn:example:own">Jörg &amp; Söhne</my:owner></metadata></domain>`;

function label(xpath: string, xml = ovirt): string | undefined {
  return new LabelReader([{ name: 'x', xpath }], { own: 'urn:example:own' }).read(xml)[0]?.value;
}

describe('LabelReader', () => {
  it.each([
    ['/domain/metadata/ovirt:vm/ovirt:clusterVersion', '4.7'],
    ['//own:owner', 'Jörg & Söhne'],
    ['//ovirt:device/@name', 'vda,vdb'],
    ['//ovirt:device[@name="vdb"]/ovirt:poolID', 'p-2'],
    ['string(//ovirt:poolID)', 'p-1'],
    ['count(//ovirt:device)', '2'],
    ['concat(/domain/name, "-", //ovirt:clusterVersion)', 'v-4.7'],
    ['//ovirt:device[last()]/preceding::ovirt:device/@name', 'vda'],
    ['//ovirt:poolID/ancestor::ovirt:device/@name', 'vda,vdb'],
    ['/domain/name | //own:owner', 'v,Jörg & Söhne'],
    ['//nothing', undefined],
    ['string(//nothing)', undefined],
  ])('%s is %s', (xpath, expected) => {
    expect(label(xpath)).toBe(expected);
  });

  it('reads real Nova metadata', () => {
    const rules = [{ name: 'project', xpath: '//nova:owner/nova:project/@uuid' }];
    expect(new LabelReader(rules).read(definitionFixture('rich.active'))).toEqual([
      { name: 'project', value: 'p-1' },
    ]);
  });

  it.each(['//[', '//undeclared:x', 'nosuch()', '$v', ''])('refuses the rule %s at the start', (xpath) => {
    expect(() => new LabelReader([{ name: 'x', xpath }])).toThrow(DefinitionError);
  });

  it('gives up an evaluation that takes too long and goes on with the next rule', () => {
    const xml = `<domain>${'<a><b/></a>'.repeat(3000)}</domain>`;
    const reader = new LabelReader([
      { name: 'dear', xpath: '//*[count(//*[count(//*) > 1]) > 1]' },
      { name: 'cheap', xpath: 'count(/domain/a)' },
    ]);
    expect(reader.read(xml)).toEqual([{ name: 'cheap', value: '3000' }]);
  });

  it('cuts long values between characters', () => {
    const value = label('//x', `<domain><x>${'ä'.repeat(2000)}</x></domain>`) ?? '';
    expect(Buffer.byteLength(value)).toBe(maxLabelOctets);
    expect(value).toBe('ä'.repeat(maxLabelOctets / 2));
  });
});
