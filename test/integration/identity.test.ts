import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Agent, startAgent } from '../lab/agent.ts';
import { biosGuest, escapeXml, oddName } from '../lab/domain-xml.ts';
import { makeRawImage } from '../lab/image.ts';
import { type LabDirectory, makeLabDirectory } from '../lab/lab-directory.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { waitUntil } from '../lab/wait.ts';
import { type ServedWalk, walkServed } from '../support/served-walk.ts';

// What a domain and its parts are taken for: which interface is which, what metadata costs, what is a pending
// change, which run is the same.

const no = '2';
const yes = '1';
const process = '3';

let directory: LabDirectory;
let libvirtd: Libvirtd;
let snmpd: Snmpd;
let agent: Agent | undefined;

beforeAll(async () => {
  directory = await makeLabDirectory();
  [libvirtd, snmpd] = await Promise.all([startLibvirtd(), startSnmpd()]);
  await restartAgent();
});

afterAll(async () => {
  await agent?.stop();
  await snmpd?.stop();
  await libvirtd?.stop();
  await directory?.remove();
});

async function restartAgent(): Promise<void> {
  await agent?.stop();
  agent = await startAgent({
    uri: libvirtd.uriReadOnly,
    agentxAddress: snmpd.agentxAddress,
    stateDirectory: directory.directory('state'),
    config: { intervals: { inventory: 5 } },
  });
}

/** A walk of which something holds. */
function untilServed<T>(what: string, look: (walk: ServedWalk) => T | undefined | false): Promise<T> {
  return waitUntil(async () => look(await walkServed(snmpd)), {
    what,
    intervalMs: 200,
    timeoutMs: 30_000,
    context: () => agent?.stderr() ?? '',
  });
}

const domain = (walk: ServedWalk, name: string): number => walk.indexOf('lveDomName', name);

interface Definition {
  readonly name: string;
  readonly devices?: string;
  readonly more?: string;
  readonly metadata?: string;
  readonly machine?: string;
}

function definition({ name, devices = '', more = '', metadata = '', machine = 'q35' }: Definition): string {
  return `<domain type='${libvirtd.domainType}'><name>${escapeXml(name)}</name><uuid>${randomUUID()}</uuid>
    <metadata>${metadata}</metadata>${more}<memory unit='MiB'>32</memory><vcpu>1</vcpu>
    <os><type arch='x86_64' machine='${machine}'>hvm</type></os><features><acpi/></features>
    <devices><emulator>/usr/bin/qemu-system-x86_64</emulator>${devices}</devices></domain>`;
}

const numa = `<maxMemory slots='4' unit='MiB'>512</maxMemory>
  <cpu><numa><cell id='0' cpus='0' memory='32' unit='MiB'/></numa></cpu>`;

describe('metadata', () => {
  const disk = (): string =>
    `<disk type='file'><source file='${libvirtd.imagesPath}/meta.raw'/><target dev='vda'/></disk>`;

  it.each([
    ['two-colons', "<app:owner:team xmlns:app='urn:a'>x</app:owner:team>"],
    ['twice', "<a xmlns:p='urn:x' xmlns:q='urn:x' p:k='1' q:k='2' xmlns='urn:y'/>"],
    ['no-name', "<a: xmlns:a='urn:x'/>"],
    ['xmlns', "<p:a xmlns:p='urn:p' p:b:c='1'><?p:i data?></p:a>"],
  ])('that libvirt takes costs nothing: %s', async (name, metadata) => {
    await libvirtd.define(definition({ name, metadata, devices: disk() }));
    // A walk takes several questions, so that one table may be of before and another of after.
    await untilServed(`the disk and the type of ${name}`, (walk) => {
      const index = domain(walk, name);
      return (
        walk.value('lveDiskTarget', index, 1) !== undefined &&
        walk.value('lveSpecVirtType', index) === libvirtd.domainType
      );
    });
  });

  it('may refer to entities of a document type, which is not expanded', async () => {
    const doctype = "<!DOCTYPE domain [<!ENTITY x 'xx'>]>";
    const metadata = "<p:a xmlns:p='urn:p' k='&x;'>&x;</p:a>";
    await libvirtd.define(doctype + definition({ name: 'entity', metadata, devices: disk() }));
    expect(await libvirtd.virsh('dumpxml', 'entity')).toContain('&x;');
    await untilServed('the disk', (walk) => walk.value('lveDiskTarget', domain(walk, 'entity'), 1));
    const warnings = await untilServed('a walk', (walk) => walk.column('lveWarningText'));
    expect([...warnings.values()].join()).not.toContain('Cannot be read');
  });

  it('that has more nodes than are read costs itself, and a warning says so', async () => {
    const metadata = `<a xmlns='urn:a'>${'<b/>'.repeat(110_000)}</a>`;
    await writeFile(directory.file('huge.xml'), definition({ name: 'huge', metadata, devices: disk() }));
    await libvirtd.virsh('define', directory.file('huge.xml'));
    await untilServed('the disk', (walk) => walk.value('lveDiskTarget', domain(walk, 'huge'), 1));
    await untilServed('the warning', (walk) =>
      [...walk.column('lveWarningText').values()].some((text) => text.includes('the metadata of huge (XML')),
    );
    await libvirtd.remove('huge');
    await untilServed(
      'no warning',
      (walk) =>
        ![...walk.column('lveWarningText').values()].some((text) => text.includes('metadata of huge')),
    );
  });
});

