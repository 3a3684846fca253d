import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StateDirectory } from '../../../src/state/state-directory.ts';

let base: string;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'state-directory-'));
});

afterEach(async () => {
  await rm(base, { recursive: true, force: true });
});

describe('StateDirectory', () => {
  it('creates the directory, locks it and gives the lock back', async () => {
    const path = join(base, 'a', 'b');
    const directory = await StateDirectory.open(path);
    expect(await readdir(path)).toEqual(['lock']);
    await directory.close();
    await directory.close();
    expect(await readdir(path)).toEqual([]);
  });

  it('refuses a directory that another agent uses, and names that process', async () => {
    await using _held = await StateDirectory.open(base);
    await expect(StateDirectory.open(base)).rejects.toMatchObject({
      code: 'STATE_UNUSABLE',
      reason: 'locked',
      message: `${base} is in use by process ${process.pid}`,
    });
    expect(await readdir(base)).toEqual(['lock']);
  });

  it('takes over the lock of a process that no longer exists', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    await (await StateDirectory.open(base)).close();
    await using held = await StateDirectory.open(join(base, 'other'));
    const lock = await readFile(join(held.path, 'lock'), 'utf8');
    await writeFile(join(base, 'lock'), lock.replace(`"pid":${process.pid}`, `"pid":${child.pid}`));
    await using taken = await StateDirectory.open(base);
    expect(taken.path).toBe(base);
  });

  it('takes over the lock of an earlier process with the same number', async () => {
    await using held = await StateDirectory.open(join(base, 'other'));
    const lock = await readFile(join(held.path, 'lock'), 'utf8');
    await writeFile(join(base, 'lock'), lock.replace(/"startTicks":"\d+"/, '"startTicks":"1"'));
    await using taken = await StateDirectory.open(base);
    expect(taken.path).toBe(base);
  });

  it('takes over a lock that cannot be understood', async () => {
    await writeFile(join(base, 'lock'), 'garbage');
    await using taken = await StateDirectory.open(base);
    expect(taken.path).toBe(base);
  });

  it('lets exactly one of several win a stale lock', async () => {
    await writeFile(join(base, 'lock'), 'garbage');
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => StateDirectory.open(base)));
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
    for (const result of results) if (result.status === 'fulfilled') await result.value.close();
  });

  it('says what is wrong with a path that cannot be a directory', async () => {
    await writeFile(join(base, 'file'), '');
    await expect(StateDirectory.open(join(base, 'file', 'x'))).rejects.toMatchObject({ reason: 'unusable' });
  });

  it('names the user who needs the permission', async () => {
    await expect(StateDirectory.open('/sys/state')).rejects.toMatchObject({
      reason: 'permission',
      remedy: expect.stringContaining(`uid ${process.getuid?.()}`),
    });
    await expect(StateDirectory.open('/proc/state')).rejects.toMatchObject({ reason: 'unusable' });
  });
});
