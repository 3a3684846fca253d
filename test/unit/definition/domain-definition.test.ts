import { describe, expect, it } from 'vitest';
import { parseDomainXml } from '../../../src/definition/domain-definition.ts';
import { DaemonError } from '../../../src/errors.ts';
import { definitionFixture } from './fixture.ts';

function withDevices(devices: string): ReturnType<typeof parseDomainXml> {
  return parseDomainXml(`<domain type='kvm'><name>x</name><devices>${devices}</devices></domain>`);
}

function source(type: string, inside: string): unknown {
  const { disks } = withDevices(`<disk type='${type}'>${inside}<target dev='vda'/></disk>`);
  const [disk] = disks;
  return [disk?.source, disk?.pool, disk?.image];
}

describe('parseDomainXml on real definitions', () => {
  const rich = parseDomainXml(definitionFixture('rich.active'));

  it('reads names and texts with their characters', () => {
    expect(rich.name).toBe('odd näme "q" <&> %s');
    expect(rich.uuid).toMatch(/^[0-9a-f-]{36}$/);
    expect(rich.spec).toMatchObject({
      title: 'A title <x>',
      description: 'desc',
      virtType: 'kvm',
      osType: 'hvm',
      arch: 'x86_64',
      machine: 'pc-i440fx-7.2',
      emulator: '/usr/bin/qemu-system-x86_64',
      firmware: 'bios',
      cpuMode: 'custom',
      osInfo: 'http://debian.org/debian/12',
      graphics: 'vnc:127.0.0.1:5900',
      hostDevices: 0,
      hostDeviceText: undefined,
    });
    expect(parseDomainXml(definitionFixture('rich.inactive')).spec).toMatchObject({
      cpuMode: 'host-model',
      graphics: 'vnc:127.0.0.1',
    });
  });

  it('reads disks with chain, sharing and empty drives', () => {
    expect(rich.disks).toEqual([
      {
        target: 'vda',
        device: 'disk',
        type: 'file',
        source: '/var/lib/libvirt/images/top.qcow2',
        pool: undefined,
        image: 'top.qcow2',
        serial: 'vol-1',
        bus: 'virtio',
        format: 'qcow2',
        cache: 'none',
        discard: 'unmap',
        shared: false,
        readOnly: false,
        chainDepth: 3,
        alias: 'virtio-disk0',
        protocol: undefined,
      },
      expect.objectContaining({ target: 'vdb', shared: true, format: 'raw', chainDepth: 1 }),
      expect.objectContaining({
        target: 'hdc',
        device: 'cdrom',
        source: undefined,
        readOnly: true,
        chainDepth: undefined,
      }),
    ]);
    expect(parseDomainXml(definitionFixture('rich.inactive')).disks[0]?.chainDepth).toBeUndefined();
  });

  it('reads interfaces, IOThreads, the agent channel, the balloon and performance events', () => {
    expect(rich.nics[0]).toEqual({
      mac: '52:54:00:aa:bb:01',
      target: 'vnet0',
      type: 'bridge',
      source: 'br0',
      model: 'virtio',
      alias: 'net0',
      portId: undefined,
      mtuBytes: 1400,
      link: 'up',
      place: 'pci 0000:00:03.0',
    });
    expect(rich.nics[2]).toMatchObject({ type: 'ethernet', link: 'down', source: undefined });
    expect(rich.iothreadIds).toEqual([1, 2]);
    expect(rich.agentChannel).toEqual({ present: true, state: 'disconnected' });
    expect(rich.balloonPeriodSec).toBe(5);
    expect(rich.perfEvents).toEqual(['cpu_clock', 'page_faults']);
    expect(rich.nova).toMatchObject({ instanceName: 'inst', projectId: 'p-1' });
  });

  it('reads the least a domain needs', () => {
    const small = parseDomainXml(definitionFixture('small.inactive'));
    expect(small).toMatchObject({ disks: [], nics: [], iothreadIds: [], agentChannel: { present: false } });
    expect(small.spec.virtType).toBe('qemu');
  });
});

describe('disk sources', () => {
  it.each([
    ['file', "<source file='/mnt/0a1b/vol-1'/>", ['/mnt/0a1b/vol-1', undefined, 'vol-1']],
    ['block', "<source dev='/dev/vg0/lv'/>", ['/dev/vg0/lv', undefined, 'lv']],
    ['network', "<source protocol='rbd' name='vms/disk-1'/>", ['rbd:vms/disk-1', 'vms', 'disk-1']],
    ['network', "<source protocol='rbd' name='vms/ns/disk'/>", ['rbd:vms/ns/disk', 'vms', 'disk']],
    ['network', "<source protocol='gluster' name='vol/d/i'/>", ['gluster:vol/d/i', 'vol', 'i']],
    ['network', "<source protocol='iscsi' name='iqn.x/1'/>", ['iscsi:iqn.x/1', undefined, '1']],
    [
      'network',
      "<source protocol='nbd'><host name='h' port='10809'/></source>",
      ['nbd://h:10809', undefined, undefined],
    ],
    [
      'network',
      "<source protocol='nbd' name='lab'><host transport='unix' socket='/run/nbd.sock'/></source>",
      ['nbd+unix:///lab?socket=/run/nbd.sock', undefined, 'lab'],
    ],
    [
      'network',
      "<source protocol='rbd' name='vms/a'><host name='mon1' port='6789'/><host name='fd00::1'/></source>",
      ['rbd://mon1:6789,[fd00::1]/vms/a', 'vms', 'a'],
    ],
    [
      'network',
      "<source protocol='https' name='a/b.iso' query='token=secret'><host name='u:p@web' port='443'/></source>",
      ['https://web:443/a/b.iso', undefined, 'b.iso'],
    ],
    ['vhostvdpa', "<source dev='/dev/vhost-vdpa-0'/>", ['/dev/vhost-vdpa-0', undefined, 'vhost-vdpa-0']],
    ['volume', "<source pool='p' volume='v'/>", ['p/v', 'p', 'v']],
    ['dir', "<source dir='/srv/fat'/>", ['/srv/fat', undefined, 'fat']],
    [
      'nvme',
      "<source type='pci' namespace='1'><address domain='0x0000' bus='0x01' slot='0x00' function='0x0'/></source>",
      ['0000:01:00.0/1', undefined, undefined],
    ],
    ['file', "<source file='image'/>", ['image', undefined, 'image']],
    ['unheard-of', "<source a='b'/>", [undefined, undefined, undefined]],
  ])('%s: %s', (type, inside, expected) => {
    expect(source(type, inside)).toEqual(expected);
  });

  it('skips a disk without a target and calls an unknown device other', () => {
    expect(withDevices("<disk type='file'/>").disks).toEqual([]);
    expect(withDevices("<disk device='tape'><target dev='t'/></disk>").disks[0]?.device).toBe('other');
  });
});