describe('interfaces that share a MAC address', () => {
  const mac = '52:54:00:00:02:01';
  const nic = (target: string): string =>
    `<interface type='bridge'><mac address='${mac}'/><source bridge='${libvirtd.bridge}'/>
      <target dev='${target}'/><model type='virtio'/></interface>`;

  /** Names of devices by number. */
  const devices = (walk: ServedWalk): Readonly<Record<string, string>> => {
    const start = `${domain(walk, 'twins')}.`;
    const rows = [...walk.column('lveNicTarget')].filter(([index]) => index.startsWith(start));
    return Object.fromEntries(rows.map(([index, target]) => [index.slice(start.length), target]));
  };

  it('have a row each, with their own device, and keep it through hot-plug and restart', async () => {
    await libvirtd.run(definition({ name: 'twins', machine: 'pc', devices: nic('tapA') + nic('tapB') }));
    await untilServed('both', (walk) => {
      const found = devices(walk);
      return found['1'] === 'tapA' && found['2'] === 'tapB';
    });
    await writeFile(directory.file('nic.xml'), nic('tapC'));
    await libvirtd.virsh('attach-device', 'twins', directory.file('nic.xml'), '--live');
    await untilServed('the third', (walk) => devices(walk)['3'] === 'tapC');
    await writeFile(directory.file('nic.xml'), await elementOf('twins', 'tapA'));
    await libvirtd.virsh('detach-device', 'twins', directory.file('nic.xml'), '--live').catch(() => '');
    await restartAgent();
    const found = await untilServed('the interfaces', (walk) => {
      const shown = devices(walk);
      return shown['3'] === 'tapC' && shown;
    });
    expect(found['2']).toBe('tapB');
    expect([undefined, 'tapA']).toContain(found['1']);
    const names = await untilServed('a walk', (walk) => walk.column('lveNicRowName'));
    expect([...names.values()]).toContain(`twins:${mac}#2`);
  });

  /** The interface element of the running domain with this device. */
  async function elementOf(name: string, target: string): Promise<string> {
    const xml = await libvirtd.virsh('dumpxml', name);
    const elements = xml.match(/<interface [\s\S]*?<\/interface>/g) ?? [];
    return elements.find((element) => element.includes(`'${target}'`)) ?? '';
  }
});

