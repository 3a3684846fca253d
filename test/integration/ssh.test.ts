import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { biosGuest } from '../lab/domain-xml.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { type RunningProcess, run, startProcess } from '../lab/process.ts';
import { type Sshd, startSshd } from '../lab/sshd.ts';
import { waitUntil } from '../lab/wait.ts';
import { DumpOver } from './dump-over.ts';

let libvirtd: Libvirtd;
let sshd: Sshd;
let dump: DumpOver;
const names = ['one'];

const inHome = (...name: readonly string[]): string => libvirtd.directory.file('home', ...name);
const accepted = (): number => sshd.output().split('Accepted publickey for root').length - 1;

/** What root's own ssh goes by, in a home of the lab. */
async function configure(text: string, files: Readonly<Record<string, string>> = {}): Promise<void> {
  await rm(inHome('.ssh'), { recursive: true, force: true });
  await mkdir(inHome('.ssh'), { recursive: true, mode: 0o700 });
  for (const [name, content] of Object.entries({ ...files, config: text })) {
    await writeFile(inHome('.ssh', name), content, { mode: 0o600 });
  }
}

beforeAll(async () => {
  libvirtd = await startLibvirtd();
  dump = new DumpOver(libvirtd, names);
  await libvirtd.run(biosGuest({ name: 'one', type: libvirtd.domainType }));
  for (const name of ['libvirt-sock', 'libvirt-sock-ro']) {
    await libvirtd.namespaces.exec('ln', '-s', libvirtd.directory.file('sock', name), `/run/libvirt/${name}`);
  }
  await libvirtd.namespaces.exec('ip', 'address', 'add', '192.0.2.1/32', 'dev', 'lo');
  // ssh goes by the list of users, not by HOME. The file is mounted where it is, so it must stay the same file.
  const passwd = libvirtd.directory.file('etc-passwd');
  await mkdir(inHome(), { recursive: true });
  await writeFile(
    passwd,
    (await readFile(passwd, 'utf8')).replace(/^(root:.*):[^:]*(:[^:]*)$/m, `$1:${inHome()}$2`),
  );
  sshd = await startSshd(libvirtd.directory.directory('ssh'), libvirtd.namespaces);
});

afterAll(async () => {
  await sshd?.stop();
  await libvirtd?.stop();
});

describe.sequential("the user's own ssh", () => {
  it('finds keys, hosts and a jump on the way in its configuration', async () => {
    await configure(
      [
        'Host inner',
        '  HostName localhost',
        '  ProxyJump outer',
        'Host outer',
        '  HostName localhost',
        'Host *',
        `  IdentityFile ${sshd.keyPath}`,
        `  UserKnownHostsFile ${sshd.knownHostsPath}`,
      ].join('\n'),
    );
    const before = accepted();
    await dump.expectDomains('qemu+ssh://root@inner/system');
    // Two for each of the connections: one at the jump, one at the host.
    await waitUntil(() => (accepted() - before) % 2 === 0 && accepted() - before >= 6, {
      what: 'logins at the jump as well',
      context: () => sshd.output(),
    });
  });

  it('has the key from an agent, and none without it', async () => {
    await configure('', { known_hosts: await readFile(sshd.knownHostsPath, 'utf8') });
    const uri = 'qemu+ssh://root@localhost/system';
    expect(await dump.failure(uri)).toContain('Permission denied (publickey)');
    const socket = libvirtd.directory.file('agent.sock');
    const agent: RunningProcess = await startProcess({
      name: 'ssh-agent',
      command: 'ssh-agent',
      args: ['-D', '-a', socket],
      ready: (output) => output.includes('SSH_AUTH_SOCK'),
    });
    try {
      await run('env', [`SSH_AUTH_SOCK=${socket}`, 'ssh-add', '-q', sshd.keyPath]);
      await dump.with({ SSH_AUTH_SOCK: socket }).expectDomains(uri);
    } finally {
      await agent.stop();
    }
  });

  it('is let do one thing only, and that is enough', async () => {
    const path = libvirtd.directory.file('ssh', 'authorized');
    const key = await readFile(path, 'utf8');
    await writeFile(path, `command="virt-ssh-helper -r qemu:///system",restrict ${key}`);
    await configure(`IdentityFile ${sshd.keyPath}\nUserKnownHostsFile ${sshd.knownHostsPath}\n`);
    await dump.expectDomains('qemu+ssh://root@localhost/system');
    await writeFile(path, key);
  });
});

describe.sequential('the parameters of the URI', () => {
  const uri = (more: string): string =>
    `qemu+ssh://root@localhost/system?keyfile=${sshd.keyPath}&known_hosts=${sshd.knownHostsPath}${more}`;

  it('name the socket, the netcat and the kind of daemon', async () => {
    await configure('');
    const mark = libvirtd.directory.file('netcat-was-here');
    const netcat = libvirtd.directory.file('netcat');
    await writeFile(netcat, `#!/bin/sh\necho "$@" >> ${mark}\nexec nc "$@"\n`);
    await chmod(netcat, 0o755);
    await dump.expectDomains(uri(`&socket=${libvirtd.socketReadOnly}&netcat=${netcat}`));
    expect(await readFile(mark, 'utf8')).toContain(`-U ${libvirtd.socketReadOnly}`);
    expect(await dump.failure(uri('&proxy=netcat&mode=direct'))).toContain('no libvirt socket on this host');
  });

  it('let in a host whose key is not known, but not by default', async () => {
    await configure(`UserKnownHostsFile ${libvirtd.directory.file('known-by-test')}\n`);
    const unknown = `qemu+ssh://root@localhost/system?keyfile=${sshd.keyPath}`;
    const message = await dump.failure(unknown);
    expect(message).toContain('Host key verification failed');
    expect(message).toContain('into known_hosts of');
    await dump.expectDomains(`${unknown}&no_verify=1`);
  });
});
