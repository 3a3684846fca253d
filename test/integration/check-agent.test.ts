import { chmodSync, cpSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { parseAgentxAddress } from '../../src/agentx/address.ts';
import { openMaster } from '../../src/check/agentx.ts';
import type { Finding } from '../../src/check/finding.ts';
import type { CheckReport } from '../../src/check/report.ts';
import { type Agent, programPath, startAgent } from '../lab/agent.ts';
import { biosGuest } from '../lab/domain-xml.ts';
import { type LabDirectory, makeLabDirectory } from '../lab/lab-directory.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { type RunResult, runAnyway, startProcess, whereNoAgentRuns } from '../lab/process.ts';
import { readableProgram } from '../lab/readable-program.ts';
import { type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { waitUntil } from '../lab/wait.ts';

// What `check` says of an agent that runs: another process than the check, with other rights.

const root = '1.3.6.1.4.1.8072.9999.9999.16514';
const connState = `${root}.1.1.5.0`;

let directory: LabDirectory;
let libvirtd: Libvirtd;
let snmpd: Snmpd;
/** The program where users without rights can read it. */
let program: string;

beforeAll(async () => {
  directory = await makeLabDirectory();
  program = await readableProgram(directory);
  libvirtd = await startLibvirtd();
  await libvirtd.run(biosGuest({ name: 'one', type: libvirtd.domainType }));
  snmpd = await startSnmpd();
});

afterAll(async () => {
  await snmpd?.stop();
  await libvirtd?.stop();
  await directory?.remove();
});

interface Checked {
  readonly code: RunResult['code'];
  readonly report: CheckReport;
  /** What is not in order, without what concerns the host of the test only. */
  readonly problems: readonly Finding[];
}

async function check(configPath: string, ...more: readonly string[]): Promise<Checked> {
  const args = ['check', '--json', '--config', configPath, '--snmp', snmpd.address, ...more];
  return checked(await runAnyway(process.execPath, [programPath, ...args]));
}

function checked({ stdout, code }: RunResult): Checked {
  const report = JSON.parse(stdout) as CheckReport;
  const problems = report.findings.filter(
    ({ level, subject, problem }) =>
      level !== 'ok' &&
      subject !== 'modules' &&
      !subject.startsWith('collector ') &&
      problem !== 'trap-sinks-none',
  );
  return { code, report, problems };
}

const seen = async (oid: string): Promise<string | undefined> => (await snmpd.get(oid))[0]?.value;

async function served(agent: Agent): Promise<void> {
  await waitUntil(async () => (await seen(connState)) === '2', {
    what: 'the agent to be registered and connected',
    context: () => agent.stderr(),
  });
}

describe('a subtree that another subagent has', () => {
  it.each([
    ['both', [root, '1.3.6.1.2.1.236'], ['snmp-subtree-taken', 'snmp-subtree-taken']],
    ['VM-MIB', ['1.3.6.1.2.1.236'], ['snmp-subtree-taken']],
  ])('is told while the agent runs and cannot register: %s', async (_name, taken, problems) => {
    const other = await openMaster(parseAgentxAddress(snmpd.agentxAddress), 'somebody else');
    onTestFinished(() => other.close('shutdown'));
    for (const oid of taken) {
      const subtree = oid.split('.').map(Number);
      await other.request(
        { kind: 'register', context: undefined, timeoutSec: 0, priority: 127, subtree },
        'Register',
      );
    }
    await using agent = await startAgent({ uri: libvirtd.uriReadOnly, agentxAddress: snmpd.agentxAddress });
    await agent.waitForLog('duplicateRegistration');
    const found = await check(agent.configPath);
    expect(found.problems.map(({ problem }) => problem)).toEqual(problems);
    expect(found.problems[0]?.text).toContain('another subagent has registered');
    expect(found.code).toBe(69);

    await agent.stop();
    await writeFile(directory.file('stopped.toml'), '');
    const [command, ...alonePrefix] = whereNoAgentRuns;
    const args = [
      ...['check', '--json', '--config', directory.file('stopped.toml'), '--snmp', snmpd.address],
      ...['--uri', libvirtd.uriReadOnly, '--agentx', snmpd.agentxAddress],
      ...['--state-dir', directory.directory('stopped')],
    ];
    const alone = checked(await runAnyway(command, [...alonePrefix, process.execPath, programPath, ...args]));
    const agentx = alone.problems.filter(({ subject }) => subject === 'agentx');
    expect(agentx.map(({ problem }) => problem)).toEqual(taken.map(() => 'subtree-taken'));
  });
});

describe('a subtree that a line of snmpd.conf has', () => {
  /** Answers any GET with a text, and has nothing behind it. */
  const script = '#!/bin/sh\n[ "$1" = -g ] || exit 0\necho "$2"\necho string\necho mine\n';

  it.each([
    ['VM-MIB', '1.3.6.1.2.1.236', '', 'snmp-subtree-taken', 'or a pass line of snmpd.conf'],
    ['LIBVIRT-EXT-MIB', root, '', 'snmp-not-ours', "somebody else's answers at LIBVIRT-EXT-MIB"],
    // The agent registers, and is never asked.
    ['LIBVIRT-EXT-MIB, before us', root, '-p 10 ', 'snmp-not-ours', "somebody else's answers"],
  ])('is told: %s', async (_name, oid, options, problem, text) => {
    const path = directory.file('pass.sh');
    await writeFile(path, script, { mode: 0o755 });
    await using master = await startSnmpd({ extraConfig: `pass ${options}.${oid} ${path}` });
    await using agent = await startAgent({ uri: libvirtd.uriReadOnly, agentxAddress: master.agentxAddress });
    await agent.waitForLog(
      options === '' ? 'duplicateRegistration' : 'session with the AgentX master opened',
    );
    const found = await check(agent.configPath, '--snmp', master.address);
    const [first] = found.problems;
    expect(first?.problem).toBe(problem);
    expect(first?.text).toContain(text);
    // Nobody is suspected who serves the rest, and nothing of what somebody else says is taken for the agent's.
    expect(first?.text).not.toContain('subagents that say who they are');
    expect(
      found.report.findings.filter(({ subject }) => subject === 'agent').map(({ level }) => level),
    ).toEqual(oid === root ? [] : ['ok', 'ok']);
    expect(found.code).toBe(69);
  });
});

describe('an agent that runs', () => {
  it('and is cut off from libvirt, where root is not', async () => {
    for (const path of [directory.path, snmpd.directoryPath]) chmodSync(path, 0o755);
    const socket = snmpd.agentxSocketPath ?? '';
    chmodSync(dirname(socket), 0o755);
    chmodSync(socket, 0o777);
    chmodSync(libvirtd.directory.path, 0o755);
    const state = directory.directory('nobody');
    chmodSync(state, 0o777);
    const configPath = directory.file('nobody.toml');
    await writeFile(
      configPath,
      `libvirt.uri = "${libvirtd.uriReadOnly}"
collect.interval = 1
agentx.address = "${snmpd.agentxAddress}"
state.directory = "${state}"
`,
    );
    // Whatever the umask is.
    chmodSync(configPath, 0o644);
    const user = ['--reuid', '65534', '--regid', '65534', '--clear-groups'];
    const nobody = await startProcess({
      name: 'libvirt-agentx of nobody',
      command: 'setpriv',
      args: [...user, process.execPath, program, 'run', '--config', configPath],
      env: { HOME: '/' },
    });
    try {
      await waitUntil(async () => (await seen(connState)) === '2', {
        what: 'the agent of nobody to be connected',
        context: () => nobody.stderr(),
      });
      expect((await check(configPath)).problems).toEqual([]);

      chmodSync(dirname(libvirtd.socketReadOnly), 0o700);
      await libvirtd.restart();
      await waitUntil(async () => (await seen(connState)) === '3', { what: 'the connection to be lost' });
      // At first the reason is the loss; then, that it may not come back.
      const found = await waitUntil(
        async () => {
          const looked = await check(configPath);
          return looked.problems.some(({ text }) => /no permission|EACCES/.test(text)) && looked;
        },
        { what: 'the reason' },
      );
      expect(found.problems).toMatchObject([
        {
          problem: 'agent-libvirt-lost',
          text: expect.stringMatching(
            /is disconnected, and its data is \d+ s old: .*(?:no permission|EACCES)/,
          ),
          remedy: expect.stringContaining('setpriv --reuid libvirt-agentx'),
        },
      ]);
      expect(found.report.findings).toContainEqual({
        level: 'ok',
        subject: 'domains',
        text: '1, of which 1 running',
      });
      expect(found.code).toBe(69);
    } finally {
      chmodSync(dirname(libvirtd.socketReadOnly), 0o755);
      await nobody.stop();
    }
  });

  it('and was not restarted after an upgrade, or watches another libvirt, or may not notify', async () => {
    await using agent = await startAgent({
      uri: libvirtd.uriReadOnly,
      agentxAddress: snmpd.agentxAddress,
      config: { notifications: { enabled: false } },
    });
    await served(agent);
    const upgraded = directory.directory('upgraded');
    cpSync(dirname(dirname(dirname(program))), upgraded, { recursive: true });
    const manifest = `${upgraded}/package.json`;
    const text = await readFile(manifest, 'utf8');
    await writeFile(manifest, text.replace(/"version": "[^"]+"/, '"version": "9.9.9"'));
    const next = await runAnyway(process.execPath, [
      `${upgraded}/lib/bundle/libvirt-agentx.js`,
      ...['check', '--json', '--config', agent.configPath, '--snmp', snmpd.address],
    ]);
    const { findings } = JSON.parse(next.stdout) as CheckReport;
    expect(findings.flatMap(({ subject, problem }) => (subject === 'agent' ? (problem ?? []) : []))).toEqual([
      'agent-other-version',
      'agent-notifications-off',
    ]);
    const other = await check(agent.configPath, '--uri', libvirtd.uri);
    expect(other.problems.map(({ problem }) => problem)).toContain('agent-other-uri');
  });

  it('and cannot save its state', async () => {
    await using agent = await startAgent({
      uri: libvirtd.uriReadOnly,
      agentxAddress: snmpd.agentxAddress,
      stateDirectory: directory.directory('read-only'),
      mounts: `mount --bind ${directory.directory('read-only')} ${directory.directory('read-only')}
mount -o remount,ro,bind ${directory.directory('read-only')}`,
    });
    await served(agent);
    const { problems } = await check(agent.configPath);
    expect(problems).toMatchObject([
      { level: 'warn', problem: 'warning-state-not-saved', text: expect.stringContaining('EROFS') },
    ]);
  });
});
