import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readSmallFile } from '../../../src/run/small-file.ts';

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lvesmall-'));
  path = join(directory, 'file');
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('readSmallFile', () => {
  it('reads a file, an empty one, and /dev/null', async () => {
    writeFileSync(path, 'ä\n'.repeat(50_000));
    expect(await readSmallFile(path)).toBe('ä\n'.repeat(50_000));
    writeFileSync(path, '');
    expect(await readSmallFile(path)).toBe('');
    expect(await readSmallFile('/dev/null')).toBe('');
  });

  it('reads what a command writes, in pieces and late', async () => {
    execFileSync('mkfifo', [path]);
    const reading = readSmallFile(path);
    const writer = await open(path, 'w');
    await writer.write('a = 1\n');
    await new Promise((resolve) => setTimeout(resolve, 50));
    await writer.write('b = 2\n');
    await writer.close();
    expect(await reading).toBe('a = 1\nb = 2\n');
  });

  it('does not wait for ever for a FIFO that nobody writes', async () => {
    execFileSync('mkfifo', [path]);
    await expect(readSmallFile(path, { patienceMs: 50 })).rejects.toThrow('nobody has written it');
  });

  it.each(['/dev/zero', 'a large file'])('does not read %s into memory', async (what) => {
    if (what !== '/dev/zero') writeFileSync(path, Buffer.alloc(2 * 2 ** 20));
    const file = what === '/dev/zero' ? what : path;
    await expect(readSmallFile(file)).rejects.toThrow('is larger than 1048576 octets');
  });

  it('tells of directories and of what is not there', async () => {
    await expect(readSmallFile(directory)).rejects.toThrow('it is a directory');
    await expect(readSmallFile(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
