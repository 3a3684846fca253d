import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectListAllDomains } from '../../src/libvirt/procedures.ts';
import { FakeLibvirtd } from '../fakes/fake-libvirtd.ts';
import { type Agent, startAgent } from '../lab/agent.ts';
import { biosGuest, oddName } from '../lab/domain-xml.ts';
import { makeLabDirectory } from '../lab/lab-directory.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { repositoryPath } from '../lab/mib-path.ts';
import { type RunResult, runAnyway, startProcess } from '../lab/process.ts';
import { crashQemu } from '../lab/provoke.ts';
import { type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { waitUntil } from '../lab/wait.ts';

const plugin = `${repositoryPath}/contrib/icinga2/check_libvirt_vms`;

let libvirtd: Libvirtd;
let snmpd: Snmpd;
let agent: Agent;

beforeAll(async () => {
  [libvirtd, snmpd] = await Promise.all([startLibvirtd(), startSnmpd({})]);
  const { domainType: type } = libvirtd;
  await libvirtd.run(biosGuest({ name: 'web', type }));
  await libvirtd.run(biosGuest({ name: oddName, type }));
  await libvirtd.define(biosGuest({ name: 'off', type }));
  await libvirtd.virsh('autostart', 'off');
});

afterAll(async () => {
  await agent?.stop();
  await snmpd?.stop();
  await libvirtd?.stop();
});

function check(...options: readonly string[]): Promise<RunResult> {
  return checkAt(snmpd.address, ...options);
}

function checkAt(address: string, ...options: readonly string[]): Promise<RunResult> {
  return runAnyway(plugin, ['-H', address, '-t', '20', ...options]);
}

/** Checks until the plugin says something and ends with a code. */
async function untilItSays(text: string | RegExp, wanted: number, address?: string): Promise<void> {
  let last: RunResult | undefined;
  await waitUntil(
    async () => {
      last = await checkAt(address ?? snmpd.address);
      return (
        last.code === wanted &&
        (typeof text === 'string' ? last.stdout.includes(text) : text.test(last.stdout))
      );
    },
    { what: `the plugin to say ${text} and to end with ${wanted}`, context: () => JSON.stringify(last) },
  );
}

describe.sequential('check_libvirt_vms', () => {
  it('does not call a host well that has no agent', async () => {
    await untilItSays('has no libvirt-agentx', 3);
  });

  it('counts the machines and has performance data', async () => {
    agent = await startAgent({ uri: libvirtd.uri, agentxAddress: snmpd.agentxAddress });
    await agent.waitForLog('connected to libvirt');
    await untilItSays(
      /^OK - 3 of 3 machines are well \| vms=3;;;0 okay=3;;;0;3 warning=0;0;;0;3 failure=0;;0;0;3 age=\d+s;;300;0\n$/,
      0,
    );
  });

  it('names a machine that should have started with its host, and one that must be up', async () => {
    expect((await check('--autostart')).stdout).toContain('WARNING - off: shut off, although it starts with');
    const { code, stdout } = await check('--vm', oddName, '--vm', 'off', '--vm', 'nobody');
    expect(stdout).toContain('CRITICAL - off: shut off; nobody: no such machine (1 of 3 machines are well)');
    expect(code).toBe(2);
  });

  it('names what is paused and what has failed, whatever its name', async () => {
    await libvirtd.virsh('suspend', 'web');
    await untilItSays('WARNING - web: paused (user)', 1);
    await crashQemu(libvirtd, oddName);
    await untilItSays(`CRITICAL - ${oddName}: shut off (crashed); web: paused (user)`, 2);
  });

  it('says why when nobody answers, when an option is wrong and when libvirt is away', async () => {
    const silent = await check('-C', 'wrong', '-t', '2');
    expect(silent).toMatchObject({ code: 3, stdout: expect.stringContaining('no answer of') });
    expect(await check('--unknown')).toMatchObject({ code: 3, stdout: expect.stringContaining('--help') });
    await libvirtd.stopDaemon();
    await waitUntil(async () => (await check()).stdout.startsWith('CRITICAL - libvirt is disconnected'), {
      what: 'the loss of libvirt',
    });
  });

  // More machines than fit into one answer, and a libvirt that takes its time: a fake has both.
  it('counts all of many machines, none before libvirt has told of them', async () => {
    await using fake = await FakeLibvirtd.start({ domains: 300, shutOff: 100, vcpus: 1, disks: 1, nics: 1 });
    const limits = 'maxGetbulkRepeats 200\nmaxGetbulkResponses 2000\n';
    await using many = await startSnmpd({ extraConfig: limits });
    const lift = fake.inject({ procedure: connectListAllDomains.number, action: { type: 'hang' } });
    await using started = await startAgent({ uri: fake.uri, agentxAddress: many.agentxAddress });
    await untilItSays('UNKNOWN - the agent has just started', 3, many.address);
    lift();
    await started.waitForLog('connected to libvirt');
    await untilItSays('OK - 300 of 300 machines are well | vms=300;', 0, many.address);
    const root = '.1.3.6.1.4.1.8072.9999.9999.16514';
    const { stdout } = await checkAt(many.address, '--root', root, '--autostart');
    expect(stdout).toContain('vms=300;');
  });

  it('does not wait for a command that hangs, nor leave it behind', async () => {
    const directory = await makeLabDirectory();
    const pidPath = directory.file('pid');
    await writeFile(directory.file('snmpbulkwalk'), `#!/bin/sh\necho $$ > ${pidPath}\nexec sleep 600\n`, {
      mode: 0o755,
    });
    const hanging = await startProcess({
      name: 'check_libvirt_vms',
      command: plugin,
      args: ['-H', 'nobody.example', '-t', '600'],
      env: { PATH: `${directory.path}:${process.env['PATH'] ?? ''}` },
    });
    try {
      const pid = await waitUntil(async () => Number(await readFile(pidPath, 'utf8')) || undefined, {
        what: 'the command',
      });
      // What comes when the time is up.
      hanging.signal('SIGALRM');
      expect(await hanging.exited).toMatchObject({ code: 3 });
      expect(hanging.stdout()).toBe('UNKNOWN - no answer of nobody.example within 600 s\n');
      await waitUntil(() => !existsSync(`/proc/${pid}`), { what: 'the end of the command' });
    } finally {
      await hanging.stop();
      await directory.remove();
    }
  });
});
