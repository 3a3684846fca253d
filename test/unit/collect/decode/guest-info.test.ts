import { describe, expect, it } from 'vitest';
import {
  fileSystemFacts,
  fileSystemsFromFsInfo,
  guestFacts,
  maxFileSystems,
} from '../../../../src/collect/decode/guest-info.ts';
import { parseDomainXml } from '../../../../src/definition/domain-definition.ts';
import { noParams } from '../../../../src/libvirt/typed-params.ts';
import { type ParamRow, paramFixture, typedParams } from '../params.ts';

const { disks } = parseDomainXml(`<domain><devices>
  <disk><target dev='vda'/><alias name='virtio-disk0'/></disk>
  <disk><target dev='sdb'/><alias name='ua-data'/></disk></devices></domain>`);

describe('guestFacts', () => {
  it('reads what libvirt 9.0 recorded', () => {
    const facts = guestFacts(paramFixture('guest-info-9.0').typed, 5);
    expect(facts).toMatchObject({
      hostname: 'lab-guest',
      osId: 'lab',
      osName: 'Lab guest',
      osVersion: '1',
      machine: 'x86_64',
      timezone: 'UTC',
      timeOffsetSec: 0,
      users: 0,
      load1: undefined,
      infoAt: 5,
    });
    expect(facts.kernel).toMatch(/^\d+\.\d+/);
  });

  it('reads load, a Windows guest and negative offsets', () => {
    expect(guestFacts(paramFixture('guest-info-windows-12').typed, 5)).toMatchObject({
      osId: 'mswindows',
      osName: 'Microsoft Windows',
      osVersion: 'Microsoft Windows Server 2022',
      timeOffsetSec: -18_000,
      users: 2,
      load1: 25,
      load5: 110,
      load15: 0,
    });
  });

  it('knows nothing of a guest that told nothing', () => {
    expect(Object.values({ ...guestFacts(noParams, 1), infoAt: undefined })).toEqual(
      Array(13).fill(undefined),
    );
  });
});

describe('file systems', () => {
  it('reads what libvirt 9.0 recorded', () => {
    const [fs] = fileSystemFacts(paramFixture('guest-info-9.0').typed, disks);
    expect(fs).toMatchObject({ mountPoint: '/mnt', device: 'vda', type: 'ext4', disks: 'vda' });
    expect(fs?.usedPercent).toBeGreaterThan(0);
  });

  it('names disks by target, whether told by target or alias, and each once', () => {
    const [c, data] = fileSystemFacts(paramFixture('guest-info-windows-12').typed, disks);
    expect(c).toMatchObject({ mountPoint: 'C:\\', disks: 'vda', usedPercent: 7500 });
    expect(data).toMatchObject({ mountPoint: 'D:\\', disks: 'sdb vda' });
    expect(data?.totalBytes).toBeUndefined();
  });

  it('takes each mount point once and not without bound', () => {
    const rows: ParamRow[] = [];
    for (let i = 0; i < 2 * maxFileSystems; i += 1)
      rows.push([`fs.${i}.mountpoint`, 'string', `/m${i >> 1}`]);
    rows.push(['fs.x.mountpoint', 'string', '/x'], ['fs.9999.name', 'string', 'lost']);
    const found = fileSystemFacts(typedParams(rows), []);
    expect(found).toHaveLength(maxFileSystems);
    expect(found[0]).toEqual(expect.objectContaining({ mountPoint: '/m0', disks: undefined }));
  });

  it('reads virDomainGetFSInfo of old versions', () => {
    const infos = [{ mountpoint: '/', name: 'dm-0', fsType: 'xfs', disks: ['vda', 'virtio-disk0'] }];
    expect(fileSystemsFromFsInfo(infos, disks)).toEqual([
      {
        mountPoint: '/',
        device: 'dm-0',
        type: 'xfs',
        disks: 'vda',
        totalBytes: undefined,
        usedBytes: undefined,
        usedPercent: undefined,
      },
    ]);
  });
});
