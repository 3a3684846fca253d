import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { biosGuest } from '../lab/domain-xml.ts';
import { type LabDirectory, makeLabDirectory } from '../lab/lab-directory.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { makePki, type Pki } from '../lab/pki.ts';
import { runAnyway } from '../lab/process.ts';
import { makeSaslService, type SaslService } from '../lab/sasl.ts';
import { waitUntil } from '../lab/wait.ts';
import { DumpOver } from './dump-over.ts';

const host = 'sasl-host';
const names = ['one', 'two'];
const password = 'a pencil';
const everything = 'scram-sha-512 scram-sha-256 scram-sha-1 digest-md5 plain';

let directory: LabDirectory;
let service: SaslService;
let libvirtd: Libvirtd;
let pki: Pki;
/** Knows no user. */
let stranger: DumpOver;
/** Knows the user and the password. */
let fred: DumpOver;

const uris = {
  tcp: 'qemu+tcp://localhost/system',
  tls: (): string => `qemu+tls://localhost/system?pkipath=${pki.directory}`,
  unix: (): string => libvirtd.uriReadOnly,
};

async function passwordFile(name: string, text: string): Promise<string> {
  const path = directory.file(name);
  await writeFile(path, `${text}\n`);
  return path;
}

const settings = (user: string, file: string): Readonly<Record<string, string>> => ({
  LIBVIRT_AGENTX_LIBVIRT_SASL_USER: user,
  LIBVIRT_AGENTX_LIBVIRT_SASL_PASSWORD_FILE: file,
});

beforeAll(async () => {
  directory = await makeLabDirectory();
  service = await makeSaslService(directory.directory('sasl'), host);
  await service.configure(everything);
  await service.setPassword('fred', password);
  libvirtd = await startLibvirtd({
    hostname: host,
    listen: true,
    env: service.env,
    extraLibvirtdConfig: 'listen_tls = 0\nlisten_tcp = 1',
  });
  pki = await makePki(libvirtd.directory.directory('pki'), 'the authority');
  const path = libvirtd.directory.file('etc', 'libvirtd.conf');
  await writeFile(
    path,
    (await readFile(path, 'utf8'))
      .replace('listen_tls = 0', 'listen_tls = 1')
      .replace('auth_unix_ro = "none"', 'auth_unix_ro = "sasl"')
      .concat(
        'auth_tcp = "sasl"\nauth_tls = "sasl"\n',
        `key_file = "${pki.serverKeyPath}"\ncert_file = "${pki.serverCertPath}"\nca_file = "${pki.caPath}"\n`,
      ),
  );
  await libvirtd.restart();
  // A resolver that looks at which networks a host has finds no address where there is none but loopback.
  await libvirtd.namespaces.exec('ip', 'address', 'add', '192.0.2.1/32', 'dev', 'lo');
  for (const name of names) await libvirtd.run(biosGuest({ name, type: libvirtd.domainType }));
  stranger = new DumpOver(libvirtd, names, { LIBVIRT_AUTH_FILE: directory.file('no-auth.conf') });
  fred = stranger.with(settings('fred', await passwordFile('password', password)));
});

afterAll(async () => {
  await libvirtd?.stop();
  await directory?.remove();
});

describe.sequential('everything is collected', () => {
  it('over plain TCP, encrypted by DIGEST-MD5', async () => {
    await fred.expectDomains(uris.tcp);
  });

  it.each(['scram-sha-256', 'digest-md5', 'plain'])('over TLS with %s', async (mechanism) => {
    await fred.expectDomains(`${uris.tls()}&auth=sasl.${mechanism}`);
  });

  it('over TLS with anybody, whatever else could be chosen', async () => {
    await fred.expectDomains(`${uris.tls()}&no_verify=1`);
  });

  it('over a Unix socket', async () => {
    await fred.expectDomains(uris.unix());
  });

  it('with what libvirt itself keeps in auth.conf', async () => {
    const path = directory.file('auth.conf');
    await writeFile(
      path,
      `[credentials-lab]\nauthname=fred\npassword=${password}\n[auth-libvirt-localhost]\ncredentials=lab\n`,
    );
    await stranger.with({ LIBVIRT_AUTH_FILE: '' }).expectDomains(`${uris.tls()}&authfile=${path}`);
  });

  it('for a user and a password with letters of all kinds, as they are', async () => {
    await service.setPassword('jörg', 'pässwörd ½ "\\ 日本');
    const file = await passwordFile('letters', 'pässwörd ½ "\\ 日本');
    const jorg = stranger.with(settings('jörg', file));
    await jorg.expectDomains(uris.tcp);
    await jorg.expectDomains(uris.tls());
    await jorg.expectDomains(`${uris.tls()}&auth=sasl.plain`);
  });
});

