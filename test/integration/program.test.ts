import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Agent, programNode, programPath, startAgent } from '../lab/agent.ts';
import { biosGuest } from '../lab/domain-xml.ts';
import { type LabDirectory, makeLabDirectory } from '../lab/lab-directory.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { repositoryPath } from '../lab/mib-path.ts';
import { runAnyway } from '../lab/process.ts';
import { type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { waitUntil } from '../lab/wait.ts';

/** How `bin/libvirt-agentx` names the program; packages have another name in it. */
const itsProgram = '"$(dirname "$(readlink -f "$0")")/../dist/cli.js"';
const root = '1.3.6.1.4.1.8072.9999.9999.16514';
const otherRoot = '1.3.6.1.4.1.8072.9999.9999.16515';
const agentVersion = '1.1.1.0';
const connState = '1.1.5.0';
const domName = '1.3.1.1.2';

let directory: LabDirectory;
let libvirtd: Libvirtd;
let snmpd: Snmpd;
let agent: Agent;
/** What a package puts into the path. */
let command: string;

beforeAll(async () => {
  directory = await makeLabDirectory();
  command = directory.file('libvirt-agentx');
  const text = readFileSync(`${repositoryPath}/bin/libvirt-agentx`, 'utf8');
  expect(text).toContain(itsProgram);
  writeFileSync(command, text.replace(itsProgram, programPath).replace('/usr/bin/env node', programNode), {
    mode: 0o755,
  });
  libvirtd = await startLibvirtd();
  await libvirtd.run(biosGuest({ name: 'one', type: libvirtd.domainType }));
});

afterAll(async () => {
  await agent?.stop();
  await snmpd?.stop();
  await libvirtd?.stop();
  await directory?.remove();
});

async function served(oid: string): Promise<string | undefined> {
  const [varBind] = await snmpd.get(oid);
  return varBind === undefined || varBind.type.startsWith('noSuch') ? undefined : varBind.value;
}

function untilServed(oid: string): Promise<string> {
  return waitUntil(() => served(oid), { what: `a value of ${oid}`, context: () => agent.stderr() });
}

const logged = (text: string) => agent.logLines().filter(({ msg }) => String(msg).includes(text));

function edit(change: (text: string) => string): void {
  writeFileSync(agent.configPath, change(readFileSync(agent.configPath, 'utf8')));
}

describe.sequential('the program', () => {
  it('starts before its peers and finds each when it comes', async () => {
    await libvirtd.stopDaemon();
    const agentxSocketPath = directory.file('agentx', 'master');
    agent = await startAgent({
      uri: libvirtd.uriReadOnly,
      agentxAddress: `unix:${agentxSocketPath}`,
    });
    await agent.waitForLog('no connection to libvirt');
    await agent.waitForLog('cannot connect to the AgentX master');
    snmpd = await startSnmpd({ agentxSocketPath });
    expect(await untilServed(`${root}.${agentVersion}`)).toMatch(/^libvirt-agentx \d/);
    expect(await served(`${root}.${connState}`)).not.toBe('2');
    expect(await served(`${root}.${domName}.1`)).toBeUndefined();
    await libvirtd.startDaemon();
    expect(await untilServed(`${root}.${domName}.1`)).toBe('one');
  });

  it('has said of each missing peer once that it is missing', () => {
    expect(logged('no connection to libvirt')).toHaveLength(1);
    const refusals = agent.logLines().filter((line) => JSON.stringify(line).includes('AgentX master at'));
    expect(refusals).toHaveLength(1);
  });

  it('keeps serving what it has while libvirt is away, and says since when', async () => {
    await libvirtd.stopDaemon();
    await waitUntil(async () => (await served(`${root}.${connState}`)) === '3', {
      what: 'lveConnState to be disconnected',
    });
    expect(await served(`${root}.${domName}.1`)).toBe('one');
    await libvirtd.startDaemon();
    await waitUntil(async () => (await served(`${root}.${connState}`)) === '2', {
      what: 'lveConnState to be connected',
    });
  });

  it('puts another configuration into effect on SIGHUP', async () => {
    edit((text) => `${text}\n[mib]\nroot = "${otherRoot}"\n`);
    agent.signal('SIGHUP');
    expect(await untilServed(`${otherRoot}.${domName}.1`)).toBe('one');
    expect(await served(`${root}.${agentVersion}`)).toBeUndefined();
  });

  it('keeps the old configuration if the new one is not valid, and names every problem', async () => {
    const pid = agent.pid;
    const before = readFileSync(agent.configPath, 'utf8');
    edit((text) => text.replace('[mib]', '[mib]\nrot = 1\nvm_mib = "perhaps"'));
    agent.signal('SIGHUP');
    await agent.waitForLog('the old one stays in force');
    expect(agent.stderr()).toContain('mib.rot');
    expect(agent.stderr()).toContain('mib.vm_mib');
    expect(await served(`${otherRoot}.${domName}.1`)).toBe('one');
    expect(() => process.kill(pid, 0)).not.toThrow();
    writeFileSync(agent.configPath, before);
  });

  it('closes its session and ends with 0 on SIGTERM', async () => {
    agent.signal('SIGTERM');
    expect(await agent.exited).toEqual({ code: 0, signal: undefined });
    expect(logged('stopped')).toHaveLength(1);
    expect(await served(`${otherRoot}.${agentVersion}`)).toBeUndefined();
  });

  it('ends with 0 on SIGINT as well, without any peer', async () => {
    await agent.stop();
    agent = await startAgent({
      uri: `test+unix:///default?socket=${directory.file('none')}`,
      agentxAddress: `unix:${directory.file('nobody')}`,
    });
    await agent.waitForLog('no connection to libvirt');
    agent.signal('SIGINT');
    expect(await agent.exited).toEqual({ code: 0, signal: undefined });
  });
});

describe('a limit of open files that is too low', () => {
  const told = /^libvirt-agentx: too many open files: .*LimitNOFILE.*\n$/;

  const limits = [18, 19, 20, 21, 22, 23, 24, 25, 26, 28, 32, 36, 40, 44, 48, 60, 80];
  it.each(limits)('of %i is told in a line, or is enough', async (limit) => {
    const probe = directory.file('probe.mjs');
    writeFileSync(probe, 'process.stdout.write("started");\n');
    const limited = (...args: readonly string[]) =>
      runAnyway('sh', ['-c', `ulimit -n ${limit}; exec "$0" "$@"`, programNode, ...args]);
    // With fewer yet Node.js does not come to the first line of any program; how many are enough differs.
    if ((await limited(probe)).stdout !== 'started') {
      expect(limit).toBeLessThan(40);
      return;
    }
    const ended = await limited(programPath, 'check', '--uri', 'qemu+unix:///system?socket=/no/such/socket');
    expect(ended.code).toBe(69);
    expect(ended.stderr).toMatch(ended.stdout.includes('/no/such/socket') ? /^$/ : told);
  });

  it.each([13, 16, 20, 40, 63])(
    'of %i is told by the command, where Node.js would not start',
    async (limit) => {
      const ended = await runAnyway('sh', ['-c', `ulimit -n ${limit}; exec "$0" --version`, command]);
      expect(ended).toMatchObject({ code: 69, stdout: '' });
      expect(ended.stderr).toMatch(told);
    },
  );

  it('is no hindrance where only the soft limit is so low', async () => {
    const ended = await runAnyway('sh', ['-c', 'ulimit -Sn 40; exec "$0" --version', command]);
    expect(ended).toMatchObject({ code: 0, stderr: '' });
  });

  it('is no defect where a thread is the first to meet it', async () => {
    await using limited = await startAgent({
      uri: 'test:///default',
      agentxAddress: `unix:${directory.file('nobody')}`,
      env: {
        NODE_OPTIONS: `--import=file://${repositoryPath}/test/lab/probes/no-files-in-threads.mjs`,
      },
    });
    expect(await limited.exited).toMatchObject({ code: 69 });
    expect(limited.logLines()).toContainEqual(
      expect.objectContaining({ level: 'error', remedy: expect.stringContaining('LimitNOFILE') }),
    );
    expect(limited.stderr()).not.toContain('a defect');
  });
});
