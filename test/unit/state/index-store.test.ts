import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../src/log.ts';
import { IndexStore } from '../../../src/state/index-store.ts';

const first = '11111111-1111-1111-1111-111111111111';
const second = '22222222-2222-2222-2222-222222222222';
const third = '33333333-3333-3333-3333-333333333333';

let directory: string;
let problems: (string | undefined)[];
let now: number;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'index-store-'));
  problems = [];
  now = 1_000_000;
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function load(where: string | undefined = directory): Promise<IndexStore> {
  return IndexStore.load({
    directory: where,
    logger: silentLogger,
    onProblem: (problem) => problems.push(problem),
    now: () => now,
  });
}

describe('IndexStore', () => {
  it('numbers each scope on its own', async () => {
    await using store = await load();
    expect(store.domain(first)).toBe(1);
    expect(store.domain(second)).toBe(2);
    expect(store.disk(first, 'vda')).toBe(1);
    expect(store.disk(first, 'vdb')).toBe(2);
    expect(store.disk(second, 'vdb')).toBe(1);
    expect(store.nic(first, '52:54:00:00:00:01')).toBe(1);
    expect(store.fileSystem(first, '/')).toBe(1);
    expect(store.pool(third)).toBe(1);
    expect(store.network(third)).toBe(1);
    expect(store.perfEvent('cmt')).toBe(1);
    expect(store.perfEvent('emulation_faults')).toBe(22);
    expect(store.perfEvent('from_the_future')).toBe(1000);
    expect(store.perfEvent('another')).toBe(1001);
  });

  it('keeps everything across a restart', async () => {
    const before = await load();
    before.domain(first);
    before.disk(second, 'vda');
    before.disk(second, 'sda');
    before.perfEvent('from_the_future');
    before.setFacts(second, { stateSince: 5, diskSizeUnits: { vda: 1024 }, hash: 'ab' });
    before.setFacts(second, { hash: undefined });
    before.setReported(second, { name: 'b', state: 'running', reason: 1, persistent: true });
    before.setGone({ uuid: first, name: 'a', goneAt: 7, columns: { state: 'shutoff' } });
    await before.close();

    await using after = await load();
    expect(problems).toEqual([]);
    expect(after.domain(third)).toBe(3);
    expect(after.domain(second)).toBe(2);
    expect(after.disk(second, 'sda')).toBe(2);
    expect(after.perfEvent('from_the_future')).toBe(1000);
    expect(after.facts(second)).toEqual({ stateSince: 5, diskSizeUnits: { vda: 1024 } });
    expect(after.reportedDomains().get(second)).toMatchObject({ name: 'b', state: 'running' });
    expect(after.goneDomains()).toEqual([
      { uuid: first, name: 'a', goneAt: 7, columns: { state: 'shutoff' } },
    ]);
  });

  it('rebinds the number of a forgotten domain only when nothing refers to it', async () => {
    await using store = await load();
    const referenced = new Set<number>([1]);
    store.addReferences((index) => referenced.has(index));
    store.domain(first);
    store.disk(first, 'vda');
    store.setFacts(first, { stateChanges: 4 });
    store.setGone({ uuid: first, name: 'a', goneAt: now, columns: {} });
    store.forgetDomain(first);
    expect(store.domain(second)).toBe(2);
    referenced.clear();
    expect(store.facts(first)).toEqual({ stateChanges: 4 });
    expect(store.domain(third)).toBe(1);
    expect(store.facts(first)).toEqual({});
    expect(store.domain(first)).toBe(3);
    expect(store.facts(first)).toEqual({});
  });

  it('does not rebind the number of a gone row that is still shown', async () => {
    await using store = await load();
    store.domain(first);
    store.setGone({ uuid: first, name: 'a', goneAt: now, columns: {} });
    expect(store.domain(second)).toBe(2);
  });

  it('frees numbers of devices that went away after ten minutes', async () => {
    await using store = await load();
    store.fileSystem(first, '/');
    store.fileSystem(first, '/mnt/a');
    store.retainDevices(first, 'fileSystem', new Set(['/']));
    expect(store.fileSystem(first, '/mnt/b')).toBe(3);
    now += 600_000;
    expect(store.fileSystem(first, '/mnt/c')).toBe(2);
  });

  it('starts afresh from a corrupt file and keeps it aside', async () => {
    await writeFile(join(directory, 'indexes.json'), '{"version":1,"domains":[');
    const store = await load();
    expect(store.problem).toBeUndefined();
    expect(store.domain(first)).toBe(1);
    await store.close();
    expect((await readdir(directory)).sort()).toEqual(['indexes.json', 'indexes.json.corrupt']);
    const saved: unknown = JSON.parse(await readFile(join(directory, 'indexes.json'), 'utf8'));
    expect(saved).toMatchObject({ version: 1, domains: [{ uuid: first, index: 1 }] });
  });

  it('keeps the numbers of the domains whose lines a damaged file still has, and tells of the loss', async () => {
    const before = await load();
    expect([first, second].map((uuid) => before.domain(uuid))).toEqual([1, 2]);
    expect(before.disk(second, 'vda')).toBe(1);
    await before.close();
    const path = join(directory, 'indexes.json');
    const text = await readFile(path, 'utf8');
    await writeFile(
      path,
      text.slice(0, text.indexOf('"gone"')).replace(first, '???').replace('"index":1', '"ind'),
    );
    const losses: string[] = [];
    await using store = await IndexStore.load({
      directory,
      logger: silentLogger,
      onLoss: (problem) => losses.push(problem),
    });
    expect(store.peekDomain(second)).toBe(2);
    expect(store.peekDomain(first)).toBeUndefined();
    expect(store.problem).toBeUndefined();
    expect(losses).toEqual([expect.stringContaining('indexes.json.corrupt')]);
  });

  it.each([
    ['another version', '{"version":2,"domains":[],"gone":[],"pools":[],"networks":[],"perfEvents":[]}'],
    [
      'wrong types',
      '{"version":1,"domains":[{"uuid":1}],"gone":[],"pools":[],"networks":[],"perfEvents":[]}',
    ],
    ['binary', '\u0000\u0001'],
  ])('does not crash on %s', async (_name, text) => {
    await writeFile(join(directory, 'indexes.json'), text);
    await using store = await load();
    expect(store.domain(first)).toBe(1);
    expect(await readdir(directory)).toContain('indexes.json.corrupt');
  });

  it('ignores a binding that contradicts another one', async () => {
    const domain = (uuid: string) => ({ uuid, index: 1, devices: {} });
    await writeFile(
      join(directory, 'indexes.json'),
      JSON.stringify({
        version: 1,
        domains: [domain(first), domain(second)],
        gone: [],
        pools: [],
        networks: [],
        perfEvents: [],
      }),
    );
    await using store = await load();
    expect(store.domain(first)).toBe(1);
    expect(store.domain(second)).toBe(2);
  });

  it('works in memory without a directory, and says so', async () => {
    const store = await IndexStore.load({ directory: undefined, logger: silentLogger });
    expect(store.persistent).toBe(false);
    expect(store.problem).toContain('memory only');
    expect(store.domain(first)).toBe(1);
    await store.close();
  });

  it('reports a directory that cannot be used, and recovers', async () => {
    const blocked = join(directory, 'file', 'state');
    await writeFile(join(directory, 'file'), '');
    const store = await load(blocked);
    expect(store.problem).toContain(blocked);
    store.domain(first);
    await store.flush();
    expect(store.persistent).toBe(false);
    await rm(join(directory, 'file'));
    await load(blocked).then((other) => other.close());
    store.domain(second);
    await store.flush();
    expect(store.problem).toBeUndefined();
    expect(problems.at(-1)).toBeUndefined();
    await store.close();
  });

  it('writes nothing when nothing changed', async () => {
    const store = await load();
    store.domain(first);
    store.setFacts(first, { stateSince: 1, diskSizeUnits: { vda: 1 } });
    await store.flush();
    await chmod(directory, 0o755);
    await rm(join(directory, 'indexes.json'));
    store.domain(first);
    store.setFacts(first, { stateSince: 1, diskSizeUnits: { vda: 1 } });
    await store.close();
    expect(await readdir(directory)).toEqual([]);
  });
});
