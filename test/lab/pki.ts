import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './process.ts';

/** Files of one authority, named as libvirt's `pkipath` wants them. */
export interface Pki {
  readonly directory: string;
  readonly caPath: string;
  readonly serverCertPath: string;
  readonly serverKeyPath: string;
}

/** Makes an authority, a certificate of the server `localhost` and one of a client, in a directory of their own. */
export async function makePki(directory: string, authority: string): Promise<Pki> {
  await mkdir(directory, { recursive: true });
  const file = (name: string): string => join(directory, name);
  const [caPath, caKeyPath] = [file('cacert.pem'), file('cakey.pem')];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  await run('openssl', [
    ...['req', '-x509', ...key, '-days', '2', '-subj', `/CN=${authority}`],
    ...['-keyout', caKeyPath, '-out', caPath],
  ]);
  const issue = async (name: string, subject: string, extensions: string): Promise<void> => {
    const extensionPath = file(`${name}.ext`);
    await writeFile(extensionPath, extensions);
    await run('openssl', [
      ...['req', ...key, '-subj', `/CN=${subject}`],
      ...['-keyout', file(`${name}key.pem`), '-out', file(`${name}.csr`)],
    ]);
    await run('openssl', [
      ...['x509', '-req', '-days', '2', '-in', file(`${name}.csr`), '-CA', caPath, '-CAkey', caKeyPath],
      ...['-CAcreateserial', '-extfile', extensionPath, '-out', file(`${name}cert.pem`)],
    ]);
  };
  const usage = 'keyUsage=digitalSignature,keyEncipherment\n';
  await issue('server', 'localhost', `${usage}extendedKeyUsage=serverAuth\nsubjectAltName=DNS:localhost\n`);
  await issue('client', 'monitor', `${usage}extendedKeyUsage=clientAuth\n`);
  return {
    directory,
    caPath,
    serverCertPath: file('servercert.pem'),
    serverKeyPath: file('serverkey.pem'),
  };
}
