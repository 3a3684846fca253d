import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { biosGuest } from '../lab/domain-xml.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { makePki, type Pki } from '../lab/pki.ts';
import { DumpOver } from './dump-over.ts';

let libvirtd: Libvirtd;
let pki: Pki;
let dump: DumpOver;
let configText: string;
const names = ['one'];

const uri = (more = '', host = 'localhost'): string =>
  `qemu+tls://${host}/system?pkipath=${pki.directory}${more}`;

async function restartWith(more: string): Promise<void> {
  await writeFile(libvirtd.directory.file('etc', 'libvirtd.conf'), `${configText}${more}\n`);
  await libvirtd.restart();
}

/** The daemon's certificate of another kind, while the test runs. */
async function withServerCertificate(
  options: { readonly names: readonly string[]; readonly expired?: boolean },
  test: () => Promise<void>,
): Promise<void> {
  await pki.issue('server', { subject: 'a server', usage: 'serverAuth', ...options });
  // Otherwise libvirtd does not even start with a certificate that has expired.
  await restartWith('tls_no_sanity_certificate = 1');
  await test();
  await pki.issue('server', {
    subject: 'localhost',
    usage: 'serverAuth',
    names: ['DNS:localhost', 'IP:::1'],
  });
}

beforeAll(async () => {
  libvirtd = await startLibvirtd({ listen: true, extraLibvirtdConfig: 'listen_tls = 0\nlisten_tcp = 1' });
  dump = new DumpOver(libvirtd, names);
  pki = await makePki(libvirtd.directory.directory('pki'), 'the authority');
  configText = (await readFile(libvirtd.directory.file('etc', 'libvirtd.conf'), 'utf8'))
    .replace('listen_tls = 0', 'listen_tls = 1')
    .concat(
      `auth_tcp = "none"\nauth_tls = "none"\n`,
      `key_file = "${pki.serverKeyPath}"\ncert_file = "${pki.serverCertPath}"\nca_file = "${pki.caPath}"\n`,
    );
  await libvirtd.namespaces.exec('ip', 'address', 'add', '192.0.2.1/32', 'dev', 'lo');
  await restartWith('');
  for (const name of names) await libvirtd.run(biosGuest({ name, type: libvirtd.domainType }));
});

afterAll(async () => {
  await libvirtd?.stop();
});

describe.sequential('an address of IPv6', () => {
  it('is one like any other, over TLS and in the clear', async () => {
    await dump.expectDomains(uri('', '[::1]'));
    await dump.expectDomains('qemu+tcp://[::1]/system');
    expect(await dump.failure('qemu+tcp://[::1]:1/system')).toContain('cannot connect to [::1]:1:');
  });
});

describe.sequential("the client's certificate", () => {
  it('that has expired is not even shown, unless that is asked for', async () => {
    const directory = libvirtd.directory.directory('expired');
    await mkdir(directory, { recursive: true });
    await pki.issue('expired', { subject: 'monitor', usage: 'clientAuth', expired: true });
    await copyFile(pki.caPath, `${directory}/cacert.pem`);
    await copyFile(`${pki.directory}/expiredcert.pem`, `${directory}/clientcert.pem`);
    await copyFile(`${pki.directory}/expiredkey.pem`, `${directory}/clientkey.pem`);
    const withExpired = `qemu+tls://localhost/system?pkipath=${directory}`;
    expect(await dump.failure(withExpired)).toContain(
      `${directory}/clientcert.pem has expired (Feb  1 00:00:00 2020 GMT)`,
    );
    const shown = await dump.failure(`${withExpired}&no_sanity=1`);
    expect(shown).toContain("did not accept the client's certificate");
    expect(shown).toContain('expired, or a name');
  });

  it('that is revoked is refused, and so is one whose name is not allowed', async () => {
    await pki.issue('other', { subject: 'other', usage: 'clientAuth' });
    await pki.revoke('client');
    const crlPath = libvirtd.directory.file('server-crl.pem');
    await copyFile(await pki.writeCrl(), crlPath);
    await rm(`${pki.directory}/cacrl.pem`);
    await restartWith(`crl_file = "${crlPath}"`);
    const revoked = await dump.failure(uri());
    expect(revoked).toContain(`${pki.directory}/clientcert.pem (CN=monitor)`);
    expect(revoked).toContain('revoked (crl_file)');
    await pki.issue('client', { subject: 'monitor', usage: 'clientAuth' });
    await dump.expectDomains(uri());
    await restartWith('tls_allowed_dn_list = ["CN=somebody"]');
    expect(await dump.failure(uri())).toContain('not in tls_allowed_dn_list');
  });
});

describe.sequential("the daemon's certificate", () => {
  it('that bears another name is not trusted, unless nothing is verified', async () => {
    await withServerCertificate({ names: ['DNS:elsewhere', 'IP:::2'] }, async () => {
      expect(await dump.failure(uri('', '[::1]'))).toContain('cannot be trusted');
      const message = await dump.failure(uri());
      expect(message).toContain('cannot be trusted');
      expect(message).toContain('DNS:elsewhere');
      expect(message).toContain('Use a host name in the URI that the certificate has');
      await dump.expectDomains(uri('&no_verify=1'));
    });
  });

  it('that has expired is not trusted', async () => {
    await withServerCertificate({ names: ['DNS:localhost'], expired: true }, async () => {
      const message = await dump.failure(uri());
      expect(message).toContain('certificate has expired');
      expect(message).toContain('Renew the certificate of the daemon');
    });
  });

  it('that cacrl.pem revokes is not trusted', async () => {
    await restartWith('');
    await pki.writeCrl();
    await dump.expectDomains(uri());
    await pki.revoke('server');
    await pki.writeCrl();
    const message = await dump.failure(uri());
    expect(message).toContain('certificate revoked');
    expect(message).toContain('Its authority has revoked it');
  });
});
