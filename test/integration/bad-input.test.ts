import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Agent, programPath, startAgent } from '../lab/agent.ts';
import { biosGuest } from '../lab/domain-xml.ts';
import { freeUdpPort } from '../lab/free-port.ts';
import { type LabDirectory, makeLabDirectory } from '../lab/lab-directory.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { type RunningProcess, runAnyway, startProcess } from '../lab/process.ts';
import { readableProgram } from '../lab/readable-program.ts';
import { type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { delay, waitUntil } from '../lab/wait.ts';
import { readServed } from '../support/served-walk.ts';

/** A user without any rights: `nobody`. */
const nobody = 65_534;

let directory: LabDirectory;
let libvirtd: Libvirtd;
let snmpd: Snmpd;
const running: (Agent | RunningProcess)[] = [];

beforeAll(async () => {
  directory = await makeLabDirectory();
  [libvirtd, snmpd] = await Promise.all([startLibvirtd(), startSnmpd()]);
  await libvirtd.run(biosGuest({ name: 'one', type: libvirtd.domainType }));
});

afterEach(async () => {
  for (const one of running.splice(0)) await one.stop();
});

afterAll(async () => {
  await snmpd?.stop();
  await libvirtd?.stop();
  await directory?.remove();
});

async function agentWith(uri: string, agentxAddress: string): Promise<Agent> {
  const agent = await startAgent({ uri, agentxAddress });
  running.push(agent);
  return agent;
}

/** Lines of the log at level warn or above whose error, message or remedy contains the text. */
function complaints(agent: Pick<Agent, 'logLines'>, text: string) {
  return agent
    .logLines()
    .filter((line) => line['level'] === 'warn' || line['level'] === 'error')
    .filter((line) => JSON.stringify(line).includes(text));
}

/** The one complaint about something, after time enough for another attempt. */
async function onlyComplaint(agent: Agent, text: string): Promise<Readonly<Record<string, unknown>>> {
  await waitUntil(() => complaints(agent, text).length > 0, {
    what: `a complaint about ${text}`,
    context: () => agent.stderr(),
  });
  await delay(2_500);
  const found = complaints(agent, text);
  expect(found).toHaveLength(1);
  expect(() => process.kill(agent.pid, 0)).not.toThrow();
  return found[0] ?? {};
}

const served = () => readServed(snmpd, 'vmNumber', 0);

describe('the AgentX master', () => {
  it('has the subtrees registered for another agent: each is named, and the first agent goes on', async () => {
    const first = await agentWith(libvirtd.uriReadOnly, snmpd.agentxAddress);
    await waitUntil(async () => (await served()) === '1', { what: 'the first agent' });
    const second = await agentWith(libvirtd.uriReadOnly, snmpd.agentxAddress);
    for (const region of ['VM-MIB', 'LIBVIRT-EXT-MIB']) {
      const complaint = await onlyComplaint(second, `"region":"${region}"`);
      expect(complaint).toMatchObject({
        error: expect.stringContaining('duplicateRegistration'),
        remedy: expect.stringMatching(/another subagent.*priority/),
      });
    }
    expect(await served()).toBe('1');
    expect(complaints(first, 'region')).toEqual([]);
  });

  it('may not be reached by this user: the remedy is the line of snmpd.conf', async () => {
    const socket = snmpd.agentxSocketPath ?? '';
    chmodSync(socket, 0o600);
    const stateDirectory = directory.directory('of-nobody');
    chmodSync(stateDirectory, 0o777);
    const child = await startProcess({
      name: 'libvirt-agentx',
      command: 'setpriv',
      args: [
        `--reuid=${nobody}`,
        `--regid=${nobody}`,
        '--clear-groups',
        process.execPath,
        await readableProgram(directory),
        'run',
        '--uri',
        `test+unix:///default?socket=${directory.file('none')}`,
        '--set',
        `agentx.address=${snmpd.agentxAddress}`,
        '--set',
        `state.directory=${stateDirectory}`,
        '--set',
        'log.format=json',
      ],
      env: { LIBVIRT_AGENTX_CONFIG: '' },
      ready: (output) => output.includes('AgentX master'),
    });
    running.push(child);
    await delay(2_500);
    const lines = child
      .stderr()
      .split('\n')
      .filter((line) => line.includes('cannot connect to the AgentX master'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(socket);
    expect(lines[0]).toContain('EACCES');
    expect(lines[0]).toContain('agentXPerms');
    expect(child.isRunning()).toBe(true);
  });

  it('is not one: without `master agentx` there is no socket, and the remedy says so', async () => {
    const agentxSocketPath = directory.file('plain', 'master');
    const configPath = directory.file('plain', 'snmpd.conf');
    writeFileSync(configPath, `agentXSocket ${agentxSocketPath}\nrocommunity public 127.0.0.1\n`);
    const plain = await startProcess({
      name: 'snmpd',
      command: 'snmpd',
      args: ['-f', '-Le', '-C', '-c', configPath, '-I', '-smux', `udp:127.0.0.1:${await freeUdpPort()}`],
      env: { SNMP_PERSISTENT_DIR: directory.directory('plain-state'), MIBS: '' },
      ready: (output) => output.includes('NET-SNMP version'),
    });
    running.push(plain);
    const agent = await agentWith(libvirtd.uriReadOnly, `unix:${agentxSocketPath}`);
    const complaint = await onlyComplaint(agent, agentxSocketPath);
    expect(JSON.stringify(complaint)).toContain("'master agentx' in snmpd.conf");
  });

  it('is something else: its answer is not taken for AgentX, and the agent goes on', async () => {
    const agent = await agentWith(libvirtd.uriReadOnly, `unix:${libvirtd.socketReadOnly}`);
    await agent.waitForLog('AgentX');
    await waitUntil(() => complaints(agent, 'agentx').length > 0, {
      what: 'a complaint',
      timeoutMs: 30_000,
      context: () => agent.stderr(),
    });
    expect(() => process.kill(agent.pid, 0)).not.toThrow();
  });
});

describe('libvirt', () => {
  it('has no socket: the path and the packages are named once, and the agent keeps trying', async () => {
    const path = directory.file('absent', 'libvirt-sock-ro');
    const agent = await agentWith(`qemu+unix:///system?socket=${path}`, snmpd.agentxAddress);
    const complaint = await onlyComplaint(agent, path);
    expect(complaint).toMatchObject({
      error: expect.stringContaining('does not exist'),
      remedy: expect.stringMatching(/systemctl start/),
    });
    // The agent itself is there all the same, and says what it is missing.
    await waitUntil(async () => (await readServed(snmpd, 'lveConnState', 0)) === '3', {
      what: 'lveConnState',
    });
    expect(await readServed(snmpd, 'lveConnLastError', 0)).toContain(path);
  });

  it('does not have the driver of the URI: its own words, once', async () => {
    const agent = await agentWith(
      `xen+unix:///system?socket=${libvirtd.socketReadOnly}`,
      snmpd.agentxAddress,
    );
    const complaint = await onlyComplaint(agent, 'no connection to libvirt');
    expect(String(complaint['error'])).toMatch(/xen|driver/i);
  });

  it('is something else: what answers is no libvirt, and the agent goes on', async () => {
    const path = directory.file('web', 'sock');
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    }).listen(path);
    await once(server, 'listening');
    try {
      const agent = await agentWith(`qemu+unix:///system?socket=${path}`, `unix:${directory.file('nobody')}`);
      const complaint = await onlyComplaint(agent, 'no connection to libvirt');
      expect(String(complaint['error'])).toContain(path);
    } finally {
      server.close();
    }
  });
});

describe('the configuration', () => {
  const ended = async (...args: readonly string[]) =>
    await runAnyway(process.execPath, [programPath, ...args], { timeoutMs: 20_000 });

  it.each([
    ['a URI without a scheme', ['--uri', 'localhost'], /libvirt\.uri.*localhost/],
    ['a driver that is none', ['--uri', 'qemu+carrier-pigeon:///system'], /libvirt\.uri.*carrier-pigeon/],
    ['an AgentX address that is none', ['--set', 'agentx.address=tcp:localhost:agentx'], /agentx\.address/],
    ['a key that does not exist', ['--set', 'collect.intervall=3'], /collect\.intervall.*collect\.interval/],
    ['a value out of range', ['--interval', '0'], /collect\.interval|--interval/],
  ])('%s ends the program with 78 and one line that names it', async (_what, args, expected) => {
    const { code, stderr } = await ended('run', ...args);
    expect(stderr).toMatch(expected);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(code).toBe(78);
  });

  it('several problems are told at once', async () => {
    const { code, stderr } = await ended(
      'run',
      '--uri',
      'localhost',
      '--interval',
      '0',
      '--set',
      'mib.rot=1',
    );
    for (const key of ['libvirt.uri', 'interval', 'mib.rot']) expect(stderr).toContain(key);
    expect(code).toBe(78);
  });

  it('a file that is not there, or no TOML', async () => {
    const missing = await ended('run', '--config', directory.file('missing.toml'));
    expect(missing.stderr).toContain(directory.file('missing.toml'));
    expect(missing.code).toBe(78);
    const noToml = await ended('run', '--config', '/etc/passwd');
    expect(noToml.stderr).toContain('/etc/passwd');
    expect(noToml.code).toBe(78);
  });

  it('an option that does not exist ends with 64', async () => {
    const { code, stderr } = await ended('run', '--frobnicate');
    expect(stderr).toContain('--frobnicate');
    expect(code).toBe(64);
  });

  it('what runs once ends with 69 when libvirt is not there', async () => {
    const path = directory.file('absent', 'libvirt-sock-ro');
    const { code, stderr, stdout } = await ended('dump', '--uri', `qemu+unix:///system?socket=${path}`);
    expect(stdout).toBe('');
    expect(stderr).toContain(path);
    expect(stderr).toMatch(/systemctl start/);
    expect(code).toBe(69);
  });
});
