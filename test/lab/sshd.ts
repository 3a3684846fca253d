import { chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeNamespaces } from './namespaces.ts';
import { run, startProcess } from './process.ts';
import { findChildPid } from './process-table.ts';
import { waitUntil } from './wait.ts';

/** An sshd inside a lab's namespaces, and what its one client needs. */
export interface Sshd {
  readonly keyPath: string;
  readonly knownHostsPath: string;
  readonly pid: number;
  /** Its log. */
  output(): string;
  stop(): Promise<void>;
}

/** Starts an sshd on port 22 of the lab's own network that lets root in by key. */
export async function startSshd(directory: string, namespaces: NodeNamespaces): Promise<Sshd> {
  await mkdir(directory, { recursive: true });
  const file = (name: string): string => join(directory, name);
  for (const name of ['host', 'client']) {
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file(name)]);
    await chmod(file(name), 0o600);
  }
  await copyFile(file('client.pub'), file('authorized'));
  await writeFile(file('known'), `localhost ${await readFile(file('host.pub'), 'utf8')}`);
  await writeFile(
    file('sshd_config'),
    [
      'ListenAddress 127.0.0.1:22',
      `HostKey ${file('host')}`,
      `AuthorizedKeysFile ${file('authorized')}`,
      'PidFile none',
      'StrictModes no',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      '',
    ].join('\n'),
  );
  await namespaces.exec('mkdir', '-p', '/run/sshd');
  const [command = '', ...prefix] = namespaces.enter;
  const entered = await startProcess({
    name: 'sshd',
    command,
    args: [...prefix, '/usr/sbin/sshd', '-D', '-e', '-f', file('sshd_config')],
    ready: (output) => output.includes('Server listening'),
  });
  // nsenter does not pass signals on.
  const pid = await waitUntil(() => findChildPid(entered.pid), { what: 'sshd' });
  return {
    keyPath: file('client'),
    knownHostsPath: file('known'),
    output: () => entered.output(),
    pid,
    stop: async () => {
      if (entered.isRunning()) process.kill(pid, 'SIGTERM');
      await entered.exited;
    },
  };
}
