import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { parseCapabilitiesXml } from '../../../src/definition/capabilities-xml.ts';
import { parseNetworkXml } from '../../../src/definition/network-xml.ts';
import { readNova } from '../../../src/definition/nova.ts';
import { parsePoolXml, parseVolumeXml } from '../../../src/definition/pool-xml.ts';
import { parseSnapshotXml } from '../../../src/definition/snapshot-xml.ts';
import { parseXml, turnLength } from '../../../src/definition/xml-tree.ts';
import { DaemonError } from '../../../src/errors.ts';
import { definitionFixture } from './fixture.ts';

describe('readNova', () => {
  const metadata = (version: string, prefix: string): string =>
    `<metadata><${prefix}:instance xmlns:${prefix}="http://openstack.org/xmlns/libvirt/nova/${version}">
      <${prefix}:package version="27.1"/><${prefix}:name>web &amp; db</${prefix}:name>
      <${prefix}:creationTime>2024-05-06 07:08:09</${prefix}:creationTime>
      <${prefix}:flavor name="m1"><${prefix}:memory>512</${prefix}:memory><${prefix}:vcpus>1</${prefix}:vcpus></${prefix}:flavor>
      <${prefix}:owner><${prefix}:user uuid="u">ann</${prefix}:user><${prefix}:project uuid="p">ops</${prefix}:project></${prefix}:owner>
      <${prefix}:root type="image" uuid="i"/></${prefix}:instance></metadata>`;

  it.each([
    ['1.0', 'nova'],
    ['1.1', 'nova'],
    ['1.1', 'other'],
  ])('knows namespace %s by its URI, with prefix %s', (version, prefix) => {
    expect(readNova(parseXml(metadata(version, prefix)))).toEqual({
      instanceName: 'web & db',
      flavor: 'm1',
      projectName: 'ops',
      projectId: 'p',
      userName: 'ann',
      userId: 'u',
      imageId: 'i',
      rootType: 'image',
      creationAt: Date.UTC(2024, 4, 6, 7, 8, 9),
      package: '27.1',
      flavorVcpus: 1,
      flavorMemoryBytes: 512 * 1024 * 1024,
    });
  });

  it('ignores other metadata and survives an empty instance', () => {
    expect(readNova(undefined)).toBeUndefined();
    expect(readNova(parseXml(metadata('9.9', 'nova')))).toBeUndefined();
    const empty = '<metadata><instance xmlns="http://openstack.org/xmlns/libvirt/nova/1.0"/></metadata>';
    expect(readNova(parseXml(empty))).toMatchObject({ instanceName: undefined, creationAt: undefined });
  });
});

describe('pools, volumes, networks, snapshots', () => {
  it('reads what libvirt 9.0 printed', async () => {
    expect(await parsePoolXml(definitionFixture('pool'))).toMatchObject({
      name: 'imgs',
      type: 'dir',
      path: '/var/lib/libvirt/images',
    });
    expect(await parseVolumeXml(definitionFixture('volume'))).toMatchObject({
      name: 'top.qcow2',
      capacityBytes: 64 * 1024 * 1024,
      format: 'qcow2',
      backingPath: '/var/lib/libvirt/images/mid.qcow2',
    });
    expect(await parseNetworkXml(definitionFixture('network-nat'))).toMatchObject({
      name: 'default',
      bridge: 'virbr9',
      forward: 'nat',
      hasDhcp: true,
    });
    expect(await parseNetworkXml(definitionFixture('network-bridge'))).toMatchObject({
      forward: 'bridge',
      hasDhcp: false,
    });
    const snapshot = await parseSnapshotXml(definitionFixture('snapshot'));
    expect(snapshot.name).toBe('s1');
    expect(snapshot.createdAt).toBeGreaterThan(Date.UTC(2024, 0));
  });

  it('handles pools without a path, isolated networks and checkpoints', async () => {
    expect((await parsePoolXml("<pool type='rbd'><source><name>vms</name></source></pool>")).path).toBe(
      'vms',
    );
    expect((await parseNetworkXml('<network><name>n</name></network>')).forward).toBe('isolated');
    expect((await parseNetworkXml('<network><forward/></network>')).forward).toBe('nat');
    const checkpoint =
      '<domaincheckpoint><name>c</name><creationTime>1700000000</creationTime></domaincheckpoint>';
    expect(await parseSnapshotXml(checkpoint)).toEqual({ name: 'c', createdAt: 1_700_000_000_000 });
  });

  it.each([parsePoolXml, parseVolumeXml, parseNetworkXml, parseSnapshotXml, parseCapabilitiesXml])(
    'refuses other documents',
    async (parse) => {
      await expect(parse('<other/>')).rejects.toThrow(DaemonError);
    },
  );
});

describe('a network with thousands of static addresses', () => {
  it('is read in turns, so that its thread has others', async () => {
    const host = "<host mac='52:54:00:00:00:01' name='h' ip='192.0.2.1'/>";
    const text = `<network><name>n</name><ip><dhcp>${host.repeat(20_000)}</dhcp></ip></network>`;
    let isRead = false;
    const reading = parseNetworkXml(text).finally(() => {
      isRead = true;
    });
    let turns = 0;
    while (!isRead) {
      await nextTurn();
      turns += 1;
    }
    expect((await reading).hasDhcp).toBe(true);
    expect(turns).toBeGreaterThanOrEqual(Math.floor(text.length / turnLength));
  });
});

describe('parseCapabilitiesXml', () => {
  it('reads processor, cells and page sizes of a real host', async () => {
    const host = await parseCapabilitiesXml(definitionFixture('capabilities'));
    expect(host).toMatchObject({
      arch: 'x86_64',
      cpuModel: 'Cascadelake-Server-noTSX',
      pageSizesKib: [4, 2048, 1_048_576],
      monitors: [],
    });
    expect(host.cells).toHaveLength(1);
    expect(host.cells[0]).toMatchObject({ id: 0, cpus: [0, 1], memoryBytes: 4_548_824 * 1024 });
    expect(host.cells[0]?.pages.map((pages) => pages.sizeKib)).toEqual([4, 2048, 1_048_576]);
  });

  it('sorts cells and reads the monitors of Intel RDT', async () => {
    const host = await parseCapabilitiesXml(`<capabilities><host><topology><cells num='2'>
      <cell id='1'><cpus><cpu id='3'/><cpu id='2'/></cpus></cell><cell id='0'/></cells></topology>
      <cache><monitor level='3' reuseThreshold='270336' maxMonitors='176'><feature name='llc_occupancy'/></monitor></cache>
      <memory_bandwidth><monitor maxMonitors='176'><feature name='mbm_total_bytes'/></monitor></memory_bandwidth>
      </host></capabilities>`);
    expect(host.cells.map((cell) => [cell.id, cell.cpus])).toEqual([
      [0, []],
      [1, [2, 3]],
    ]);
    expect(host.monitors).toEqual(['llc_occupancy', 'mbm_total_bytes']);
  });
});
