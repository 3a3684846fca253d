import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What Cyrus SASL reads of the service `libvirt`, in a directory of its own. */
export interface SaslService {
  /** For libvirtd's environment. */
  readonly env: Readonly<Record<string, string>>;
  /** The configuration anew; read at the next start of libvirtd. */
  configure(mechanisms: string, more?: string): Promise<void>;
  /** Adds a user of the realm, or gives it another password. */
  setPassword(user: string, password: string): Promise<void>;
}

/** Makes a database of users of a realm: the host's name, unless a client says otherwise. */
export async function makeSaslService(directory: string, realm: string): Promise<SaslService> {
  await mkdir(directory, { recursive: true });
  const database = join(directory, 'users.db');
  return {
    env: { SASL_CONF_PATH: directory },
    async configure(mechanisms, more = '') {
      const lines = [
        `mech_list: ${mechanisms}`,
        `sasldb_path: ${database}`,
        'auxprop_plugin: sasldb',
        more,
        '',
      ];
      await writeFile(join(directory, 'libvirt.conf'), lines.join('\n'));
    },
    async setPassword(user, password) {
      const args = ['-p', '-c', '-f', database, '-u', realm, '-a', 'libvirt', user];
      const child = spawn('saslpasswd2', args, { stdio: ['pipe', 'ignore', 'inherit'] });
      child.stdin.end(password);
      const [code] = (await once(child, 'close')) as [number | null];
      if (code !== 0) throw new Error(`saslpasswd2 ended with ${code}`);
    },
  };
}
