import { execFile, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DirectoryLock } from '../../../src/state/directory-lock.ts';
import { runAsAnotherUser } from '../../support/another-user.ts';

let base: string;

/** Whether a directory can be made so that files are added to it only. */
const canBeAppendOnly = ((): boolean => {
  const directory = mkdtempSync(join(tmpdir(), 'append-only-'));
  const ran = ['+a', '-a'].map((how) => spawnSync('chattr', [how, directory], { stdio: 'ignore' }).status);
  rmSync(directory, { recursive: true });
  return ran.every((status) => status === 0);
})();

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'state-directory-'));
});

afterEach(async () => {
  await rm(base, { recursive: true, force: true });
});

describe('DirectoryLock', () => {
  it('creates the directory, locks it and gives the lock back', async () => {
    const path = join(base, 'a', 'b');
    const directory = await DirectoryLock.take(path);
    expect(await readdir(path)).toEqual(['lock']);
    await directory.release();
    await directory.release();
    expect(await readdir(path)).toEqual([]);
  });

  it('refuses a directory that another agent uses, and names that process', async () => {
    await DirectoryLock.take(base);
    await expect(DirectoryLock.take(base)).rejects.toMatchObject({
      code: 'STATE_UNUSABLE',
      reason: 'locked',
      message: `${base} is in use by process ${process.pid}`,
    });
    expect(await readdir(base)).toEqual(['lock']);
  });

  it('takes over the lock of a process that no longer exists', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    await (await DirectoryLock.take(base)).release();
    await DirectoryLock.take(join(base, 'other'));
    const lock = await readFile(join(base, 'other', 'lock'), 'utf8');
    await writeFile(join(base, 'lock'), lock.replace(`"pid":${process.pid}`, `"pid":${child.pid}`));
    const taken = await DirectoryLock.take(base);
    expect(await taken.isHeld()).toBe(true);
  });

  it('takes over the lock of an earlier process with the same number', async () => {
    await DirectoryLock.take(join(base, 'other'));
    const lock = await readFile(join(base, 'other', 'lock'), 'utf8');
    await writeFile(join(base, 'lock'), lock.replace(/"startTicks":"\d+"/, '"startTicks":"1"'));
    const taken = await DirectoryLock.take(base);
    expect(await taken.isHeld()).toBe(true);
  });

  it('takes over a lock that cannot be understood', async () => {
    await writeFile(join(base, 'lock'), 'garbage');
    const taken = await DirectoryLock.take(base);
    expect(await taken.isHeld()).toBe(true);
  });

  it.each([
    ['a FIFO', (path: string) => promisify(execFile)('mkfifo', [path])],
    ['a dangling link', (path: string) => symlink('/nowhere/at/all', path)],
    ['a link to a file', (path: string) => symlink('/etc/passwd', path)],
    ['a directory', (path: string) => mkdir(join(path, 'full'), { recursive: true })],
    ['too large', (path: string) => writeFile(path, 'x'.repeat(1_000_000))],
    ['empty', (path: string) => writeFile(path, '')],
  ])('takes over where the lock is %s', async (_what, make) => {
    await make(join(base, 'lock'));
    const taken = await DirectoryLock.take(base);
    expect(await taken.isHeld()).toBe(true);
    await taken.release();
    expect(await readdir(base)).not.toContain('lock');
    expect(await readFile('/etc/passwd', 'utf8')).toContain('root');
  });

  it('notices that the directory is no longer its own', async () => {
    const taken = await DirectoryLock.take(base);
    await rm(join(base, 'lock'));
    expect(await taken.isHeld()).toBe(false);
    const next = await DirectoryLock.take(base);
    expect(await taken.isHeld()).toBe(false);
    await taken.release();
    expect(await next.isHeld()).toBe(true);
  });

  it('lets exactly one of several win a stale lock', async () => {
    await writeFile(join(base, 'lock'), 'garbage');
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => DirectoryLock.take(base)));
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    for (const result of results) if (result.status === 'fulfilled') await result.value.release();
  });

  it('does not take its own lock for that of another where no more files can be opened meanwhile', async () => {
    const script = `import { lstatSync, openSync } from 'node:fs';
      import { DirectoryLock } from '${join(import.meta.dirname, '../../../src/state/directory-lock.ts')}';
      const codes = new Set();
      const taking = DirectoryLock.take('${base}');
      const timer = setInterval(() => {
        if (lstatSync('${base}/lock', { throwIfNoEntry: false }) === undefined) return;
        try { for (;;) openSync('/dev/null'); } catch (error) { codes.add(error.code); }
      }, 1);
      await taking;
      clearInterval(timer);
      console.log(...codes, 'taken');`;
    const args = ['--import', 'tsx', '--input-type=module', '--eval', script];
    const shell = ['-c', 'ulimit -n 200; exec "$0" "$@"', process.execPath, ...args];
    const { stdout } = await promisify(execFile)('sh', shell);
    expect(stdout).toBe('EMFILE taken\n');
  });

  it('leaves the lock of a process that cannot be seen while that one touches it, if it had the lock itself', async () => {
    const own = await DirectoryLock.take(base);
    const path = join(base, 'lock');
    const text = await readFile(path, 'utf8');
    const other = text.replace(/"pidNamespace":"[^"]*"/, '"pidNamespace":"pid:[1]"');
    await writeFile(path, other);
    expect(await own.isHeld()).toBe(false);
    await expect(DirectoryLock.take(base, { hadIt: true })).rejects.toMatchObject({
      reason: 'locked',
      message: `${base} is in use by process ${process.pid} of another container`,
    });
    const longAgo = new Date(Date.now() - 600_000);
    await utimes(path, longAgo, longAgo);
    const taken = await DirectoryLock.take(base, { hadIt: true });
    await utimes(path, longAgo, longAgo);
    expect(await taken.isHeld()).toBe(true);
    expect((await stat(path)).mtimeMs).toBeGreaterThan(longAgo.getTime());
    // At a start it may be what this container was before.
    await writeFile(path, other);
    await DirectoryLock.take(base);
  });

  it.skipIf(process.getuid?.() !== 0)('names the lock that its user may not read (as root)', async () => {
    const lock = join(base, 'lock');
    await writeFile(lock, '{"pid":99999999}');
    await chmod(lock, 0o600);
    await chmod(base, 0o777);
    const stdout = await runAsAnotherUser(`import { DirectoryLock } from './src/state/directory-lock.ts';
      await DirectoryLock.take('${base}').catch((error) => console.log(JSON.stringify({ ...error, text: error.message })));`);
    expect(JSON.parse(stdout)).toMatchObject({
      reason: 'permission',
      text: expect.stringContaining(`${lock} cannot be read: EACCES`),
      remedy: expect.stringMatching(/^Give .*\/lock to the user of the agent \(uid \d+\), or remove it/),
    });
    expect(await readdir(base)).toEqual(['lock']);
  });

  it.skipIf(process.getuid?.() !== 0)('says so where a stale lock cannot be removed (as root)', async () => {
    await writeFile(join(base, 'lock'), '{"pid":99999999}');
    await chmod(join(base, 'lock'), 0o644);
    // Of somebody else, in a directory where everybody removes only what is his.
    await chmod(base, 0o1777);
    await chown(base, 4711, 4711);
    await chown(join(base, 'lock'), 4711, 4711);
    const stdout = await runAsAnotherUser(`import { DirectoryLock } from './src/state/directory-lock.ts';
      for (let time = 0; time < 2; time++)
        await DirectoryLock.take('${base}').catch((error) => console.log(JSON.stringify({ ...error, text: error.message })));`);
    const told = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly text: string });
    expect(told[0]).toMatchObject({
      reason: 'unusable',
      remedy: expect.stringContaining(join(base, 'lock')),
    });
    expect(told[0]?.text).toContain(
      `${join(base, 'lock')} is of a process that is gone, and cannot be removed: EPERM`,
    );
    // The same words each time: whoever logs only what is new would fill the log.
    expect(told[1]).toEqual(told[0]);
    expect(await readdir(base)).toEqual(['lock']);
  });

  it.skipIf(!canBeAppendOnly)(
    'leaves one file at most where nothing can be removed (as root, where chattr works)',
    async () => {
      await writeFile(join(base, 'lock'), '{"pid":99999999}');
      execFileSync('chattr', ['+a', base]);
      try {
        for (let time = 0; time < 3; time++) {
          await expect(DirectoryLock.take(base)).rejects.toMatchObject({ reason: 'unusable' });
        }
        expect(await readdir(base)).toHaveLength(2);
      } finally {
        execFileSync('chattr', ['-a', base]);
      }
    },
  );

  it('says what is wrong with a path that cannot be a directory', async () => {
    await writeFile(join(base, 'file'), '');
    await expect(DirectoryLock.take(join(base, 'file', 'x'))).rejects.toMatchObject({ reason: 'unusable' });
  });

  it('names the user who needs the permission', async () => {
    await expect(DirectoryLock.take('/sys/state')).rejects.toMatchObject({
      reason: 'permission',
      remedy: expect.stringContaining(`uid ${process.getuid?.()}`),
    });
    await expect(DirectoryLock.take('/proc/state')).rejects.toMatchObject({ reason: 'unusable' });
  });

  it('says the same at each attempt', async () => {
    const said = async (): Promise<string> =>
      await DirectoryLock.take('/proc').then(
        () => '',
        (error: Error) => error.message,
      );
    const first = await said();
    expect(first).toContain('/proc cannot be');
    expect(await said()).toBe(first);
  });
});