describe.sequential('who is not let in is told why, in a line', () => {
  it('a wrong password, with each mechanism; and it is tried once', async () => {
    const wrong = fred.with(settings('fred', await passwordFile('wrong', 'a pencils')));
    const failures = (): number =>
      libvirtd.log().split('authentication failed: authentication failed').length - 1;
    const before = failures();
    for (const [uri, mechanism] of [
      [uris.tcp, 'DIGEST-MD5'],
      [uris.tls(), 'SCRAM-SHA-512'],
      [`${uris.tls()}&auth=sasl.plain`, 'PLAIN'],
    ] as const) {
      const message = await wrong.failure(uri);
      expect(message).toContain(`authentication of "fred" with ${mechanism} failed: authentication failed`);
      expect(message).toContain(`${directory.file('wrong')} (libvirt.sasl_password_file)`);
      expect(message).not.toContain('a pencils');
    }
    await waitUntil(() => failures() >= before + 3, { what: 'three failures in the log of libvirtd' });
    expect(failures()).toBe(before + 3);
  });

  it('an unknown user, and none', async () => {
    expect(await fred.with(settings('nobody', directory.file('password'))).failure(uris.tls())).toContain(
      'authentication of "nobody"',
    );
    const message = await stranger.failure(uris.tls());
    expect(message).toContain('localhost:16514 wants a user and a password (SASL), and there is none');
    expect(message).toContain('no-auth.conf');
  });

  it('a mechanism that does not encrypt, over plain TCP', async () => {
    const message = await fred.failure(`${uris.tcp}?auth=sasl.scram-sha-256`);
    expect(message).toContain('offers these mechanisms of SASL: DIGEST-MD5; none of them is SCRAM-SHA-256');
    await service.configure('scram-sha-256 plain');
    await libvirtd.restart();
    const other = await fred.failure(uris.tcp);
    expect(other).toContain('wants authentication with SASL and cannot begin it');
    expect(other).toContain('qemu+tls://');
    await fred.expectDomains(uris.tls());
  });

  it('a daemon that asks for nothing, where the URI demands something: libvirt itself refuses it as well', async () => {
    const { enter } = libvirtd.namespaces;
    for (const auth of ['sasl', 'sasl.scram-sha-256', 'polkit']) {
      const [demanded] = auth.split('.');
      const uri = `${libvirtd.uri}&auth=${auth}`;
      const [command, ...prefix] = [...enter, 'virsh', '-c', uri, 'list'];
      const { stderr } = await runAnyway(command, prefix);
      expect(stderr).toContain(`requested authentication type ${auth} rejected`);
      const message = await fred.failure(uri);
      expect(message).toContain(`asks for no authentication, and auth= in the URI demands ${demanded}`);
      expect(message).toContain(`Set auth_unix_rw = "${demanded}"`);
    }
  });

  it('Kerberos, which this program does not have', async () => {
    // Its plug-in is content with a file of keys that is there.
    await writeFile(directory.file('keytab'), '');
    await service.configure('gssapi', `keytab: ${directory.file('keytab')}`);
    await libvirtd.restart();
    for (const uri of [uris.tcp, uris.tls()]) {
      const message = await fred.failure(uri);
      expect(message).toContain('offers these mechanisms of SASL: GSSAPI');
      expect(message).toContain('Kerberos is not known here');
    }
  });
});

it('the password is in no output: neither of the configuration nor of a dump', async () => {
  await service.configure(everything);
  await libvirtd.restart();
  const { stdout, stderr } = await fred.run(uris.tls(), '--log-level', 'trace');
  expect(stdout).toContain('lveDomName');
  expect(stdout + stderr).not.toContain(password);
  expect(libvirtd.log()).not.toContain(password);
});
