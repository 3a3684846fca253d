import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Agent, programNode, programPath, startAgent } from '../lab/agent.ts';
import { biosGuest } from '../lab/domain-xml.ts';
import { makeRestlessImage } from '../lab/image.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { run, whereNoAgentRuns } from '../lab/process.ts';
import { RpcRecorder } from '../lab/rpc-recorder.ts';
import { type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { waitUntil } from '../lab/wait.ts';
import { walkServed } from '../support/served-walk.ts';

/** max_client_requests is five by default; the fifth is left for the goodbye. */
const mostUnderWay = 4;

const connectClose = 2;
/** Procedures of the storage and the network driver that the agent uses. */
const secondaryDrivers: readonly (readonly [driver: string, procedures: ReadonlySet<number>])[] = [
  ['storage', new Set([281, 87, 88, 89, 91, 368])],
  ['network', new Set([283, 43, 44, 152, 313, 341])],
];

let libvirtd: Libvirtd;
let snmpd: Snmpd;

beforeAll(async () => {
  [libvirtd, snmpd] = await Promise.all([
    startLibvirtd({ extraLibvirtdConfig: 'log_outputs = "3:stderr"' }),
    startSnmpd(),
  ]);
  for (const name of ['one', 'two', 'three']) {
    const xml = biosGuest({
      name,
      type: libvirtd.domainType,
      disks: [{ path: await makeRestlessImage(`${libvirtd.imagesPath}/${name}.raw`) }],
      nics: [{}],
    });
    await (name === 'three' ? libvirtd.define(xml) : libvirtd.run(xml));
  }
  await libvirtd.virsh('pool-define-as', 'images', 'dir', '--target', libvirtd.imagesPath);
  await libvirtd.virsh('pool-start', 'images');
  const network = libvirtd.directory.file('network.xml');
  const bridge = '<forward mode="bridge"/><bridge name="lab-none"/>';
  await writeFile(network, `<network><name>lab-none</name>${bridge}</network>`);
  await libvirtd.virsh('net-define', network);
});

afterAll(async () => {
  await snmpd?.stop();
  await libvirtd?.stop();
});

/**
 * Warnings and errors in libvirtd's log behind a position. libvirt 9.0 cannot read every kernel's ARP table, and
 * says so; it is asked for that rarely, since it cannot be known beforehand.
 */
function complaints(from: number): readonly string[] {
  return libvirtd
    .log()
    .slice(from)
    .split('\n')
    .filter((line) => /: (warning|error) :/.test(line) && !line.includes('virArpTableGet'));
}

function startBetween(socket: string): Promise<Agent> {
  return startAgent({
    uri: `qemu+unix:///system?socket=${socket}`,
    agentxAddress: snmpd.agentxAddress,
    config: {
      collect: { extra_stats: ['all'] },
      intervals: { pinning: 1, disk_errors: 1, jobs: 1, snapshots: 5, tuning: 5, pools: 5, networks: 5 },
    },
  });
}

async function refreshes(agent: Agent, count: number): Promise<void> {
  await waitUntil(async () => Number((await walkServed(snmpd)).value('lveRefreshCount', 0) ?? 0) >= count, {
    what: `${count} refreshes`,
    timeoutMs: 60_000,
    intervalMs: 250,
    context: () => agent.stderr(),
  });
}

describe.sequential('a good guest of libvirtd', () => {
  it('has few calls under way, first calls to other drivers alone, and leaves in order', async () => {
    const socket = libvirtd.directory.file('recorder-sock');
    await using recorder = await RpcRecorder.start(socket, libvirtd.socketReadOnly);
    const agent = await startBetween(socket);
    await refreshes(agent, 7);
    await agent.stop();
    await waitUntil(() => recorder.ends.size === recorder.connections, { what: 'all connections to end' });

    expect(recorder.calls.length).toBeGreaterThan(200);
    for (const { procedure, beside } of recorder.calls) {
      const allowed = procedure === connectClose ? mostUnderWay : mostUnderWay - 1;
      expect([procedure, beside.length <= allowed]).toEqual([procedure, true]);
    }
    for (const [driver, procedures] of secondaryDrivers) {
      const calls = recorder.calls.filter(({ procedure }) => procedures.has(procedure));
      expect([driver, calls.length > 5]).toEqual([driver, true]);
      for (const { beside } of calls) {
        expect([driver, beside.filter((other) => procedures.has(other))]).toEqual([driver, []]);
      }
    }
    for (let connection = 0; connection < recorder.connections; connection += 1) {
      const last = recorder.calls.findLast((call) => call.connection === connection);
      expect([connection, last?.procedure, recorder.ends.get(connection)]).toEqual([
        connection,
        connectClose,
        'daemon',
      ]);
    }
  });

  it('leaves nothing in its log, from connecting to stopping', async () => {
    const before = libvirtd.log().length;
    const agent = await startBetween(libvirtd.socketReadOnly);
    await refreshes(agent, 7);
    await agent.stop();
    expect(complaints(before)).toEqual([]);
  });

  it('nor when check and dump look once', async () => {
    const before = libvirtd.log().length;
    const uri = libvirtd.uriReadOnly;
    const ours = ['--config', '/dev/null', '--uri', uri];
    await run(programNode, [programPath, 'dump', ...ours]);
    const [command, ...prefix] = whereNoAgentRuns;
    const state = libvirtd.directory.directory('state');
    const master = ['--agentx', snmpd.agentxAddress, '--state-dir', state];
    await run(command, [...prefix, programNode, programPath, 'check', ...ours, ...master]);
    expect(complaints(before)).toEqual([]);
    // The log is one that would tell: an error that virsh provokes stands in it.
    await libvirtd.virsh('nodedev-dumpxml', 'no-such-device').catch(() => undefined);
    await libvirtd.virsh('domblkinfo', 'one', 'no-such-disk').catch(() => undefined);
    await waitUntil(() => complaints(before).length > 0, { what: 'a line in the log' });
  });
});
