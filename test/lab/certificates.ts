import { rm, writeFile } from 'node:fs/promises';
import { run } from './process.ts';

/** Files of a certificate and its key. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly privateKey: string;
}

/** An authority of the lab, which openssl makes. */
export interface Authority extends CertificateFiles {
  /** A certificate for a name and the address 127.0.0.1. */
  issue(name: string): Promise<CertificateFiles>;
}

/** Makes an authority whose files are in this directory. */
export async function makeAuthority(directory: string): Promise<Authority> {
  const path = (name: string): string => `${directory}/${name}`;
  const files = { certificate: path('ca.crt'), privateKey: path('ca.key') };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await run('openssl', [
    ...['req', '-x509', ...key, '-keyout', files.privateKey, '-out', files.certificate],
    ...['-subj', '/CN=lab authority', '-days', '2'],
  ]);
  return {
    ...files,
    async issue(name) {
      const issued = { certificate: path(`${name}.crt`), privateKey: path(`${name}.key`) };
      const request = path(`${name}.csr`);
      const extensions = path(`${name}.ext`);
      await writeFile(extensions, `subjectAltName=DNS:${name},DNS:localhost,IP:127.0.0.1\n`);
      // In two steps: `req` of OpenSSL 1.1.1 signs for nobody else.
      await run('openssl', [
        ...['req', '-new', ...key, '-keyout', issued.privateKey, '-out', request, '-subj', `/CN=${name}`],
      ]);
      await run('openssl', [
        ...['x509', '-req', '-in', request, '-out', issued.certificate, '-days', '2'],
        ...['-CA', files.certificate, '-CAkey', files.privateKey, '-CAcreateserial'],
        ...['-extfile', extensions],
      ]);
      await Promise.all([request, extensions].map((file) => rm(file)));
      return issued;
    },
  };
}
