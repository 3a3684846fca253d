import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readStateFile, writeAtomically } from '../../../src/state/state-file.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'state-file-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

describe('readStateFile', () => {
  it('gives up a file that has no size and no end', async () => {
    const maxBytes = 2 ** 20;
    expect(await readStateFile('/proc/self/pagemap', maxBytes)).toEqual({
      kind: 'unreadable',
      problem: `/proc/self/pagemap is larger than ${maxBytes} bytes`,
      error: undefined,
    });
  });

  it('reads as much as the limit, and not an octet more', async () => {
    const path = join(directory, 'file');
    const text = 'ä'.repeat(100_000);
    await writeFile(path, text);
    expect(await readStateFile(path, 200_000)).toEqual({ kind: 'text', text, sizeBytes: 200_000 });
    expect(await readStateFile(path, 199_999)).toMatchObject({ kind: 'unreadable' });
  });

  it('takes a byte order mark for no part of the text', async () => {
    const path = join(directory, 'file');
    await writeFile(path, '\ufeff{}');
    expect(await readStateFile(path, 100)).toMatchObject({ kind: 'text', text: '{}' });
  });
});

describe('writeAtomically', () => {
  it('leaves the file as it was where the room ends within what is to be written', async () => {
    const path = join(directory, 'file');
    await writeFile(path, 'before');
    // A limit of 8 KiB, of which the system says so only when a whole write is beyond it, as of a disk that fills up.
    const script = `import { writeAtomically } from '${join(import.meta.dirname, '../../../src/state/state-file.ts')}';
      await writeAtomically('${path}', ['x'.repeat(20_000)]).catch(({ code }) => console.log(code));`;
    const limited = `trap '' XFSZ; ulimit -f 8; exec "$0" --import tsx --input-type=module --eval "$1"`;
    const { stdout } = await promisify(execFile)('bash', ['-c', limited, process.execPath, script]);
    expect(stdout).toBe('EFBIG\n');
    expect(await readFile(path, 'utf8')).toBe('before');
    expect(await readdir(directory)).toEqual(['file']);
  });

  it('moves a directory away that somebody has put in the place of the file', async () => {
    const path = join(directory, 'file');
    await mkdir(join(path, 'not empty'), { recursive: true });
    expect(await writeAtomically(path, ['whole', { json: [1] }])).toBe(8);
    expect(await readFile(path, 'utf8')).toBe('whole[1]');
    expect((await readdir(directory)).sort()).toEqual(['file', 'file.corrupt']);
  });
});
