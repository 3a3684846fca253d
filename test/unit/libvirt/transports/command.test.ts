import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { LibvirtConnection } from '../../../../src/libvirt/connection.ts';
import { connectGetHostname } from '../../../../src/libvirt/procedures.ts';
import { parseLibvirtUri } from '../../../../src/libvirt/uri.ts';
import { silentLogger } from '../../../../src/log.ts';
import { FakeLibvirtd } from '../../../fakes/fake-libvirtd.ts';
import { waitUntil } from '../../../lab/wait.ts';
import { runAsAnotherUser } from '../../../support/another-user.ts';

let directory: string;
let daemon: FakeLibvirtd;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'command-'));
  daemon = await FakeLibvirtd.start();
});

afterAll(async () => {
  await daemon.close();
  await rm(directory, { recursive: true });
});

/** A program that carries the octets, as ssh does, and leaves its process id in a file. */
async function carrier(): Promise<{ readonly uri: string; readonly pidPath: string }> {
  const path = join(directory, 'carrier.mjs');
  const pidPath = join(directory, 'pid');
  await writeFile(
    path,
    [
      `#!${process.execPath}`,
      "import { writeFileSync } from 'node:fs';",
      "import { connect } from 'node:net';",
      `writeFileSync(${JSON.stringify(pidPath)}, String(process.pid));`,
      `const socket = connect(${JSON.stringify(daemon.socketPath)});`,
      'process.stdin.pipe(socket).pipe(process.stdout);',
      '',
    ].join('\n'),
  );
  await chmod(path, 0o755);
  return { uri: `qemu+ext:///system?command=${path}`, pidPath };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

it('gives up a program that is stopped, and ends it', async () => {
  const { uri, pidPath } = await carrier();
  const connection = await LibvirtConnection.open(parseLibvirtUri(uri), {
    readOnly: true,
    logger: silentLogger,
    pingIntervalMs: 100,
  });
  expect(await connection.call(connectGetHostname, undefined)).toBe('fake-host');
  const pid = Number(await readFile(pidPath, 'utf8'));
  process.kill(pid, 'SIGSTOP');
  expect((await connection.closed)?.message).toContain('no sign of life');
  await waitUntil(() => !isAlive(pid), { what: 'the program to end' });
});

it.each([
  ['ssh: connect to host h port 22: Connection refused', 'ssh-unreachable'],
  // Of a service that may have UNIX sockets only.
  ['socket: Address family not supported by protocol', 'network-forbidden'],
])('has the last words of a program, which may come after its end: %s', async (words, problem) => {
  const path = join(directory, 'last-words');
  await writeFile(path, `#!/bin/sh\ntrap '' TERM\nexec >&- <&-\nsleep 0.1\necho '${words}' >&2\n`);
  await chmod(path, 0o755);
  const options = { readOnly: true, logger: silentLogger };
  await expect(
    LibvirtConnection.open(parseLibvirtUri(`qemu+ext:///system?command=${path}`), options),
  ).rejects.toMatchObject({ message: `${path} says: ${words}`, advice: { problem } });
});

it.skipIf(process.getuid?.() !== 0)(
  'says what to do where no process can be started any more (needs root)',
  async () => {
    // Root has no such limit. A process that is limited from its start could not even start its threads.
    const contents = `
    import { execFileSync } from 'node:child_process';
    import { openCommand } from './src/libvirt/transports/command.ts';
    execFileSync('prlimit', ['--pid', String(process.pid), '--nproc=1']);
    const transport = { kind: 'command', scheme: 'ext', file: '/bin/cat', args: [] };
    await openCommand(transport, new AbortController().signal).then(
      () => console.log('it started'),
      (error) => console.log(JSON.stringify({ text: error.message, advice: error.advice })),
    );
    process.exit();
  `;
    const stdout = await runAsAnotherUser(contents);
    expect(JSON.parse(stdout)).toEqual({
      text: 'cannot start /bin/cat: spawn /bin/cat EAGAIN',
      advice: { problem: 'no-processes-left', remedy: expect.stringContaining('TasksMax=') },
    });
  },
);
