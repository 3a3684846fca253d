import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Agent, startAgent } from '../lab/agent.ts';
import { biosGuest } from '../lab/domain-xml.ts';
import { hasDaemon } from '../lab/libvirt-daemon.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { waitUntil } from '../lab/wait.ts';
import { readServed, walkServed } from '../support/served-walk.ts';

const needed = ['virtqemud', 'virtstoraged', 'virtnetworkd', 'virtproxyd'] as const;
const missing = needed.filter((program) => !hasDaemon(program));
const connected = '2';

describe.skipIf(missing.length > 0)(
  `modular daemons (not here, since Debian does not ship them: ${missing.join(', ') || 'none'})`,
  () => {
    let libvirtd: Libvirtd;
    let snmpd: Snmpd;
    let agent: Agent;

    beforeAll(async () => {
      [libvirtd, snmpd] = await Promise.all([
        startLibvirtd({ modular: true, extraLibvirtdConfig: 'log_outputs = "3:stderr"' }),
        startSnmpd(),
      ]);
      await libvirtd.run(biosGuest({ name: 'one', type: libvirtd.domainType }));
      await libvirtd.virsh('pool-create-as', 'images', 'dir', '--target', libvirtd.imagesPath);
      await defineNetwork('first');
      agent = await startThrough(`${libvirtd.directory.path}/sock/virtqemud-sock-ro`);
    });

    afterAll(async () => {
      await agent?.stop();
      await snmpd?.stop();
      await libvirtd?.stop();
    });

    async function startThrough(socket: string): Promise<Agent> {
      const started = await startAgent({
        uri: `qemu+unix:///system?socket=${socket}`,
        agentxAddress: snmpd.agentxAddress,
        config: { intervals: { pools: 5, networks: 5 } },
      });
      await started.waitForLog('connected to libvirt');
      return started;
    }

    async function defineNetwork(name: string): Promise<void> {
      const path = libvirtd.directory.file('networks', `${name}.xml`);
      const bridge = '<forward mode="bridge"/><bridge name="lab-none"/>';
      await writeFile(path, `<network><name>${name}</name>${bridge}</network>`);
      await libvirtd.virsh('net-define', path);
    }

    /** What each of these daemons is asked for, and one more of it. */
    const things: Readonly<
      Record<string, { readonly column: string; readonly make: (name: string) => Promise<unknown> }>
    > = {
      virtstoraged: {
        column: 'lvePoolName',
        make: (name) =>
          libvirtd.virsh('pool-define-as', name, 'dir', '--target', libvirtd.directory.directory(name)),
      },
      virtnetworkd: { column: 'lveNetName', make: defineNetwork },
    };

    async function untilShown(column: string, name: string): Promise<void> {
      await waitUntil(async () => [...(await walkServed(snmpd)).column(column).values()].includes(name), {
        what: `${name} in ${column}`,
        timeoutMs: 90_000,
        intervalMs: 250,
        context: () => `${agent.stderr()}\n${libvirtd.log()}`,
      });
    }

    const complaints = (from: number) =>
      libvirtd
        .log()
        .slice(from)
        .split('\n')
        .filter((line) => /: (warning|error) :/.test(line) && !line.includes('virArpTableGet'));

    async function refreshes(count: number): Promise<void> {
      const read = async () => Number(await readServed(snmpd, 'lveRefreshCount', 0));
      const before = await read();
      await waitUntil(async () => (await read()) >= before + count, { what: `${count} refreshes` });
    }

    function daemon(program: string) {
      for (const [name, one] of libvirtd.beside) if (name === program) return one;
      throw new Error(`${program} does not run`);
    }

    it('virtqemud shows what the daemons beside it have', async () => {
      const before = libvirtd.log().length;
      await untilShown('lveDomName', 'one');
      await untilShown('lvePoolName', 'images');
      await untilShown('lveNetName', 'first');
      await refreshes(7);
      expect(complaints(before)).toEqual([]);
    });

    it.each(Object.keys(things))('%s restarts, and what it gets afterwards is shown', async (program) => {
      const { column, make } = things[program] ?? {};
      if (column === undefined || make === undefined) throw new Error(program);
      await daemon(program).restart();
      await make(`after-${program}`);
      await untilShown(column, `after-${program}`);
      await untilShown('lveDomName', 'one');
      // What a daemon says of its lost neighbour, it says once.
      const before = libvirtd.log().length;
      await refreshes(7);
      expect(complaints(before)).toEqual([]);
      expect(await readServed(snmpd, 'lveConnState', 0)).toBe(connected);
    });

    it.each(Object.keys(things))(
      '%s is away: it is asked for rarely, and found when it is back',
      async (program) => {
        const { column, make } = things[program] ?? {};
        if (column === undefined || make === undefined) throw new Error(program);
        await daemon(program).stop();
        const before = libvirtd.log().length;
        await waitUntil(() => complaints(before).some((line) => line.includes(`${program}-sock`)), {
          what: `virtqemud missing ${program}`,
          timeoutMs: 60_000,
          context: () => libvirtd.log().slice(before),
        });
        const asked = complaints(before).length;
        await refreshes(12);
        // One more attempt may have been due.
        expect(complaints(before).length).toBeLessThanOrEqual(asked + 2);
        expect(await readServed(snmpd, 'lveConnState', 0)).toBe(connected);
        await daemon(program).start();
        await make(`back-${program}`);
        await untilShown(column, `back-${program}`);
      },
    );

    it('virtqemud restarts, or is killed, and everything is shown again', async () => {
      for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
        const back = agent.nextLog('connected to libvirt', 60_000);
        await libvirtd.stopDaemon(signal);
        await libvirtd.startDaemon();
        await back;
        await libvirtd.define(biosGuest({ name: `after-${signal}`, type: libvirtd.domainType }));
        await untilShown('lveDomName', `after-${signal}`);
        await things['virtstoraged']?.make(`pool-${signal}`);
        await untilShown('lvePoolName', `pool-${signal}`);
      }
    });

    it('virtproxyd leads to them, and to another virtqemud when that restarts behind it', async () => {
      await agent.stop();
      agent = await startThrough(`${libvirtd.directory.path}/sock/libvirt-sock-ro`);
      await untilShown('lveDomName', 'one');
      await untilShown('lvePoolName', 'images');
      for (const restart of [() => libvirtd.restart(), () => daemon('virtproxyd').restart()]) {
        const back = agent.nextLog('connected to libvirt', 60_000);
        await restart();
        await back;
        const name = `pool-${agent.stderr().length}`;
        await things['virtstoraged']?.make(name);
        await untilShown('lvePoolName', name);
      }
    });

    it('none of them has died, and the agent leaves in order', async () => {
      const before = libvirtd.log().length;
      expect((await agent.stop()).code).toBe(0);
      for (const one of libvirtd.beside.values()) expect(() => process.kill(one.pid(), 0)).not.toThrow();
      expect(() => process.kill(libvirtd.pid(), 0)).not.toThrow();
      await libvirtd.virsh('list');
      expect(complaints(before)).toEqual([]);
    });
  },
);
