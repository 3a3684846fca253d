import { chmod, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CallTimeoutError, LibvirtConnection } from '../../src/libvirt/connection.ts';
import type { LibvirtEvent } from '../../src/libvirt/events.ts';
import { isAccessDenied, isNoDomain, isOperationInvalid } from '../../src/libvirt/libvirt-error.ts';
import * as procedures from '../../src/libvirt/procedures.ts';
import type { DomainRef } from '../../src/libvirt/protocol.ts';
import { findParam } from '../../src/libvirt/typed-params.ts';
import { parseLibvirtUri } from '../../src/libvirt/uri.ts';
import { silentLogger } from '../../src/log.ts';
import { biosGuest, novaMetadata, oddName } from '../lab/domain-xml.ts';
import { makeQcow2Image, makeRawImage } from '../lab/image.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { run } from '../lab/process.ts';
import { freezeMonitor } from '../lab/provoke.ts';
import { waitUntil } from '../lab/wait.ts';

const off = 'off';
const mac = '52:54:00:01:02:03';

/** What a promise rejects with; fails the test if it does not. */
async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('expected a rejection');
}

describe('client of a real libvirtd', () => {
  let libvirtd: Libvirtd;
  let connection: LibvirtConnection;
  let odd: DomainRef;
  let offRef: DomainRef;

  const connect = (uri: string, readOnly: boolean): Promise<LibvirtConnection> =>
    LibvirtConnection.open(parseLibvirtUri(uri, { readOnly }), { readOnly, logger: silentLogger });

  /** The number after `label:` in what virsh says. */
  const virshNumber = async (label: string, ...args: readonly string[]): Promise<number> => {
    const match = new RegExp(`^\\s*${label}\\s*:?\\s+(\\d+)`, 'm').exec(await libvirtd.virsh(...args));
    if (match === null) throw new Error(`virsh ${args.join(' ')} says nothing of ${label}`);
    return Number(match[1]);
  };

  beforeAll(async () => {
    libvirtd = await startLibvirtd();
    const raw = await makeRawImage(`${libvirtd.imagesPath}/raw.img`, 8);
    const qcow2 = await makeQcow2Image(`${libvirtd.imagesPath}/q.qcow2`, { sizeMib: 8 });
    const own = await makeQcow2Image(`${libvirtd.imagesPath}/own.qcow2`, { sizeMib: 8 });
    const bridge = libvirtd.bridge === undefined ? {} : { bridge: libvirtd.bridge };
    await libvirtd.run(
      biosGuest({
        name: oddName,
        title: 'a title',
        metadata: novaMetadata(),
        vcpus: 2,
        currentVcpus: 1,
        iothreads: 2,
        cputune:
          "<vcpupin vcpu='0' cpuset='0'/><emulatorpin cpuset='0'/><iothreadpin iothread='1' cpuset='0'/>",
        perfEvents: ['cpu_clock'],
        disks: [{ path: raw }, { path: qcow2, format: 'qcow2' }, { device: 'cdrom', bus: 'sata' }],
        nics: [{ mac, ...bridge }],
      }),
    );
    await libvirtd.define(biosGuest({ name: off, disks: [{ path: own, format: 'qcow2' }] }));
    await libvirtd.virsh('snapshot-create-as', '--domain', off, 'first');
    await libvirtd.virsh('pool-create-as', 'images', 'dir', '--target', libvirtd.imagesPath);
    if (libvirtd.bridge !== undefined) {
      const path = libvirtd.directory.file('network.xml');
      await writeFile(
        path,
        `<network><name>lab</name><forward mode='bridge'/><bridge name='${libvirtd.bridge}'/></network>`,
      );
      await libvirtd.virsh('net-create', path);
    }
    connection = await connect(libvirtd.uriReadOnly, true);
    const domains = await connection.call(procedures.connectListAllDomains, { flags: 0 });
    const named = (name: string): DomainRef => {
      const domain = domains.find((candidate) => candidate.name === name);
      if (domain === undefined) throw new Error(`no domain ${name}`);
      return domain;
    };
    odd = named(oddName);
    offRef = named(off);
  });

  afterAll(async () => {
    await connection?.close();
    await libvirtd?.stop();
  });

  it('knows the daemon and the host', async () => {
    expect(await connection.call(procedures.connectGetType, undefined)).toBe('QEMU');
    expect(await connection.call(procedures.connectGetHostname, undefined)).toBe(libvirtd.hostname);
    const version = Number(await connection.call(procedures.connectGetLibVersion, undefined));
    const text = `${Math.floor(version / 1e6)}.${Math.floor(version / 1000) % 1000}.${version % 1000}`;
    expect(await libvirtd.virsh('version', '--daemon')).toContain(`daemon: ${text}`);
    expect(await connection.call(procedures.connectGetCapabilities, undefined)).toContain(libvirtd.hostUuid);
    const info = await connection.call(procedures.nodeGetInfo, undefined);
    expect(info.cpus).toBe(await virshNumber('CPU\\(s\\)', 'nodeinfo'));
    expect(info.cores).toBe(await virshNumber('Core\\(s\\) per socket', 'nodeinfo'));
    expect(info.memoryKib).toBeTypeOf('number');
  });

  it('reads host statistics with the number of parameters it was told', async () => {
    const cpu = { cpuNum: -1, nparams: 0, flags: 0 };
    const { nparams } = await connection.call(procedures.nodeGetCpuStats, cpu);
    const stats = await connection.call(procedures.nodeGetCpuStats, { ...cpu, nparams });
    expect(stats.params.map(({ field }) => field)).toEqual(
      expect.arrayContaining(['kernel', 'user', 'idle']),
    );
    const memory = { cellNum: -1, nparams: 0, flags: 0 };
    const count = (await connection.call(procedures.nodeGetMemoryStats, memory)).nparams;
    const { params } = await connection.call(procedures.nodeGetMemoryStats, { ...memory, nparams: count });
    expect(params.find(({ field }) => field === 'total')?.value).toBe(
      await virshNumber('total', 'nodememstats'),
    );
    const map = await connection.call(procedures.nodeGetCpuMap, {
      needMap: true,
      needOnline: true,
      flags: 0,
    });
    expect(map.online).toBe(await virshNumber('CPUs online', 'nodecpumap'));
    expect(
      await connection.call(procedures.nodeGetCellsFreeMemory, { startCell: 0, maxCells: 64 }),
    ).not.toHaveLength(0);
  });

  it('lists domains and tells their state as virsh does', async () => {
    expect(odd.uuid).toBe((await libvirtd.virsh('domuuid', '--domain', oddName)).trim());
    expect(odd.id).toBeGreaterThan(0);
    expect(offRef.id).toBe(-1);
    const active = await connection.call(procedures.connectListAllDomains, { flags: 1 });
    expect(active.map(({ name }) => name)).toEqual([oddName]);
    const args = { domain: odd, flags: 0 };
    expect(await connection.call(procedures.domainGetState, args)).toEqual({ state: 1, reason: 1 });
    expect(await connection.call(procedures.domainGetControlInfo, args)).toEqual({
      state: 0,
      details: 0,
      stateTimeMs: 0,
    });
    expect(await connection.call(procedures.domainGetState, { domain: offRef, flags: 0 })).toMatchObject({
      state: 5,
    });
    expect(await connection.call(procedures.domainGetMessages, args)).toEqual([
      expect.stringContaining('tainted'),
    ]);
  });

  it('reads the definition octet for octet, active and inactive', async () => {
    expect((await connection.call(procedures.domainGetXmlDesc, { domain: odd, flags: 0 })).trim()).toBe(
      (await libvirtd.virsh('dumpxml', '--domain', oddName)).trim(),
    );
    expect((await connection.call(procedures.domainGetXmlDesc, { domain: odd, flags: 2 })).trim()).toBe(
      (await libvirtd.virsh('dumpxml', '--inactive', '--domain', oddName)).trim(),
    );
  });

  it('reads the statistics virsh domstats shows, name by name', async () => {
    const [record] = await connection.call(procedures.connectGetAllDomainStats, {
      domains: [odd],
      stats: 0,
      flags: 0,
    });
    const shown = (await libvirtd.virsh('domstats', '--domain', oddName)).matchAll(/^ {2}(\S+?)=(.*)$/gm);
    const lines = [...shown].map(([, name = '', value = '']) => [name, value] as const);
    expect(record?.params.names.map(({ text }) => text)).toEqual(lines.map(([name]) => name));
    const steady =
      /^(state|balloon\.(current|maximum)|vcpu\.(current|maximum)|block\.\d+\.(name|path|capacity)|net\.\d+\.name)/;
    const compared = lines.filter(([name]) => steady.test(name));
    expect(compared.length).toBeGreaterThan(10);
    for (const [name, value] of compared) {
      expect([name, String(record && findParam(record.params, name))]).toEqual([name, value]);
    }
  });

  it('leaves out domains that do not exist and returns those that are off', async () => {
    const absent = { ...odd, uuid: '11111111-2222-3333-4444-555555555555' };
    const records = await connection.call(procedures.connectGetAllDomainStats, {
      domains: [absent, offRef],
      stats: 1,
      flags: 0,
    });
    expect(records.map(({ domain }) => domain)).toEqual([offRef]);
    expect(
      isNoDomain(await rejection(connection.call(procedures.domainGetState, { domain: absent, flags: 0 }))),
    ).toBe(true);
  });

  it('reads pinning of vCPUs, emulator and I/O threads', async () => {
    const pins = await connection.call(procedures.domainGetVcpuPinInfo, {
      domain: odd,
      vcpus: 2,
      mapLength: 1,
      flags: 0,
    });
    expect(pins.count).toBe(2);
    expect(pins.maps[0]).toBe(1);
    const emulator = await connection.call(procedures.domainGetEmulatorPinInfo, {
      domain: odd,
      mapLength: 1,
      flags: 0,
    });
    expect([...emulator.map]).toEqual([1]);
    const iothreads = await connection.call(procedures.domainGetIothreadInfo, { domain: odd, flags: 0 });
    expect(iothreads.find(({ id }) => id === 1)?.map[0]).toBe(1);
    const { info } = await connection.call(procedures.domainGetVcpus, {
      domain: odd,
      maxInfo: 2,
      mapLength: 1,
    });
    expect(info).toMatchObject([{ number: 0, state: 1 }]);
  });

  it('reads disks, jobs and limits', async () => {
    const args = { domain: odd, flags: 0 };
    expect(await connection.call(procedures.domainGetDiskErrors, { ...args, maxErrors: 0 })).toEqual({
      errors: [],
      count: 3,
    });
    expect(await connection.call(procedures.domainGetDiskErrors, { ...args, maxErrors: 3 })).toEqual({
      errors: [],
      count: 0,
    });
    expect(await connection.call(procedures.domainGetBlockJobInfo, { ...args, path: 'vda' })).toBeUndefined();
    const tune = await connection.call(procedures.domainGetBlockIoTune, {
      ...args,
      disk: 'vda',
      nparams: 20,
    });
    expect(findParam(tune.params, 'group_name')).toBe('');
    expect(await connection.call(procedures.domainGetJobStats, args)).toMatchObject({ type: 0 });
    const nic = await connection.call(procedures.domainGetInterfaceParameters, {
      ...args,
      device: mac,
      nparams: 7,
    });
    expect(findParam(nic.params, 'inbound.average')).toBe(0);
    expect(
      isOperationInvalid(
        await rejection(connection.call(procedures.domainGetJobStats, { domain: offRef, flags: 0 })),
      ),
    ).toBe(true);
  });

  it('reads snapshots, pools and networks', async () => {
    const snapshots = await connection.call(procedures.domainListAllSnapshots, { domain: offRef, flags: 0 });
    expect(snapshots).toEqual([{ name: 'first', domain: offRef }]);
    const [snapshot] = snapshots;
    if (snapshot === undefined) throw new Error('no snapshot');
    expect(await connection.call(procedures.domainSnapshotGetXmlDesc, { snapshot, flags: 0 })).toContain(
      '<creationTime>',
    );
    const [pool] = await connection.call(procedures.connectListAllStoragePools, { flags: 0 });
    if (pool === undefined) throw new Error('no pool');
    expect(pool.name).toBe('images');
    expect((await connection.call(procedures.storagePoolGetInfo, { pool })).state).toBe(2);
    const volumes = (await libvirtd.virsh('-q', 'vol-list', 'images')).trim().split('\n').length;
    expect(await connection.call(procedures.storagePoolNumOfVolumes, { pool })).toBe(volumes);
    expect(await connection.call(procedures.storagePoolGetXmlDesc, { pool, flags: 0 })).toContain(pool.uuid);
    if (libvirtd.bridge === undefined) return;
    const [network] = await connection.call(procedures.connectListAllNetworks, { flags: 0 });
    if (network === undefined) throw new Error('no network');
    expect(await connection.call(procedures.networkIsActive, { network })).toBe(true);
    expect(
      await connection.call(procedures.networkGetDhcpLeases, { network, mac: undefined, flags: 0 }),
    ).toEqual([]);
  });

  it('may not ask the guest agent on a read-only connection, and may on another', async () => {
    const args = { domain: odd, flags: 0 };
    expect(isAccessDenied(await rejection(connection.call(procedures.domainGetFsInfo, args)))).toBe(true);
    await using readWrite = await connect(libvirtd.uri, false);
    const error = await rejection(readWrite.call(procedures.domainGetGuestInfo, { ...args, types: 0 }));
    expect(isAccessDenied(error)).toBe(false);
  });

  it('receives the events of a guest that is suspended and resumed', async () => {
    const registered = await Promise.all(Array.from({ length: 27 }, (_, id) => connection.subscribe(id)));
    expect(registered.every(Boolean)).toBe(true);
    expect(await connection.subscribe(99)).toBe(false);
    expect(await connection.subscribeNetworks(0)).toBe(true);
    expect(await connection.subscribeStoragePools(1)).toBe(true);
    const events: LibvirtEvent[] = [];
    const remove = connection.onEvent((event) => events.push(event));
    await libvirtd.virsh('suspend', '--domain', oddName);
    await libvirtd.virsh('resume', '--domain', oddName);
    await libvirtd.virsh('desc', '--title', '--live', '--domain', oddName, 'new');
    await libvirtd.virsh('pool-refresh', 'images');
    await waitUntil(() => events.some(({ type }) => type === 'storagePoolRefresh'), { what: 'all events' });
    remove();
    expect(events).toContainEqual({ type: 'lifecycle', domain: odd, event: 3, detail: 0 });
    expect(events).toContainEqual({ type: 'lifecycle', domain: odd, event: 4, detail: 0 });
    expect(events).toContainEqual({
      type: 'metadataChange',
      domain: odd,
      metadataType: 1,
      namespaceUri: undefined,
    });
    expect(events.filter(({ type }) => type === 'unknown')).toEqual([]);
  });

  it('is not held up by a hypervisor process that hangs', async () => {
    const frozen = await freezeMonitor(libvirtd, oddName);
    try {
      const error = await rejection(
        connection.call(
          procedures.domainGetDiskErrors,
          { domain: odd, maxErrors: 3, flags: 0 },
          { timeoutMs: 300 },
        ),
      );
      expect(error).toBeInstanceOf(CallTimeoutError);
      expect(connection.unansweredCalls).toBe(1);
      const control = await connection.call(procedures.domainGetControlInfo, { domain: odd, flags: 0 });
      expect(control.state).toBe(2);
      expect(Number(control.stateTimeMs)).toBeGreaterThan(0);
      frozen.thaw();
      await (error as CallTimeoutError).answered;
      expect(connection.unansweredCalls).toBe(0);
    } finally {
      frozen.thaw();
    }
  });

  it('goes through ssh to the helper of the other host', async () => {
    // Stands in for ssh: enters the namespaces of the daemon and runs what ssh would run there.
    const ssh = libvirtd.directory.file('fake-ssh');
    const enter = libvirtd.namespaces.enter.map((word) => `'${word}'`).join(' ');
    await writeFile(
      ssh,
      `#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done\nshift 2\nexec ${enter} sh -c "$*"\n`,
    );
    await chmod(ssh, 0o755);
    const link = libvirtd.directory.file('link-sockets');
    await writeFile(link, `#!/bin/sh\nln -sf ${libvirtd.socket} ${libvirtd.socket}-ro /run/libvirt/\n`);
    await chmod(link, 0o755);
    const [command = '', ...prefix] = libvirtd.namespaces.enter;
    await run(command, [...prefix, link]);
    await using remote = await connect(`qemu+ssh://root@host/system?command=${ssh}&mode=legacy`, true);
    expect(await remote.call(procedures.connectGetHostname, undefined)).toBe(libvirtd.hostname);
  });

  it('notices that the daemon restarts, and connects again', async () => {
    const lost = connection.closed;
    await libvirtd.stopDaemon();
    expect((await lost)?.code).toBe('CONNECTION_LOST');
    expect(await rejection(connect(libvirtd.uriReadOnly, true))).toMatchObject({
      code: 'CONNECTION_FAILED',
      remedy: expect.stringContaining('libvirt'),
    });
    await libvirtd.startDaemon();
    connection = await connect(libvirtd.uriReadOnly, true);
    expect(await connection.call(procedures.domainGetState, { domain: odd, flags: 0 })).toMatchObject({
      state: 1,
    });
  });
});
