import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../src/log.ts';
import { IndexStore } from '../../../src/state/index-store.ts';
import { StateDirectory } from '../../../src/state/state-directory.ts';
import { waitUntil } from '../../lab/wait.ts';
import { recordingLogger } from '../../support/recording-logger.ts';

const uuid = '11111111-1111-1111-1111-111111111111';

let base: string;
let problems: (string | undefined)[];

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'state-directory-'));
  problems = [];
});

afterEach(async () => {
  await rm(base, { recursive: true, force: true });
});

async function open(path = base): Promise<StateDirectory> {
  return StateDirectory.open(path, {
    logger: silentLogger,
    checkMs: 50,
    onProblem: (problem) => problems.push(problem),
  });
}

describe('StateDirectory', () => {
  it('refuses to run beside another agent', async () => {
    await using _held = await open();
    await expect(open()).rejects.toMatchObject({ reason: 'locked' });
    expect(problems).toEqual([]);
  });

  it('says why it cannot be written, tries again, and has it written then', async () => {
    const path = join(base, 'file', 'state');
    await writeFile(join(base, 'file'), '');
    await using directory = await open(path);
    expect(directory.writable).toBe(false);
    expect(problems).toEqual([expect.stringContaining(path)]);
    await using store = await IndexStore.load({ place: directory, logger: silentLogger });
    store.domain(uuid);
    await rm(join(base, 'file'));
    await waitUntil(() => directory.writable && problems.at(-1) === undefined, { what: 'the next attempt' });
    await waitUntil(async () => (await readdir(path)).includes('indexes.json'), { what: 'the file' });
  });

  it('makes the directory anew where somebody removed it, and saves everything again', async () => {
    const path = join(base, 'state');
    await using directory = await open(path);
    await using store = await IndexStore.load({ place: directory, logger: silentLogger });
    store.domain(uuid);
    await store.flush();
    await rm(path, { recursive: true });
    const saved = (): Promise<string> => readFile(join(path, 'indexes.json'), 'utf8').catch(() => '');
    await waitUntil(async () => (await saved()).includes(uuid), { what: 'the file' });
  });

  it('leaves no lock where it is told to stop while it takes it', async () => {
    const abort = new AbortController();
    const opening = StateDirectory.open(base, { logger: silentLogger, signal: abort.signal });
    await waitUntil(async () => (await readdir(base)).includes('lock'), { what: 'the lock', intervalMs: 1 });
    abort.abort();
    await opening.then(
      (directory) => directory.close(),
      () => undefined,
    );
    expect(await readdir(base)).toEqual([]);
  });

  it('goes on with its own lock where the directory was away for a while', async () => {
    const path = join(base, 'state');
    await using directory = await open(path);
    await rename(path, join(base, 'away'));
    await writeFile(path, '');
    await waitUntil(() => !directory.writable && problems.length > 0, { what: 'the check' });
    await rm(path);
    await rename(join(base, 'away'), path);
    await waitUntil(() => directory.writable && problems.at(-1) === undefined, { what: 'the next attempt' });
    expect(await readdir(path)).toEqual(['lock']);
  });

  it('tells of what was in the place of the lock', async () => {
    await mkdir(join(base, 'lock'));
    const { logger, lines } = recordingLogger();
    await using _directory = await StateDirectory.open(base, { logger });
    expect(lines).toEqual([expect.objectContaining({ level: 'warn', file: join(base, 'lock') })]);
  });

  it('has files looked at while it holds the lock', async () => {
    await using directory = await open();
    let looks = 0;
    directory.onLook(async () => {
      looks += 1;
    });
    await waitUntil(() => looks > 1, { what: 'two looks' });
  });

  it('stops writing where another agent has taken the directory over', async () => {
    await using directory = await open();
    await using other = await open(join(base, 'other'));
    await rename(join(other.path, 'lock'), join(base, 'lock'));
    await waitUntil(() => problems.length > 0, { what: 'the check' });
    expect(directory.writable).toBe(false);
    expect(problems.at(-1)).toContain(`in use by process ${process.pid}`);
  });

  it('removes what a killed process left, and nothing else', async () => {
    await mkdir(join(base, 'kept'));
    for (const name of ['.indexes.json.4711.tmp', '.events.jsonl.tmp', 'indexes.json.corrupt', '.lock.1.x']) {
      await writeFile(join(base, name), '');
    }
    await using _directory = await open();
    expect((await readdir(base)).sort()).toEqual(['.lock.1.x', 'indexes.json.corrupt', 'kept', 'lock']);
  });
});
