import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './process.ts';

/** What a certificate is for. */
export interface CertificateOptions {
  readonly subject: string;
  readonly usage: 'serverAuth' | 'clientAuth';
  /** As subjectAltName has them: `DNS:localhost`. */
  readonly names?: readonly string[];
  /** It was valid once. */
  readonly expired?: boolean;
}

/** Files of one authority, named as libvirt's `pkipath` wants them. */
export interface Pki {
  readonly directory: string;
  readonly caPath: string;
  readonly serverCertPath: string;
  readonly serverKeyPath: string;
  /** Issues `NAMEcert.pem` with `NAMEkey.pem`, in the place of those that were there. */
  issue(name: string, options: CertificateOptions): Promise<void>;
  /** Revokes `NAMEcert.pem`. */
  revoke(name: string): Promise<void>;
  /** Writes the list of what was revoked so far; returns its path. */
  writeCrl(): Promise<string>;
}

const configuration = (directory: string): string => `
[ca]
default_ca = lab
[lab]
database = ${directory}/index.txt
serial = ${directory}/serial
new_certs_dir = ${directory}
default_md = sha256
default_days = 2
default_crl_days = 2
unique_subject = no
policy = any
[any]
commonName = supplied
`;

/** Makes an authority, a certificate of the server `localhost` and one of a client, in a directory of their own. */
export async function makePki(directory: string, authority: string): Promise<Pki> {
  await mkdir(directory, { recursive: true });
  const file = (name: string): string => join(directory, name);
  const [caPath, caKeyPath] = [file('cacert.pem'), file('cakey.pem')];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  await writeFile(file('ca.conf'), configuration(directory));
  await writeFile(file('index.txt'), '');
  await writeFile(file('serial'), '01\n');
  await run('openssl', [
    ...['req', '-x509', ...key, '-days', '2', '-subj', `/CN=${authority}`],
    ...['-keyout', caKeyPath, '-out', caPath],
  ]);
  const asAuthority = async (...args: readonly string[]): Promise<void> => {
    await run('openssl', [
      ...['ca', '-batch', '-config', file('ca.conf'), '-cert', caPath, '-keyfile', caKeyPath, ...args],
    ]);
  };
  const pki: Pki = {
    directory,
    caPath,
    serverCertPath: file('servercert.pem'),
    serverKeyPath: file('serverkey.pem'),
    async issue(name, { subject, usage, names = [], expired = false }) {
      const lines = ['keyUsage=digitalSignature,keyEncipherment', `extendedKeyUsage=${usage}`];
      if (names.length > 0) lines.push(`subjectAltName=${names.join(',')}`);
      await writeFile(file(`${name}.ext`), `${lines.join('\n')}\n`);
      await run('openssl', [
        ...['req', ...key, '-subj', `/CN=${subject}`],
        ...['-keyout', file(`${name}key.pem`), '-out', file(`${name}.csr`)],
      ]);
      await asAuthority(
        ...['-notext', '-in', file(`${name}.csr`), '-out', file(`${name}cert.pem`)],
        ...['-extfile', file(`${name}.ext`)],
        ...(expired ? ['-startdate', '20200101000000Z', '-enddate', '20200201000000Z'] : []),
      );
    },
    revoke: async (name) => await asAuthority('-revoke', file(`${name}cert.pem`)),
    async writeCrl() {
      await asAuthority('-gencrl', '-out', file('cacrl.pem'));
      return file('cacrl.pem');
    },
  };
  await pki.issue('server', {
    subject: 'localhost',
    usage: 'serverAuth',
    names: ['DNS:localhost', 'IP:::1'],
  });
  await pki.issue('client', { subject: 'monitor', usage: 'clientAuth' });
  return pki;
}
