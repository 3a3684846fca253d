import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDatagramTap } from '../lab/datagram-tap.ts';
import { biosGuest, novaMetadata, oddName, ovirtMetadata, softwarePerfEvents } from '../lab/domain-xml.ts';
import { makeQcow2Image, makeRawImage } from '../lab/image.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { randomEngineId, type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { type Snmptrapd, startSnmptrapd } from '../lab/snmptrapd.ts';

const sysUpTime = '1.3.6.1.2.1.1.3.0';
const coldStart = '1.3.6.1.6.3.1.1.5.1';
const user = { name: 'lab', authPassword: 'authentication', privacyPassword: 'confidential' } as const;

describe('private snmpd', () => {
  let snmpd: Snmpd;
  beforeAll(async () => {
    snmpd = await startSnmpd({ users: [user] });
  });
  afterAll(() => snmpd.stop());

  it.each([
    ['v1', { version: '1' }],
    ['v2c', { version: '2c' }],
    ['v3', { version: '3', user }],
  ] as const)('answers %s', async (_name, options) => {
    const [varBind] = await snmpd.get(sysUpTime, options);
    expect(varBind).toMatchObject({ oid: sysUpTime, type: 'Timeticks' });
    expect(Number(varBind?.value)).toBeGreaterThanOrEqual(0);
  });

  it('keeps every octet of a string', async () => {
    const [location] = await snmpd.get('1.3.6.1.2.1.1.6.0');
    expect(location).toMatchObject({ type: 'STRING', value: 'lab', bytes: Buffer.from('lab') });
  });

  it('walks, and an exception is told from a value', async () => {
    const system = await snmpd.bulkwalk('1.3.6.1.2.1.1');
    expect(system.length).toBeGreaterThan(5);
    expect(await snmpd.walk('1.3.6.1.2.1.1.3')).toHaveLength(1);
    expect((await snmpd.get('1.3.6.1.2.1.1.99.0'))[0]?.type).toBe('noSuchObject');
    expect(await snmpd.walk('1.3.6.1.2.1.1.99')).toEqual([]);
  });

  it('comes back on the same addresses', async () => {
    const before = snmpd.pid();
    await snmpd.restart();
    expect(snmpd.pid()).not.toBe(before);
    expect((await snmpd.get(sysUpTime))[0]?.type).toBe('Timeticks');
  });
});

describe('private snmptrapd', () => {
  let trapd: Snmptrapd;
  const senderEngineId = randomEngineId();
  beforeAll(async () => {
    trapd = await startSnmptrapd({ users: [user], senderEngineIds: [senderEngineId] });
  });
  afterAll(() => trapd.stop());

  it('receives the coldStart of an snmpd with sinks of every kind', async () => {
    await using tap = await startDatagramTap();
    await using _snmpd = await startSnmpd({
      engineId: senderEngineId,
      trapSinks: [
        { kind: 'v1', address: trapd.address },
        { kind: 'v2c', address: trapd.address },
        { kind: 'v2c-inform', address: trapd.address },
        { kind: 'v3', address: trapd.address, user },
        { kind: 'v3-inform', address: trapd.address, user },
        { kind: 'v2c', address: tap.address },
      ],
    });
    for (const kind of ['trap-v1', 'trap-v2', 'inform'] as const) {
      const seen = await trapd.waitFor((n) => n.kind === kind && n.trapOid === coldStart);
      expect(seen.pdu).not.toBe('');
    }
    await trapd.waitFor((n) => n.kind === 'trap-v2' && n.version === '3');
    await trapd.waitFor((n) => n.kind === 'inform' && n.version === '3');
    const [datagram] = await tap.waitForCount(1);
    expect(datagram?.[0]).toBe(0x30);
  });
});

describe('private libvirtd', () => {
  let libvirtd: Libvirtd;
  beforeAll(async () => {
    libvirtd = await startLibvirtd();
  });
  afterAll(() => libvirtd.stop());

  it('runs a guest without an operating system', async () => {
    await libvirtd.run(biosGuest({ name: oddName, type: libvirtd.domainType }));
    expect(await libvirtd.virsh('domstate', oddName)).toContain('running');
    const stats = await libvirtd.virsh('-r', 'domstats', '--state', oddName);
    expect(stats).toContain('state.state=1');
  });

  it('shows the QEMU process of a guest', async () => {
    const pid = await libvirtd.qemuPid(oddName);
    expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).toContain('qemu-system-x86_64');
  });

  it('keeps its guests over a restart', async () => {
    const before = libvirtd.pid();
    await libvirtd.restart();
    expect(libvirtd.pid()).not.toBe(before);
    expect(await libvirtd.virsh('domstate', oddName)).toContain('running');
  });

  it('carries every optional element of a domain', async () => {
    const base = await makeRawImage(`${libvirtd.imagesPath}/base.raw`, 8);
    const overlay = await makeQcow2Image(`${libvirtd.imagesPath}/overlay.qcow2`, {
      backing: { path: base, format: 'raw' },
    });
    await libvirtd.run(
      biosGuest({
        name: 'full',
        type: libvirtd.domainType,
        title: 'Everything',
        vcpus: 3,
        currentVcpus: 2,
        iothreads: 1,
        cputune:
          "<vcpupin vcpu='0' cpuset='0'/><emulatorpin cpuset='0'/><iothreadpin iothread='1' cpuset='0'/>",
        perfEvents: softwarePerfEvents,
        balloonStatsPeriodSec: 5,
        metadata: `${novaMetadata()}${ovirtMetadata()}`,
        disks: [{ path: overlay, format: 'qcow2', serial: 'S3R1AL' }, { device: 'cdrom' }],
        nics: [libvirtd.bridge === undefined ? {} : { bridge: libvirtd.bridge }],
        agentChannel: true,
        panicDevice: true,
        watchdogAction: 'none',
      }),
    );
    const stats = await libvirtd.virsh('domstats', '--perf', '--vcpu', '--block', '--backing', 'full');
    expect(stats).toContain('perf.cpu_clock=');
    expect(stats).toContain('vcpu.maximum=3');
    expect(stats).toContain('block.1.backingIndex=');
  });
});
