import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { delay, waitUntil } from '../../lab/wait.ts';
import { type Build, buildProgram } from '../../support/command.ts';

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

describe.each(['json', 'human'])('an agent whose log (%s) cannot be written', (format) => {
  it('goes on, and stops tidily when it is told to', async () => {
    const child = spawn(process.execPath, [build.cli, 'run'], {
      env: {
        PATH: process.env['PATH'],
        LIBVIRT_AGENTX_LOG_FORMAT: format,
        LIBVIRT_AGENTX_LIBVIRT_URI: `qemu+unix:///system?socket=${scratch}/libvirt`,
        LIBVIRT_AGENTX_AGENTX_ADDRESS: `unix:${scratch}/master`,
        LIBVIRT_AGENTX_STATE_DIRECTORY: join(scratch, format),
      },
      stdio: ['ignore', 'ignore', openSync('/dev/full', 'w')],
    });
    const ended = once(child, 'close');
    // The lock is taken after the first lines: what ends a process that cannot log does it with these.
    const locked = waitUntil(() => existsSync(join(scratch, format, 'lock')), { what: 'the start' });
    expect(await Promise.race([ended, locked])).toBe(true);
    await delay(200);
    expect(child.exitCode).toBe(null);
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  });
});