describe('a pending change', () => {
  const pending = (walk: ServedWalk, name: string): string | undefined =>
    walk.value('lveSpecPendingChange', domain(walk, name));

  const untilPending = (name: string, expected: string): Promise<boolean> =>
    untilServed(`${name} to have ${expected}`, (walk) => pending(walk, name) === expected);

  it.each<[string, () => Promise<Omit<Definition, 'name'>>]>([
    [
      'dimm',
      async () => ({
        more: numa,
        devices: "<memory model='dimm'><target><size unit='MiB'>64</size><node>0</node></target></memory>",
      }),
    ],
    [
      'nvdimm',
      async () => ({
        more: numa,
        devices: `<memory model='nvdimm'><source><path>${await makeRawImage(`${libvirtd.imagesPath}/nv`, 64)}</path>
          </source><target><size unit='MiB'>64</size><node>0</node></target></memory>`,
      }),
    ],
    [
      'virtio-mem',
      async () => ({
        more: numa,
        devices: `<memory model='virtio-mem'><target><size unit='MiB'>256</size><node>0</node>
          <block unit='MiB'>2</block><requested unit='MiB'>64</requested></target></memory>`,
      }),
    ],
    [
      'consoles',
      async () => ({
        devices: "<console type='pty'><target type='virtio'/></console><serial type='pty'/>",
      }),
    ],
    [
      'transient',
      async () => ({
        devices: `<disk type='file' device='disk'><driver name='qemu' type='raw'/>
          <source file='${await makeRawImage(`${libvirtd.imagesPath}/transient.raw`, 1)}'/>
          <target dev='vda' bus='virtio'/><transient/></disk>`,
      }),
    ],
  ])('is none after a start with %s, seen or not', async (name, make) => {
    await libvirtd.run(definition({ name, ...(await make()) }));
    await untilPending(name, no);
    await restartAgent();
    await untilPending(name, no);
    await libvirtd.virsh('desc', name, '--config', '--title', 'another');
    await untilPending(name, yes);
  });

  it('is none after setmem --live, and one after setmem --config, a restart of the agent between', async () => {
    await libvirtd.run(definition({ name: 'balloon' }));
    await untilPending('balloon', no);
    await libvirtd.virsh('setmem', 'balloon', '16M', '--live');
    await restartAgent();
    await untilPending('balloon', no);
    await libvirtd.virsh('setmem', 'balloon', '16M', '--config');
    await untilPending('balloon', yes);
    await libvirtd.virsh('setmem', 'balloon', '32M', '--config');
    await untilPending('balloon', no);
  });
});

describe('a run', () => {
  const start = (walk: ServedWalk, name: string) => {
    const index = domain(walk, name);
    const at = walk.value('lveDomStartTime', index);
    return {
      at,
      source: walk.value('lveDomStartSource', index),
      discontinuity: walk.value('lveDomDiscontinuityTime', index),
    };
  };

  const known = <T extends { readonly at: string | undefined }>(run: T): T | undefined =>
    run.at === undefined ? undefined : run;

  it('is told from its process, also where the name is odd', async () => {
    await agent?.stop();
    agent = undefined;
    await libvirtd.run(biosGuest({ name: oddName, type: libvirtd.domainType }));
    await restartAgent();
    await untilServed('its process', (walk) => start(walk, oddName).source === process);
  });

  it('that has the id of the one before is another one', async () => {
    const name = 'again';
    const xml = biosGuest({ name, type: libvirtd.domainType });
    for (const other of (await libvirtd.virsh('list', '--name')).split('\n').filter((line) => line !== '')) {
      await libvirtd.virsh('destroy', other);
    }
    await libvirtd.restart();
    await libvirtd.run(xml);
    const before = await untilServed('the first run', (walk) => known(start(walk, name)));
    const id = (await libvirtd.virsh('domid', name)).trim();
    await agent?.stop();
    await libvirtd.virsh('destroy', name);
    await libvirtd.restart();
    await libvirtd.start(name);
    expect((await libvirtd.virsh('domid', name)).trim()).toBe(id);
    await restartAgent();
    const after = await untilServed('the second run', (walk) => known(start(walk, name)));
    expect(after.at).not.toBe(before.at);
    expect(after.source).toBe(process);
    await restartAgent();
    expect(await untilServed('it again', (walk) => known(start(walk, name)))).toEqual({
      ...after,
      discontinuity: expect.any(String),
    });
  });

  it('goes on from a saved image with the uptime of VM-MIB, which that of the run is not', async () => {
    const name = 'again';
    const upTimes = (walk: ServedWalk): readonly (number | undefined)[] =>
      ['vmUpTime', 'lveDomUptime'].map((object) => {
        const value = walk.value(object, domain(walk, name));
        return value === undefined ? undefined : Number(value.replace(/\D*(\d+).*/s, '$1'));
      });
    await untilServed('three seconds', (walk) => (upTimes(walk)[1] ?? 0) >= 3);
    await libvirtd.virsh('managedsave', name);
    await untilServed('suspended', (walk) => walk.value('vmAdminState', domain(walk, name)) === '2');
    await libvirtd.start(name);
    const [virtual, run] = await untilServed('the next run', (walk) => {
      const found = upTimes(walk);
      return walk.value('vmAdminState', domain(walk, name)) === '1' && found[1] !== undefined && found;
    });
    expect(virtual).toBeGreaterThanOrEqual(300);
    expect((virtual ?? 0) / 100).toBeGreaterThanOrEqual((run ?? 0) + 2);
  });
});
