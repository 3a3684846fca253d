import { describe, expect, it } from 'vitest';
import { definitionHash } from '../../../src/definition/definition-hash.ts';
import {
  adjustableSizes,
  pendingChange,
  pendingDifferences,
  startBaseline,
} from '../../../src/definition/pending-change.ts';
import { parseXml } from '../../../src/definition/xml-tree.ts';
import { definitionFixture } from './fixture.ts';

const q35 = definitionFixture('q35.active');

describe('pendingChange on real domains', () => {
  it.each(['small', 'rich', 'q35', 'balloon', 'hotmem', 'nvdimm', 'consoles', 'transient', 'vmem'])(
    'is false for %s, without having seen its start',
    (name) => {
      const active = parseXml(definitionFixture(`${name}.active`));
      expect(pendingDifferences(active, parseXml(definitionFixture(`${name}.inactive`)))).toEqual([]);
    },
  );

  it('is true after setmem --config and attach-disk --config', () => {
    const sizes = adjustableSizes(parseXml(definitionFixture('q35.inactive')));
    expect(pendingChange(q35, definitionFixture('q35-setmem.inactive'), { sizes })).toBe(true);
    expect(pendingChange(q35, definitionFixture('q35.inactive'), { sizes })).toBe(false);
    expect(pendingDifferences(parseXml(q35), parseXml(definitionFixture('q35-attach.inactive')))).toEqual([
      'domain/devices/disk[vdz]',
    ]);
  });

  it('is true after another size of a virtio-mem device was defined, not after one was requested', () => {
    const active = parseXml(definitionFixture('vmem.active'));
    const inactive = definitionFixture('vmem.inactive');
    const sizes = adjustableSizes(parseXml(inactive));
    expect(sizes).toEqual({
      'domain/currentMemory': '524288',
      'domain/devices/memory#2/target/requested': '65536',
    });
    const changed = inactive.replace("<requested unit='KiB'>65536", "<requested unit='KiB'>32768");
    expect(pendingDifferences(active, parseXml(changed), { sizes })).toEqual([
      'domain/devices/memory#2/target/requested',
    ]);
  });

  it('does not count what differed right after the start, whatever it is', () => {
    const active = parseXml(q35);
    const odd = definitionFixture('q35.inactive').replace('<title>A title', '<title>B title');
    const baseline = startBaseline(active, parseXml(odd));
    expect(pendingChange(active, odd)).toBe(true);
    expect(pendingChange(active, odd, { baseline })).toBe(false);
    expect(pendingChange(active, odd.replace('<title>B', '<title>C'), { baseline })).toBe(true);
  });

  it('takes the overlay of a transient disk of any format for its image', () => {
    const active = definitionFixture('transient.active');
    const raw = definitionFixture('transient.inactive').replace("type='qcow2'", "type='raw'");
    expect(raw).toContain("type='raw'");
    expect(pendingChange(active, raw)).toBe(false);
    expect(pendingChange(active, raw.replace("bus='virtio'", "bus='sata'"))).toBe(true);
  });

  it('takes devices in another order for the same', () => {
    const rng = (path: string): string =>
      `<rng model='virtio'><backend model='random'>${path}</backend></rng>`;
    const domain = (...paths: readonly string[]): string =>
      `<domain><devices>${paths.map(rng).join('')}</devices></domain>`;
    expect(pendingChange(domain('/a', '/b', '/c'), domain('/c', '/a', '/b'))).toBe(false);
    expect(pendingChange(domain('/a', '/b', '/c'), domain('/c', '/a'))).toBe(true);
    expect(pendingChange(domain('/a', '/b'), domain('/b', '/c', '/a'))).toBe(true);
    expect(pendingChange(domain('/a', '/a'), domain('/a', '/b'))).toBe(true);
  });

  it('compares many like entries in any order', () => {
    const entries = Array.from({ length: 2000 }, (_, nth) => `<n:entry xmlns:n='u'>${nth}</n:entry>`);
    const domain = (list: readonly string[]) => `<domain><metadata>${list.join('')}</metadata></domain>`;
    const backwards = domain([...entries].reverse());
    expect(pendingChange(domain(entries), backwards)).toBe(false);
    expect(pendingChange(domain(entries.slice(1)), backwards)).toBe(true);
  });

  it.each([
    ['a removed disk', /<disk type='file' device='disk'>[\s\S]*?<\/disk>/, ''],
    ['another image', "file='/var/lib/libvirt/images/raw3.img'", "file='/other.img'"],
    ['another title', '<title>A title', '<title>B title'],
    ['another pin', "vcpupin vcpu='0' cpuset='1'", "vcpupin vcpu='0' cpuset='0'"],
    ['another CPU mode', "mode='host-passthrough'", "mode='maximum'"],
    ['a changed metadata', '<nova:memory>2048', '<nova:memory>4096'],
    ['a link', "<link state='down'/>", "<link state='up'/>"],
    ['an event less', /<event name='cpu_clock' enabled='yes'\/>/, ''],
    ['another memory size', "<memory unit='KiB'>65536", "<memory unit='KiB'>131072"],
  ])('is true for %s', (_, from, to) => {
    const inactive = definitionFixture('q35.inactive');
    const changed = inactive.replace(from, to);
    expect(changed).not.toBe(inactive);
    expect(pendingChange(q35, changed)).toBe(true);
  });

  it('is true for a disk that is attached to the running domain only', () => {
    const added = q35.replace('<disk ', "<disk type='file'><target dev='vdq'/></disk><disk ");
    expect(pendingDifferences(parseXml(added), parseXml(definitionFixture('q35.inactive')))).toEqual([
      'domain/devices/disk[vdq]',
    ]);
  });
});

