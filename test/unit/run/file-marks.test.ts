import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/run/clock.ts';
import { fileMarks, untilFilesChange } from '../../../src/run/file-marks.ts';

let directory: string;
let paths: readonly string[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'marks-'));
  paths = [join(directory, 'one'), join(directory, 'two')];
  await writeFile(join(directory, 'one'), 'a');
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

describe('marks of files', () => {
  it('stay the same while the files do', async () => {
    expect(await fileMarks(paths)).toBe(await fileMarks(paths));
    expect(await fileMarks([])).toBe('');
  });

  it.each([
    ['a file that is written', async () => await writeFile(join(directory, 'one'), 'ab')],
    ['a file that comes', async () => await writeFile(join(directory, 'two'), '')],
    ['a file that goes', async () => await rm(join(directory, 'one'))],
    [
      'a file in the place of another',
      async () => {
        await writeFile(join(directory, 'new'), 'a');
        await rename(join(directory, 'new'), join(directory, 'one'));
      },
    ],
  ])('tell of %s', async (_what, change) => {
    const before = await fileMarks(paths);
    const changed = untilFilesChange(paths, before, systemClock, new AbortController().signal, 5);
    await change();
    await changed;
    expect(await fileMarks(paths)).not.toBe(before);
  });

  it('are waited for until the signal aborts', async () => {
    const stop = new AbortController();
    const waiting = untilFilesChange(paths, await fileMarks(paths), systemClock, stop.signal, 5);
    stop.abort(new Error('stop'));
    await expect(waiting).rejects.toThrow('stop');
  });
});
