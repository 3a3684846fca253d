import { chmod, copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { programPath } from '../lab/agent.ts';
import { biosGuest } from '../lab/domain-xml.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { makePki, type Pki } from '../lab/pki.ts';
import { run } from '../lab/process.ts';
import { type Sshd, startSshd } from '../lab/sshd.ts';
import { DumpOver } from './dump-over.ts';

let libvirtd: Libvirtd;
let sshd: Sshd;
let pki: Pki;
let otherPki: Pki;
let dump: DumpOver;
/** libvirtd.conf as the first tests have it. */
let configText: string;
const names = ['one', 'two', 'three'];

const configPath = (): string => libvirtd.directory.file('etc', 'libvirtd.conf');

beforeAll(async () => {
  libvirtd = await startLibvirtd({ listen: true, extraLibvirtdConfig: 'listen_tls = 0\nlisten_tcp = 1' });
  dump = new DumpOver(libvirtd, names);
  pki = await makePki(libvirtd.directory.directory('pki'), 'the authority');
  otherPki = await makePki(libvirtd.directory.directory('other-pki'), 'another authority');
  configText = (await readFile(configPath(), 'utf8'))
    .replace('listen_tls = 0', 'listen_tls = 1')
    .concat(
      `auth_tcp = "none"\nauth_tls = "none"\n`,
      `key_file = "${pki.serverKeyPath}"\ncert_file = "${pki.serverCertPath}"\nca_file = "${pki.caPath}"\n`,
    );
  await restartWith(configText);
  for (const name of names) await libvirtd.run(biosGuest({ name, type: libvirtd.domainType }));
  // Where virt-ssh-helper looks for the daemon.
  for (const name of ['libvirt-sock', 'libvirt-sock-ro']) {
    await libvirtd.namespaces.exec('ln', '-s', libvirtd.directory.file('sock', name), `/run/libvirt/${name}`);
  }
  // A resolver that looks at which networks a host has finds no address where there is none but loopback.
  await libvirtd.namespaces.exec('ip', 'address', 'add', '192.0.2.1/32', 'dev', 'lo');
  sshd = await startSshd(libvirtd.directory.directory('ssh'), libvirtd.namespaces);
});

afterAll(async () => {
  await sshd?.stop();
  await libvirtd?.stop();
});

async function restartWith(text: string): Promise<void> {
  await writeFile(configPath(), text);
  await libvirtd.restart();
}

const tls = (directory: string, more = ''): string =>
  `qemu+tls://localhost/system?pkipath=${directory}${more}`;
const ssh = (more = ''): string =>
  `qemu+ssh://root@localhost/system?keyfile=${sshd.keyPath}&known_hosts=${sshd.knownHostsPath}${more}`;

/** A directory with the files of a client, each from where is wanted. */
async function clientFiles(name: string, files: Readonly<Record<string, Pki>>): Promise<string> {
  const directory = libvirtd.directory.directory(name);
  await mkdir(directory, { recursive: true });
  for (const [file, { directory: from }] of Object.entries(files)) {
    await copyFile(`${from}/${file}`, `${directory}/${file}`);
  }
  return directory;
}

describe.sequential('over each transport everything is collected', () => {
  it('a Unix socket', async () => {
    await dump.expectDomains(libvirtd.uriReadOnly);
  });

  it('TCP', async () => {
    await dump.expectDomains('qemu+tcp://localhost/system');
  });

  it('TLS', async () => {
    await dump.expectDomains(tls(pki.directory));
  });

  it('ssh, with the helper on the other side and with netcat', async () => {
    await dump.expectDomains(ssh('&proxy=native'));
    await dump.expectDomains(ssh('&proxy=netcat'));
    await dump.expectDomains(ssh());
    expect(sshd.output()).toContain('Accepted publickey for root');
  });

  it('a program of the operator', async () => {
    const program = libvirtd.directory.file('transport.sh');
    await writeFile(program, '#!/bin/sh\nexec virt-ssh-helper -r qemu:///system\n');
    await chmod(program, 0o755);
    await dump.expectDomains(`qemu+ext:///system?command=${program}`);
  });
});

describe.sequential('libvirt.conf', () => {
  it('has short names, and what is taken where nothing else is named', async () => {
    const path = libvirtd.directory.file('etc', 'libvirt.conf');
    await writeFile(
      path,
      `uri_aliases = [ "lab=${tls(pki.directory)}" ]\nuri_default = "qemu+tcp://localhost/system"\n`,
    );
    await dump.expectDomains('lab');
    await dump.expectDomains(undefined);
    const [command = '', ...prefix] = libvirtd.namespaces.enter;
    const config = [process.execPath, programPath, 'config'];
    const shown = await run(command, [...prefix, 'env', '-u', 'LIBVIRT_DEFAULT_URI', ...config]);
    expect(shown).toContain('uri = "qemu+tcp://localhost/system"  # other file /etc/libvirt/libvirt.conf');
    await dump.with({ LIBVIRT_DEFAULT_URI: libvirtd.uriReadOnly }).expectDomains(undefined);
    await writeFile(path, 'uri_default = "qemu+pigeon://localhost/system"\n');
    const { code, stderr } = await dump.run(undefined);
    expect([code, stderr]).toEqual([
      78,
      expect.stringMatching(/\/etc\/libvirt\/libvirt\.conf: libvirt\.uri: .*unknown transport "pigeon"/),
    ]);
    await rm(path);
  });
});

describe.sequential('what is not let in is told why, in a line', () => {
  it('a certificate that another authority has signed', async () => {
    const directory = await clientFiles('strange', {
      'cacert.pem': pki,
      'clientcert.pem': otherPki,
      'clientkey.pem': otherPki,
    });
    expect(await dump.failure(tls(directory))).toContain("did not accept the client's certificate");
  });

  it('none where one is wanted', async () => {
    const directory = await clientFiles('bare', { 'cacert.pem': pki });
    expect(await dump.failure(tls(directory))).toContain(`there is no ${directory}/clientcert.pem`);
  });

  it('a daemon whose certificate another authority has signed', async () => {
    expect(await dump.failure(tls(otherPki.directory))).toContain('cannot be trusted');
  });

  it('a key of another certificate', async () => {
    const directory = await clientFiles('mixed', {
      'cacert.pem': pki,
      'clientcert.pem': pki,
      'clientkey.pem': otherPki,
    });
    expect(await dump.failure(tls(directory))).toContain('clientkey.pem does not belong to the certificate');
  });

  it('a key that sshd does not know, a host that ssh does not know', async () => {
    const { knownHostsPath, keyPath } = sshd;
    const keyfile = libvirtd.directory.file('ssh', 'host');
    const uri = (key: string, hosts: string): string =>
      `qemu+ssh://root@localhost/system?keyfile=${key}&known_hosts=${hosts}`;
    expect(await dump.failure(uri(keyfile, knownHostsPath))).toContain('Permission denied');
    expect(await dump.failure(uri(keyPath, '/dev/null'))).toContain('Host key verification failed');
  });

  it('no certificate, which is no fault where none is wanted', async () => {
    await restartWith(`${configText}tls_no_verify_certificate = 1\n`);
    const directory = await clientFiles('none-wanted', { 'cacert.pem': pki });
    await dump.expectDomains(tls(directory));
  });
});