describe('interfaces and host devices', () => {
  it('reads the port of Open vSwitch and the sources of other types', () => {
    const { nics } = withDevices(`
      <interface type='bridge'><mac address='FA:16:3E:00:00:01'/><source bridge='br-int'/>
        <virtualport type='openvswitch'><parameters interfaceid='port-1'/></virtualport></interface>
      <interface type='direct'><mac address='fa:16:3e:00:00:02'/><source dev='eth0' mode='vepa'/></interface>
      <interface type='network'><mac address='fa:16:3e:00:00:03'/><source network='default' bridge='virbr0'/></interface>
      <interface type='vhostuser'><mac address='fa:16:3e:00:00:04'/><source type='unix' path='/run/vhu' mode='server'/></interface>
      <interface type='hostdev'><mac address='fa:16:3e:00:00:05'/>
        <source><address type='pci' domain='0x0000' bus='0x3b' slot='0x02' function='0x1'/></source></interface>
      <interface type='udp'><mac address='fa:16:3e:00:00:06'/><source address='192.0.2.1' port='5558'/></interface>
      <interface type='bridge'><mac address='nonsense'/></interface>`);
    expect(nics.map((nic) => [nic.mac.slice(-2), nic.source, nic.portId])).toEqual([
      ['01', 'br-int', 'port-1'],
      ['02', 'eth0', undefined],
      ['03', 'default', undefined],
      ['04', '/run/vhu', undefined],
      ['05', '0000:3b:02.1', undefined],
      ['06', '192.0.2.1:5558', undefined],
    ]);
  });

  it('lists host devices', () => {
    const { spec } = withDevices(`
      <hostdev mode='subsystem' type='pci'><source><address domain='0' bus='0x3b' slot='0' function='0'/></source></hostdev>
      <hostdev mode='subsystem' type='usb'><source><vendor id='0x1234'/><product id='0xabcd'/></source></hostdev>
      <hostdev mode='subsystem' type='mdev'><source><address uuid='u-1'/></source></hostdev>
      <hostdev mode='subsystem' type='scsi'><source><adapter name='scsi_host0'/><address bus='0' target='1' unit='2'/></source></hostdev>
      <hostdev mode='capabilities' type='misc'><source><char>/dev/input/event3</char></source></hostdev>
      <interface type='hostdev'><source><address bus='0x01' slot='0x02' function='0x3'/></source></interface>`);
    expect(spec.hostDevices).toBe(6);
    expect(spec.hostDeviceText).toBe(
      'pci:0000:3b:00.0 usb:1234:abcd mdev:u-1 scsi:scsi_host0:0:1:2 misc:/dev/input/event3 pci:0000:01:02.3',
    );
  });
});

describe('other properties', () => {
  it('reads firmware, topology, NUMA cells, huge pages and graphics', () => {
    const { spec } = parseDomainXml(`<domain type='kvm'>
      <memoryBacking><hugepages><page size='1' unit='GiB'/></hugepages></memoryBacking>
      <os firmware='efi'><type arch='aarch64' machine='virt'>hvm</type><loader>/x.fd</loader></os>
      <cpu><model>Nehalem</model><topology sockets='2' cores='4' threads='1'/><numa><cell id='0'/><cell id='1'/></numa></cpu>
      <devices><graphics type='spice' port='-1' tlsPort='5901'><listen type='address' address='::1'/></graphics>
      <graphics type='egl-headless'/></devices></domain>`);
    expect(spec).toMatchObject({
      firmware: 'efi',
      cpuMode: 'custom',
      cpuModel: 'Nehalem',
      cpuSockets: 2,
      cpuCores: 4,
      cpuThreads: 1,
      numaCells: 2,
      hugePageBytes: 1024 ** 3,
      graphics: 'spice:[::1]:5901 egl-headless',
    });
  });

  it('numbers unnamed IOThreads and disbelieves absurd numbers', () => {
    const ids = (text: string): readonly number[] => parseDomainXml(`<domain>${text}</domain>`).iothreadIds;
    expect(
      ids("<iothreads>3</iothreads><iothreadids><iothread id='2'/><iothread id='9'/></iothreadids>"),
    ).toEqual([1, 2, 9]);
    expect(ids('<iothreads>999999999999</iothreads>').length).toBe(65_536);
    expect(ids('<iothreads>-1</iothreads>')).toEqual([]);
  });

  it('refuses other documents', () => {
    expect(() => parseDomainXml('<network/>')).toThrow(DaemonError);
    expect(() => parseDomainXml("<domain xmlns='urn:x'/>")).toThrow(DaemonError);
  });
});
