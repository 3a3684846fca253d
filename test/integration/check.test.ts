import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkAgentx } from '../../src/check/agentx.ts';
import type { CheckReport } from '../../src/check/report.ts';
import { checkSnmp } from '../../src/check/snmp.ts';
import { snmpTarget } from '../../src/check/snmp-options.ts';
import { programVersion } from '../../src/cli/version.ts';
import { hypervisorConfigs } from '../../src/config/hypervisor-configs.ts';
import { loadConfig } from '../../src/config/load.ts';
import { type Agent, programPath, startAgent } from '../lab/agent.ts';
import { biosGuest } from '../lab/domain-xml.ts';
import { type LabDirectory, makeLabDirectory } from '../lab/lab-directory.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { type RunResult, runAnyway } from '../lab/process.ts';
import { readableProgram } from '../lab/readable-program.ts';
import { type RefusingPort, refusingTcpPort, refusingUdpPort } from '../lab/refusing-port.ts';
import { type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { waitUntil } from '../lab/wait.ts';

const root = '1.3.6.1.4.1.8072.9999.9999.16514';
const user = { name: 'lab', authPassword: 'authentication', privacyPassword: 'confidential' } as const;
const v3 = { v3User: user.name, v3Auth: `SHA:${user.authPassword}` } as const;

let directory: LabDirectory;
let libvirtd: Libvirtd;
/** The program where users without rights can read it. */
let programForAll: string;
let snmpd: Snmpd;
let agent: Agent;
/** Where snmpd sends traps to, and nobody takes them. */
let sink: RefusingPort;

beforeAll(async () => {
  directory = await makeLabDirectory();
  programForAll = await readableProgram(directory);
  sink = await refusingUdpPort();
  libvirtd = await startLibvirtd();
  await libvirtd.run(biosGuest({ name: 'one', type: libvirtd.domainType }));
  snmpd = await startSnmpd({
    users: [user],
    extraConfig: [
      // As Debian's snmpd.conf has it.
      'view systemonly included .1.3.6.1.2.1.1',
      'rocommunity narrow 127.0.0.1 -V systemonly',
      'view half included .1.3.6.1.2.1.1',
      `view half included .${root}`,
      'rocommunity half 127.0.0.1 -V half',
      // Without the list of those who have registered.
      `view alone included .${root}`,
      'rocommunity alone 127.0.0.1 -V alone',
      'view other included .1.3.6.1.2.1.1',
      'view other included .1.3.6.1.2.1.236',
      'rocommunity other 127.0.0.1 -V other',
      `view ours included .${root}`,
      'view ours included .1.3.6.1.2.1.236',
      'rocommunity ours 127.0.0.1 -V ours',
      // The version alone.
      `view version included ${root}.1.1.1`,
      'view version included .1.3.6.1.2.1.236',
      'rocommunity version 127.0.0.1 -V version',
      `trap2sink ${sink.address} public`,
    ].join('\n'),
  });
  agent = await startAgent({ uri: libvirtd.uriReadOnly, agentxAddress: snmpd.agentxAddress });
  await waitUntil(async () => (await snmpd.get(`${root}.1.1.1.0`))[0]?.type === 'STRING', {
    what: 'the agent to be registered',
    context: () => agent.stderr(),
  });
});

afterAll(async () => {
  await agent?.stop();
  await snmpd?.stop();
  await libvirtd?.stop();
  await sink?.[Symbol.asyncDispose]();
  await directory?.remove();
});

function check(
  args: readonly string[],
  prefix: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<RunResult> {
  const program = ['check', '--config', agent.configPath, ...args];
  const [first, ...rest] = prefix;
  return first === undefined
    ? runAnyway(process.execPath, [programPath, ...program], { env })
    : runAnyway(first, [...rest, process.execPath, programForAll, ...program], {
        env: { HOME: '/', ...env },
      });
}

/** The lines about one subject. */
function about(result: RunResult, subject: string): readonly string[] {
  return result.stdout.split('\n').filter((line) => line.slice(5).startsWith(`${subject}:`));
}

describe('when everything is in order', () => {
  it('says so, line by line, and ends with 0', async () => {
    const result = await check(['--snmp', snmpd.address]);
    expect(result.stdout).not.toMatch(/^fail/m);
    expect(result.code).toBe(0);
    expect(about(result, 'configuration')[0]).toContain(agent.configPath);
    const version = /daemon: (\S+)/.exec(await libvirtd.virsh('version', '--daemon'))?.[1];
    expect(about(result, 'libvirt').at(-1)).toMatch(/^ok .*read-only .*, hypervisor QEMU \d/);
    expect(about(result, 'libvirt').at(-1)).toContain(`libvirt ${version},`);
    expect(about(result, 'state')[0]).toContain(`process ${agent.pid}`);
    expect(about(result, 'domains')).toEqual(['ok   domains: 1, of which 1 running']);
    expect(about(result, 'collector domainStats')[0]).toMatch(/^ok/);
    expect(about(result, 'agentx')[0]).toMatch(/^ok .*the master accepts sessions/);
    expect(about(result, 'snmp')).toEqual([
      `ok   snmp: ${snmpd.address} shows LIBVIRT-EXT-MIB (${root}) to this community`,
      `ok   snmp: ${snmpd.address} shows VM-MIB (1.3.6.1.2.1.236) to this community`,
    ]);
    expect(about(result, 'agent')[0]).toMatch(/^ok .*libvirt-agentx \d\S* answers$/);
    expect(about(result, 'agent')[1]).toMatch(/^ok .*connected to qemu.*, its data is \d+ s old$/);
    expect(about(result, 'notifications')[0]).toContain(`snmpd sends trap to ${sink.address};`);
  });

  it('says the same as one JSON document', async () => {
    const result = await check(['--snmp', snmpd.address, '--json']);
    const report: unknown = JSON.parse(result.stdout);
    expect(report).toMatchObject({ format: 1, exitCode: 0, failed: 0 });
    const { findings, checked } = report as CheckReport;
    expect(findings).toHaveLength(checked);
    expect(findings).toContainEqual({ level: 'ok', subject: 'domains', text: '1, of which 1 running' });
  });

  it('asks with SNMPv3, and takes the secrets from the environment as well', async () => {
    const asUser = ['--snmp', snmpd.address, '--v3-user', user.name];
    const shown = await check([...asUser, '--v3-auth', v3.v3Auth, '--v3-priv', user.privacyPassword]);
    expect(about(shown, 'snmp')[0]).toMatch(/^ok/);
    const hidden = await check(asUser, [], {
      LIBVIRT_AGENTX_CHECK_V3_AUTH: `SHA:${user.authPassword}`,
      LIBVIRT_AGENTX_CHECK_V3_PRIV: user.privacyPassword,
    });
    expect(about(hidden, 'snmp')[0]).toMatch(/^ok/);
  });
});

describe('what keeps a walk empty', () => {
  async function found(options: Readonly<Record<string, string>>, mibRoot = root) {
    const flags = [{ key: 'mib.root', option: '--mib-root', text: mibRoot }];
    const { config } = await loadConfig({ file: agent.configPath, env: {}, flags });
    const target = snmpTarget({ snmp: snmpd.address, ...options });
    if (target === undefined) throw new Error('there is a target');
    const registered = new Map([['', mibRoot === root ? [root, '1.3.6.1.2.1.236'] : []]]);
    const hypervisors = hypervisorConfigs(config);
    const findings = await checkSnmp({
      config,
      hypervisors,
      target,
      version: programVersion(),
      registered,
    });
    return findings.filter(({ level }) => level === 'fail');
  }

  it.each([
    [
      'a view that hides both modules',
      { community: 'narrow' },
      'snmp-view',
      `view libvirt included .${root}`,
    ],
    ['a view that hides VM-MIB', { community: 'half' }, 'snmp-view-hides-vm-mib', '.1.3.6.1.2.1.236'],
    [
      'a view of LIBVIRT-EXT-MIB alone',
      { community: 'alone' },
      'snmp-view-hides-vm-mib',
      'view libvirt included .1.3.6.1.2.1.236',
    ],
    ['a view that hides LIBVIRT-EXT-MIB', { community: 'other' }, 'snmp-view-hides-ext-mib', `.${root}`],
    ['an unknown community', { community: 'wrong' }, 'snmp-community-unknown', 'rocommunity'],
    ['a host that does not exist', { snmp: 'no-such-host.invalid' }, 'snmp-host-unknown', 'DNS'],
    [
      'an unknown user',
      { v3User: 'nobody', v3Auth: 'SHA:authentication' },
      'snmp-user-unknown',
      'createUser',
    ],
    ['a wrong passphrase', { v3User: 'lab', v3Auth: 'SHA:not the one' }, 'snmp-authentication', '--v3-auth'],
    [
      'another algorithm',
      { v3User: 'lab', v3Auth: user.authPassword },
      'snmp-authentication',
      'SHA or SHA-256',
    ],
    ['too low a security level', v3, 'snmp-not-authorized', 'rouser'],
    ['no authentication at all', { v3User: 'lab' }, 'snmp-not-authorized', 'rouser'],
    ['what cannot be decrypted', { ...v3, v3Priv: 'not the one' }, 'snmp-privacy', '--v3-priv'],
    [
      'a context that nobody serves',
      { ...v3, v3Priv: user.privacyPassword, v3Context: 'blue' },
      'snmp-context-unknown',
      'agentx.contexts',
    ],
  ])('is told: %s', async (_name, options, problem, remedy) => {
    expect(await found(options)).toMatchObject([{ problem, remedy: expect.stringContaining(remedy) }]);
  });

  it('is told: a port that nobody listens on', async () => {
    await using nobody = await refusingUdpPort();
    expect(await found({ snmp: nobody.address })).toMatchObject([
      { problem: 'snmp-nobody-listens', remedy: expect.stringContaining('agentaddress') },
    ]);
  });

  it('is told: another root than the running agent serves', async () => {
    const findings = await found({}, '1.3.6.1.4.1.99999.1');
    expect(findings).toMatchObject([{ problem: 'snmp-not-registered' }]);
  });

  it('is nothing where the view shows no more than our subtrees', async () => {
    expect(await found({ community: 'ours' })).toEqual([]);
  });

  it('is not taken for a state of the agent where a view hides that', async () => {
    const result = await check(['--snmp', snmpd.address, '--community', 'version']);
    expect(about(result, 'agent').filter((line) => !line.startsWith('ok'))).toEqual([
      expect.stringMatching(/^warn .*does not say whether it is connected.* To do: In snmpd\.conf/),
    ]);
  });

  it('is told by the command, which then ends with 69', async () => {
    const result = await check(['--snmp', snmpd.address, '--community', 'narrow']);
    expect(about(result, 'snmp')[0]).toMatch(/^fail .* To do: In snmpd\.conf/);
    expect(result.code).toBe(69);
  });
});

describe('peers that cannot be reached', () => {
  async function master(address: string) {
    const flags = [{ key: 'agentx.address', option: '--agentx', text: address }];
    const { config } = await loadConfig({ file: agent.configPath, env: {}, flags });
    return (await checkAgentx(config, programVersion())).findings;
  }

  it('names a socket that is not there, and where there is one instead', async () => {
    const found = await master(`unix:${directory.file('none')}`);
    // That of another snmpd on this host is as good.
    const [, other = ''] = /ENOENT.*something listens on (\/.*)$/.exec(found[0]?.text ?? '') ?? [];
    expect(other).toMatch(/agentx|\/master$/i);
    expect(found).toMatchObject([
      {
        problem: 'snmpd-socket-elsewhere',
        remedy: expect.stringMatching(/agentx\.address = "unix:\/.*agentXSocket/),
      },
    ]);
    expect(found[0]?.remedy).toContain(`"unix:${other}"`);
  });

  it('names a socket nobody listens on, and one of another protocol', async () => {
    await using stopped = await startSnmpd();
    await stopped.kill();
    expect(await master(stopped.agentxAddress)).toMatchObject([
      { problem: 'agentx-nobody-listens', text: expect.stringContaining('ECONNREFUSED') },
    ]);
    expect(await master(`unix:${libvirtd.socketReadOnly}`)).toMatchObject([{ problem: 'agentx-silent' }]);
    expect(await master(`unix:${agent.configPath}`)).toMatchObject([{ problem: 'agentx-not-a-socket' }]);
    await using nobody = await refusingTcpPort();
    expect(await master(`tcp:${nobody.address}`)).toMatchObject([{ problem: 'agentx-port-closed' }]);
  });

  it('names a libvirt socket that is not there, and goes on', async () => {
    const result = await check(['--uri', `qemu+unix:///system?socket=${directory.file('none')}`]);
    expect(about(result, 'libvirt').at(-1)).toMatch(/^fail .*does not exist/);
    expect(about(result, 'agentx')[0]).toMatch(/^ok/);
    expect(result.code).toBe(69);
  });

  describe.skipIf(process.getuid?.() !== 0)('as a user without rights (needs root, to become one)', () => {
    const nobody = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'];
    const args = () => ['--config', '/dev/null', '--agentx', `unix:${directory.file('ax', 'master')}`];
    let master: Snmpd;

    beforeAll(async () => {
      // Everything above the socket's own directory can be entered: what is in the way is one thing at a time.
      chmodSync(directory.path, 0o755);
      mkdirSync(directory.directory('ax'), { recursive: true });
      master = await startSnmpd({ agentxSocketPath: directory.file('ax', 'master') });
    });
    afterAll(() => master.stop());

    it('names the directory that cannot be entered, which agentXPerms does not change', async () => {
      chmodSync(dirname(directory.file('ax', 'master')), 0o700);
      const [line] = about(await check(args(), nobody), 'agentx');
      expect(line).toMatch(/^fail .*EACCES.*chmod o\+x/);
      expect(line).toContain(`${directory.path}/ax (mode 0700, uid 0, gid 0)`);
    });

    it('names agentXPerms where the socket itself is in the way', async () => {
      chmodSync(dirname(directory.file('ax', 'master')), 0o755);
      chmodSync(directory.file('ax', 'master'), 0o755);
      const [line] = about(await check(args(), nobody), 'agentx');
      expect(line).toMatch(/^fail .*EACCES.*agentXPerms 0660 0755 -1 GROUP/);
    });
  });
});

describe('a configuration that cannot be used', () => {
  it('is told with every problem, and ends with 78', async () => {
    const result = await check(['--set', 'collect.intervall=3', '--interval', 'soon']);
    expect(result.code).toBe(78);
    expect(result.stdout).toContain('did you mean "collect.interval"?');
    expect(result.stdout.match(/^fail configuration: /gm)).toHaveLength(2);
  });
});

// On real file systems and as real users.
describe('a state directory', () => {
  const nobody = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'];

  /** After the commands of a shell, in a mount namespace of its own. */
  async function stateOf(path: string, commands: string, as: readonly string[] = []) {
    const script = `set -e\n${commands}\nexec "$@"`;
    const prefix = ['unshare', '--mount', 'sh', '-c', script, 'sh', ...as];
    const nowhere = [
      ...['--uri', `qemu+unix:///system?socket=${directory.file('none')}`],
      ...['--set', 'agentx.enabled=false', '--set', 'http.address=127.0.0.1:0'],
    ];
    const args = ['--json', '--state-dir', path, ...nowhere];
    // The configuration of the agent is not for everybody to read.
    const { stdout, code } = await check(['--config', '/dev/null', ...args], prefix);
    const { findings } = JSON.parse(stdout) as CheckReport;
    return { code, state: findings.filter(({ subject, level }) => subject === 'state' && level !== 'ok') };
  }

  it.each([
    [
      'read-only, for root as well',
      (path: string) => `mount --bind ${path} ${path}\nmount -o remount,ro,bind ${path}`,
      'state-not-writable',
      'EROFS',
    ],
    [
      'full',
      (path: string) => `mount -t tmpfs -o size=64k tmpfs ${path}\ncat /dev/zero > ${path}/full || true`,
      'state-full',
      'ENOSPC',
    ],
  ])('on a file system that is %s is named, and ends with 78', async (name, commands, problem, words) => {
    const path = directory.directory(name.slice(0, 4));
    const { code, state } = await stateOf(path, commands(path));
    expect(state).toMatchObject([{ level: 'fail', problem, text: expect.stringContaining(words) }]);
    expect(code).toBe(78);
  });

  it('of another user is named, and one that cannot be made', async () => {
    chmodSync(directory.path, 0o755);
    const path = directory.directory('of-root');
    const foreign = await stateOf(path, ':', nobody);
    expect(foreign.state).toMatchObject([
      { problem: 'state-not-writable', remedy: expect.stringContaining('checked as uid 65534') },
    ]);
    expect(foreign.code).toBe(78);
    const unmade = await stateOf(`${path}/state`, ':', nobody);
    expect(unmade.state).toMatchObject([
      { problem: 'state-not-writable', text: expect.stringContaining('this user cannot make it') },
    ]);
  });

  it('with a file that root has left there is named, to its user and to root', async () => {
    chmodSync(directory.path, 0o755);
    const path = directory.directory('of-nobody');
    chownSync(path, 65_534, 65_534);
    const file = `${path}/indexes.json`;
    writeFileSync(file, '{}', { mode: 0o600 });
    const chown = `chown 65534:65534 ${file}`;
    const own = await stateOf(path, ':', nobody);
    expect(own.state).toMatchObject([
      { level: 'fail', problem: 'state-file-unreadable', remedy: expect.stringContaining(chown) },
    ]);
    expect(own.code).toBe(78);
    const asRoot = await stateOf(path, ':');
    expect(asRoot.state).toMatchObject([
      { level: 'warn', problem: 'state-file-foreign', remedy: expect.stringContaining(chown) },
    ]);
  });
});
