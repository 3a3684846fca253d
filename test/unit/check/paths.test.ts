import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { pathProblem } from '../../../src/check/socket-path.ts';
import { checkState } from '../../../src/check/state.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { DirectoryLock } from '../../../src/state/directory-lock.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lvx-check-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

function listen(path: string): Promise<Server> {
  const server = createServer();
  return new Promise((resolve) => server.listen(path, () => resolve(server)));
}

describe('the path of a socket', () => {
  test('is in order', async () => {
    const path = join(directory, 'socket');
    const server = await listen(path);
    expect(await pathProblem(path)).toBeUndefined();
    server.close();
  });

  test('may not be there, nor its directory', async () => {
    for (const path of [join(directory, 'none'), join(directory, 'no', 'directory', 'none')]) {
      expect(await pathProblem(path)).toEqual({ kind: 'missing', path });
    }
  });

  test('may be something else', async () => {
    const path = join(directory, 'file');
    await writeFile(path, '');
    expect(await pathProblem(path)).toEqual({ kind: 'notSocket', path });
    expect(await pathProblem(directory)).toEqual({ kind: 'notSocket', path: directory });
  });
});

describe('the state directory', () => {
  async function found(path: string) {
    const { config } = await loadConfig({
      file: undefined,
      env: { STATE_DIRECTORY: path },
      flags: [],
    });
    return (await checkState(config))[0];
  }

  test('can be written, and nothing is left in it', async () => {
    expect(await found(directory)).toMatchObject({ level: 'ok' });
    expect(await readdir(directory)).toEqual([]);
  });

  test('may be in use by a running agent, which is fine', async () => {
    const held = await DirectoryLock.take(directory);
    expect(await found(directory)).toMatchObject({
      level: 'ok',
      text: expect.stringContaining(`process ${process.pid}`) as string,
    });
    await held.release();
    expect((await found(directory))?.text).toContain('not in use');
  });

  test('may not be there yet, and is not made', async () => {
    const path = join(directory, 'state');
    expect(await found(path)).toMatchObject({ level: 'warn', text: `${path} does not exist yet` });
    expect(await readdir(directory)).toEqual([]);
  });

  test('may be no directory', async () => {
    const path = join(directory, 'file');
    await writeFile(path, '');
    expect(await found(path)).toMatchObject({ level: 'fail' });
    await mkdir(join(directory, 'd'));
    await writeFile(join(directory, 'd', 'lock'), 'no JSON');
    expect(await found(join(directory, 'd'))).toMatchObject({ level: 'ok' });
    await symlink('nowhere', join(directory, 'link'));
    expect(await found(join(directory, 'link'))).toMatchObject({ problem: 'state-not-directory' });
    expect(await found('/proc')).toMatchObject({ problem: 'state-not-directory' });
  });

  test('may hold something else in the place of its files', async () => {
    await mkdir(join(directory, 'lock'));
    await symlink('indexes.json', join(directory, 'indexes.json'));
    await symlink('file', join(directory, 'events.jsonl'));
    await writeFile(join(directory, 'file'), '');
    const { config } = await loadConfig({ file: undefined, env: { STATE_DIRECTORY: directory }, flags: [] });
    const odd = (await checkState(config)).filter(({ problem }) => problem === 'state-file-odd');
    expect(odd.map(({ text }) => text).sort()).toEqual(
      ['indexes.json', 'lock'].map((name) => `${join(directory, name)} is no file`),
    );
  });
});
