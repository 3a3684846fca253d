import { chmodSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkLibvirt } from '../../src/check/libvirt.ts';
import { loadConfig } from '../../src/config/load.ts';
import { type LabDirectory, makeLabDirectory } from '../lab/lab-directory.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { makePki } from '../lab/pki.ts';
import { runAnyway } from '../lab/process.ts';
import { readableProgram } from '../lab/readable-program.ts';
import { refusingTcpPort } from '../lab/refusing-port.ts';
import { type Sshd, startSshd } from '../lab/sshd.ts';

// What `check` says of a libvirt that cannot be reached.

let libvirtd: Libvirtd;
let sshd: Sshd;

beforeAll(async () => {
  libvirtd = await startLibvirtd();
  sshd = await startSshd(libvirtd.directory.directory('ssh'), libvirtd.namespaces);
});

afterAll(async () => {
  await sshd?.stop();
  await libvirtd?.stop();
});

async function found(uri: string, readWrite = 'false') {
  const flags = [
    { key: 'libvirt.uri', option: '--uri', text: uri },
    { key: 'libvirt.read_write', option: '--read-write', text: readWrite },
  ];
  const { config } = await loadConfig({ file: '/dev/null', env: {}, flags });
  const findings = await checkLibvirt(config, AbortSignal.timeout(60_000));
  return findings.filter(({ level }) => level !== 'ok');
}

/** Settings, a master and a state directory that are not there. */
function notOfTheHost(directory: LabDirectory): readonly string[] {
  const master = `unix:${directory.file('no-master')}`;
  return ['--config', '/dev/null', '--agentx', master, '--state-dir', directory.file('no-state')];
}

it('has an entry for a driver that the daemon does not have', async () => {
  const other = libvirtd.uriReadOnly.replace('qemu+unix', 'xen+unix');
  expect(await found(other)).toMatchObject([
    {
      problem: 'libvirt-driver-missing',
      text: 'read-only: no connection driver available for xen:///system',
    },
  ]);
});

it('tells a user whom libvirt does not know what to do', async () => {
  await using directory = await makeLabDirectory();
  const program = await readableProgram(directory);
  for (const path of [directory.path, libvirtd.directory.path]) chmodSync(path, 0o755);
  const user = ['--reuid', '54321', '--regid', '54321', '--clear-groups'];
  const args = ['check', ...notOfTheHost(directory), '--uri', libvirtd.uriReadOnly];
  const result = await runAnyway('setpriv', [...user, process.execPath, program, ...args], {
    env: { HOME: '/' },
  });
  expect(result.stdout).toMatch(
    /^fail libvirt: read-only: Failed to find user record for uid '54321'\. To do: Create that user/m,
  );
});

it.each([
  ['a host that has no name', 'qemu+ssh://root@host.invalid/system', 'ssh-unreachable', 'Could not resolve'],
  ['no ssh', 'qemu+ssh://root@localhost/system?command=/no/ssh', 'ssh-missing', 'cannot start /no/ssh'],
])('passes on what ssh says: %s', async (_name, uri, problem, words) => {
  expect(await found(uri)).toMatchObject([{ problem, text: expect.stringContaining(words) }]);
});

it('passes on what ssh says: a port that is closed', async () => {
  await using nobody = await refusingTcpPort();
  expect(await found(`qemu+ssh://root@${nobody.address}/system`)).toMatchObject([
    { problem: 'ssh-unreachable', text: expect.stringContaining('Connection refused') },
  ]);
});

it('names a private key of the URI that everybody can read, once for both kinds of connections', async () => {
  await using directory = await makeLabDirectory();
  await using nobody = await refusingTcpPort();
  const pki = await makePki(directory.directory('pki'), 'the authority');
  const key = `${pki.directory}/clientkey.pem`;
  const remedy = expect.stringContaining(`chmod o-rwx ${key}`);
  for (const [uri, problem] of [
    [`qemu+tls://${nobody.address}/system?pkipath=${pki.directory}`, 'libvirt-nothing-listens'],
    [`qemu+ssh://root@${nobody.address}/system?keyfile=${key}`, 'ssh-unreachable'],
  ] as const) {
    chmodSync(key, 0o644);
    expect(await found(uri, 'true')).toMatchObject([
      { level: 'warn', problem: 'secret-open', remedy },
      { problem },
      { problem },
    ]);
    chmodSync(key, 0o600);
    expect(await found(uri, 'true')).toMatchObject([{ problem }, { problem }]);
  }
});

it('passes on what ssh says of keys, hosts and sockets, inside the network of sshd', async () => {
  await using directory = await makeLabDirectory();
  const program = await readableProgram(directory);
  const keys = `keyfile=${sshd.keyPath}&known_hosts=${sshd.knownHostsPath}`;
  const says = async (query: string) => {
    const uri = `qemu+ssh://root@localhost/system?${query}`;
    const [command = '', ...enter] = libvirtd.namespaces.enter;
    const args = ['check', '--json', ...notOfTheHost(directory), '--uri', uri];
    const { stdout } = await runAnyway(command, [...enter, process.execPath, program, ...args]);
    const { findings } = JSON.parse(stdout) as { findings: { subject: string; level: string }[] };
    return findings.filter(({ subject, level }) => subject === 'libvirt' && level !== 'ok');
  };
  expect(await says(`known_hosts=${sshd.knownHostsPath}&keyfile=/no/key`)).toMatchObject([
    {
      problem: 'ssh-key-refused',
      text: expect.stringMatching(/ssh localhost says: [\s\S]*Permission denied \(publickey\)/),
    },
  ]);
  expect(await says(`keyfile=${sshd.keyPath}&known_hosts=/dev/null`)).toMatchObject([
    { problem: 'ssh-host-unknown', text: expect.stringContaining('Host key verification failed') },
  ]);
  expect(await says(`${keys}&socket=/no/socket`)).toMatchObject([{ problem: 'ssh-no-socket' }]);
  expect(await says(`${keys}&socket=${libvirtd.socketReadOnly}`)).toEqual([]);
});

it('tells of a daemon that hangs in words for people', async () => {
  libvirtd.signal('SIGSTOP');
  try {
    expect(await found(libvirtd.uriReadOnly)).toMatchObject([
      {
        problem: 'libvirt-hangs',
        text: `read-only: ${libvirtd.socketReadOnly} takes connections, but the daemon has not answered for 10 s`,
        remedy: expect.stringContaining('virsh -r list --all'),
      },
    ]);
  } finally {
    libvirtd.signal('SIGCONT');
  }
});
