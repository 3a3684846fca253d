import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DirectoryLock } from '../../../src/state/directory-lock.ts';

let base: string;

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
});
