import { describe, expect, it } from 'vitest';
import { InfrastructureRecord } from '../../../../src/collect/records/infrastructure-record.ts';
import { parseDomainXml } from '../../../../src/definition/domain-definition.ts';
import type { Pool } from '../../../../src/model/pool.ts';

const pool = (name: string, type: string, path: string): Pool =>
  ({ name, type, path, uuid: name, index: 1 }) as unknown as Pool;

function poolOf(record: InfrastructureRecord, type: string, source: string): string | undefined {
  const xml = `<domain><devices><disk type='${type}'>${source}<target dev='vda'/></disk></devices></domain>`;
  const [disk] = parseDomainXml(xml).disks;
  return disk === undefined ? undefined : record.poolOf(disk);
}

describe('the pool of a disk', () => {
  const record = new InfrastructureRecord();
  record.setPools([
    pool('images', 'dir', '/var/lib/libvirt/images/'),
    pool('vg', 'logical', '/dev/vg0'),
    pool('sdb', 'disk', '/dev'),
  ]);

  it.each([
    ['file', "<source file='/var/lib/libvirt/images/a.raw'/>", 'images'],
    ['file', "<source file='/var/lib/libvirt/images/sub/a.raw'/>", undefined],
    ['file', "<source file='/srv/images/a.raw'/>", undefined],
    ['block', "<source dev='/dev/vg0/lv'/>", 'vg'],
    ['block', "<source dev='/dev/sdc'/>", undefined],
    ['volume', "<source pool='p' volume='v'/>", 'p'],
    ['network', "<source protocol='gluster' name='vol/a'/>", 'vol'],
    ['dir', "<source dir='/var/lib/libvirt/images/x'/>", undefined],
  ])('of a %s with %s', (type, source, expected) => {
    expect(poolOf(record, type, source)).toBe(expected);
  });

  it('tells when it may be another', () => {
    const other = new InfrastructureRecord();
    expect(other.setPools([pool('a', 'dir', '/a')])).toBe(true);
    expect(other.setPools([pool('a', 'dir', '/a')])).toBe(false);
    expect(other.setPools([pool('b', 'dir', '/a')])).toBe(true);
  });
});