describe('definitionHash', () => {
  const hash = (xml: string): string => definitionHash(parseXml(xml), 'inactive');

  it('does not depend on how the same thing is written', () => {
    expect(hash("<a b='1' c='2'><d/><e>x&lt;</e></a>")).toBe(
      hash('<a c="2" b="1">\n  <!-- x -->\n  <d></d>\n  <e>x<![CDATA[<]]></e>\n</a>'),
    );
    expect(hash("<a><n:b xmlns:n='u'/></a>")).toBe(hash("<a><m:b xmlns:m='u'/></a>"));
  });

  it.each([
    ["<a b='1'/>", "<a b='2'/>"],
    ["<a b='1'/>", '<a><b>1</b></a>'],
    ['<a><b/><c/></a>', '<a><c/><b/></a>'],
    ['<a><b/></a>', '<a>b</a>'],
    ['<a>x y</a>', '<a>x  y</a>'],
    ["<a><b xmlns='u'/></a>", "<a><b xmlns='v'/></a>"],
    ["<a b='c' d='e'/>", "<a b='c@1:d1:e'/>"],
    ['<a><b/><b/></a>', '<a><b><b/></b></a>'],
  ])('tells %s from %s', (one, other) => {
    expect(hash(one)).not.toBe(hash(other));
  });

  it('changes with a setting and returns with it', () => {
    const before = hash(definitionFixture('q35.inactive'));
    expect(before).toMatch(/^[0-9a-f]{64}$/);
    expect(hash(definitionFixture('q35-setmem.inactive'))).not.toBe(before);
  });

  it('leaves out of an active definition what belongs to the run', () => {
    const active = definitionFixture('q35.active');
    const later = active
      .replace(/<domain type='kvm' id='\d+'/, "<domain type='kvm' id='4711'")
      .replace(/vnet\d+/g, 'vnet77')
      .replace(/\/dev\/pts\/\d+/g, '/dev/pts/77')
      .replace(/<currentMemory unit='KiB'>\d+/, "<currentMemory unit='KiB'>1");
    expect(later).not.toBe(active);
    expect(definitionHash(parseXml(later), 'active')).toBe(definitionHash(parseXml(active), 'active'));
    const changed = active.replace("<link state='down'/>", '');
    expect(definitionHash(parseXml(changed), 'active')).not.toBe(definitionHash(parseXml(active), 'active'));
  });
});
