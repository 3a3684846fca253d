import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { delay, waitUntil } from '../../lab/wait.ts';
import { type Build, buildProgram } from '../../support/command.ts';
import { fullPipe } from '../../support/full-pipe.ts';

let build: Build;
const scratch = mkdtempSync(join(tmpdir(), 'lveoutput-'));
beforeAll(async () => {
  build = await buildProgram();
});
afterAll(async () => {
  await build.remove();
  rmSync(scratch, { recursive: true });
});

/** Runs a command whose standard output is a reader that is gone, or a full disk. */
async function outcomeOf(
  output: 'gone' | 'full',
  args: readonly string[],
): Promise<{ code: number; stderr: string }> {
  const child = spawn(process.execPath, [build.cli, ...args], {
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', output === 'gone' ? 'pipe' : openSync('/dev/full', 'w'), 'pipe'],
  });
  child.stdout?.destroy();
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code]: number[] = await once(child, 'close');
  return { code: code ?? -1, stderr };
}

/** Runs a command whose standard output is closed. */
async function outcomeWithoutOutput(args: readonly string[]): Promise<{ code: number; stderr: string }> {
  const child = spawn('sh', ['-c', 'exec "$0" "$@" >&-', build.command, ...args], {
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code]: number[] = await once(child, 'close');
  return { code: code ?? -1, stderr };
}

const commands = [['--help'], ['mib'], ['config', '--example'], ['contrib', 'snmpd.conf']];

describe.each(commands)('%s %s', (...args) => {
  const given = args.filter((argument) => argument !== undefined);

  it('ends without a word, but not with 0, where nobody reads', async () => {
    expect(await outcomeOf('gone', given)).toEqual({ code: 141, stderr: '' });
  });

  it('says in one line that there is no output', async () => {
    expect(await outcomeWithoutOutput(given)).toEqual({
      code: 74,
      stderr: 'libvirt-agentx: standard output cannot be written: it is closed\n',
    });
  });

  it('says in one line that the disk is full', async () => {
    const { code, stderr } = await outcomeOf('full', given);
    expect(code).toBe(74);
    expect(stderr).toMatch(/^libvirt-agentx: standard output cannot be written: ENOSPC.*\n$/);
  });
});

/** The settings of an agent whose peers are not there. */
const settings = (state: string) => ({
  PATH: process.env['PATH'],
  LIBVIRT_AGENTX_LOG_LEVEL: 'trace',
  LIBVIRT_AGENTX_LIBVIRT_URI: `qemu+unix:///system?socket=${scratch}/libvirt`,
  LIBVIRT_AGENTX_AGENTX_ADDRESS: `unix:${scratch}/master`,
  LIBVIRT_AGENTX_STATE_DIRECTORY: join(scratch, state),
});

/** How a command of a shell ends that stands before `"$0" credential`. */
async function credentialOf(script: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = spawn('bash', ['-c', script, build.command], {
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = await Promise.all([child.stdout, child.stderr].map((stream) => stream.toArray()));
  const [stdout = '', stderr = ''] = texts.map((chunks) => Buffer.concat(chunks as Buffer[]).toString());
  if (child.exitCode === null) await once(child, 'exit');
  return { code: child.exitCode ?? -1, stdout, stderr };
}

describe('credential', () => {
  it.each(['2>&-', '2>/dev/full'])(
    'does not end with 0 where the token cannot be told (%s)',
    async (where) => {
      const { code } = await credentialOf(`"$0" credential --token robot ${where}`);
      expect(code).toBe(74);
    },
  );

  it.each([
    ['nothing', '</dev/null', 'the password is empty'],
    ['what never ends', '</dev/zero', 'the password is longer than 1024 characters'],
    ['what cannot be read', '0>/dev/null', 'the password cannot be read from standard input: EBADF'],
  ])('takes no password from %s, and says so in one line', async (_what, from, text) => {
    const { code, stdout, stderr } = await credentialOf(`"$0" credential --user robot ${from}`);
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    expect(stderr).toMatch(/^libvirt-agentx: .*\n$/);
    expect(stderr).toContain(text);
  });

  it('takes the first line, whatever ends it', async () => {
    const { code, stdout } = await credentialOf(`printf 'secret\\r\\nmore' | "$0" credential --user robot`);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^robot:\S+\n$/) });
  });
});

it('ends with its code where nobody reads what it ended with', async () => {
  const child = spawn(process.execPath, [build.cli, 'run', '--config', join(scratch, 'absent.toml')], {
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'ignore', fullPipe(join(scratch, 'last-words'))],
  });
  expect(await once(child, 'close')).toEqual([78, null]);
});

describe.each([
  ['json', 'a full disk'],
  ['json', 'a pipe that nobody reads'],
  ['human', 'a full disk'],
  ['human', 'a pipe that nobody reads'],
])('an agent whose log (%s) goes to %s', (format, output) => {
  it('goes on, and stops tidily when it is told to', async () => {
    const state = `${format} ${output}`;
    const child = spawn(process.execPath, [build.cli, 'run', '--log-format', format], {
      env: settings(state),
      stdio: [
        'ignore',
        'ignore',
        output === 'a full disk' ? openSync('/dev/full', 'w') : fullPipe(join(scratch, format)),
      ],
    });
    const ended = once(child, 'close');
    // The lock is taken after the first lines: what ends or holds up a process that cannot log does it with these.
    const locked = waitUntil(() => existsSync(join(scratch, state, 'lock')), { what: 'the start' });
    expect(await Promise.race([ended, locked])).toBe(true);
    await delay(200);
    expect(child.exitCode).toBe(null);
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  });
});

describe('an agent on a terminal that is stopped', () => {
  it('goes on, and stops tidily when it is told to', async () => {
    // script, which is the terminal, waits for its own output; what is on the terminal first leaves no room there.
    const command = `timeout 1 yes; exec ${process.execPath} ${build.cli} run`;
    const terminal = spawn('script', ['--quiet', '--command', command, '/dev/null'], {
      env: settings('terminal'),
      stdio: ['ignore', fullPipe(join(scratch, 'terminal-output')), 'ignore'],
    });
    const lock = join(scratch, 'terminal', 'lock');
    await waitUntil(() => existsSync(lock), { what: 'the start' });
    const { pid } = JSON.parse(readFileSync(lock, 'utf8')) as { readonly pid: number };
    process.kill(pid, 'SIGTERM');
    await waitUntil(() => !existsSync(lock), { what: 'the end' });
    terminal.kill('SIGKILL');
  });
});
