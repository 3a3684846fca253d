import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../../src/log.ts';
import { readIndexes } from '../../../src/state/index-file.ts';
import { IndexStore } from '../../../src/state/index-store.ts';
import type { StatePlace } from '../../../src/state/state-place.ts';
import { waitUntil } from '../../lab/wait.ts';
import { TestPlace } from '../../support/state-place.ts';

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

async function load(place: StatePlace | 'memory' = new TestPlace(directory)): Promise<IndexStore> {
  return IndexStore.load({
    place: place === 'memory' ? undefined : place,
    logger: silentLogger,
    onProblem: (problem) => problems.push(problem),
    now: () => now,
  });
}

/** A line of the file. */
interface SavedDomain {
  devices: object;
  facts: object;
  reported: object;
}

function file(parts: object): string {
  return JSON.stringify({
    version: 1,
    domains: [],
    gone: [],
    pools: [],
    networks: [],
    perfEvents: [],
    ...parts,
  });
}

async function makeSocket(path: string): Promise<void> {
  const server = createServer().listen(path);
  await once(server, 'listening');
  server.unref();
}

describe('IndexStore', () => {
  it('gives few numbers to what somebody makes up', async () => {
    const store = await load('memory');
    for (let name = 0; name < 10_000; name++) store.perfEvent(`made_up_${name}`);
    const highest = Math.max(
      ...Array.from({ length: 10_000 }, (_, name) => store.perfEvent(`other_${name}`)),
    );
    expect(highest).toBeLessThan(1000 + 4096);
    for (let target = 0; target < 250_000; target++) store.disk(first, `vd${target}`);
    expect(store.disk(first, 'one more')).toBeLessThanOrEqual(200_000);
    // Another domain has numbers all the same.
    expect(store.disk(second, 'vda')).toBe(1);
    expect(store.disk(second, 'vda')).toBe(1);
    for (let number = 0; number < 60_000; number++) {
      const uuid = `uuid-${number}`;
      if (store.hasRoomFor(uuid)) store.domain(uuid);
    }
    expect(store.peekDomain('uuid-40000')).toBeDefined();
    expect(store.peekDomain('uuid-59999')).toBeUndefined();
    expect(store.hasRoomFor('uuid-1')).toBe(true);
  });

  it('tells long names apart, and does not keep them', async () => {
    await using store = await load();
    const long = 'x'.repeat(4 * 1024 * 1024);
    expect(store.nic(third, long)).toBe(1);
    expect(store.nic(third, `${long}y`)).toBe(2);
    expect(store.nic(third, long)).toBe(1);
    await store.flush();
    expect((await readFile(join(directory, 'indexes.json'), 'utf8')).length).toBeLessThan(10_000);
  });

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
      text.slice(0, text.lastIndexOf('\n]')).replace(first, '???').replace('"index":1', '"ind'),
    );
    const losses: string[] = [];
    await using store = await IndexStore.load({
      place: new TestPlace(directory),
      logger: silentLogger,
      onLoss: (problem) => losses.push(problem),
    });
    expect(store.peekDomain(second)).toBe(2);
    expect(store.peekDomain(first)).toBeUndefined();
    expect(store.problem).toBeUndefined();
    expect(losses).toEqual([expect.stringContaining('indexes.json.corrupt')]);
  });

  it('loses nothing of a damaged file when it is killed before there is another one', async () => {
    const before = await load();
    expect([first, second].map((uuid) => before.domain(uuid))).toEqual([1, 2]);
    await before.close();
    const path = join(directory, 'indexes.json');
    await writeFile(path, (await readFile(path, 'utf8')).slice(0, -3));
    for (let start = 0; start < 3; start++) {
      // Never closed.
      const store = await load();
      expect([first, second].map((uuid) => store.peekDomain(uuid))).toEqual([1, 2]);
    }
  });

  it('writes a damaged file anew although nothing changes', async () => {
    const before = await load();
    expect(before.domain(first)).toBe(1);
    await before.close();
    const path = join(directory, 'indexes.json');
    await writeFile(path, (await readFile(path, 'utf8')).slice(0, -3));
    await using store = await load();
    await store.flush();
    const saved: unknown = JSON.parse(await readFile(path, 'utf8'));
    expect(saved).toMatchObject({ domains: [{ uuid: first, index: 1 }] });
  });

  it.each([
    ['line ends', '\n'],
    ['brackets', '['],
    ['quotes', '"'],
    ['beginnings of domains', '{"uuid":\n'],
  ])('starts afresh from a large file of %s', async (_, piece) => {
    await writeFile(join(directory, 'indexes.json'), piece.repeat((16 * 2 ** 20) / piece.length));
    const losses: string[] = [];
    await using store = await IndexStore.load({
      place: new TestPlace(directory),
      logger: silentLogger,
      onLoss: (problem) => losses.push(problem),
    });
    expect(store.domain(first)).toBe(1);
    expect(losses).toHaveLength(1);
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

  it.each([
    ['is a FIFO', (path: string) => promisify(execFile)('mkfifo', [path])],
    ['is a directory', (path: string) => mkdir(path)],
    ['is a dangling link', (path: string) => symlink('/nowhere/at/all', path)],
    ['is a link to itself', (path: string) => symlink(path, path)],
    ['is a socket', (path: string) => makeSocket(path)],
    ['is empty', (path: string) => writeFile(path, '')],
    ['is null', (path: string) => writeFile(path, 'null')],
    ['is an array', (path: string) => writeFile(path, '[1,2]')],
    ['is deep', (path: string) => writeFile(path, '['.repeat(200_000))],
  ])('starts afresh, and says so, where the file %s', async (_what, make) => {
    const losses: string[] = [];
    await make(join(directory, 'indexes.json'));
    const place = new TestPlace(directory);
    const onLoss = (problem: string): number => losses.push(problem);
    await using store = await IndexStore.load({ place, logger: silentLogger, onLoss });
    expect(store.domain(first)).toBe(1);
    await store.flush();
    expect(store.persistent).toBe(true);
    expect(losses).toEqual([expect.stringContaining('indexes.json.corrupt')]);
  });

  it('is written although there is a directory where it is written first', async () => {
    await mkdir(join(directory, '.indexes.json.tmp', 'full'), { recursive: true });
    await using store = await IndexStore.load({ place: new TestPlace(directory), logger: silentLogger });
    expect(store.domain(first)).toBe(1);
    await store.flush();
    expect(store.persistent).toBe(true);
    expect(await readdir(directory)).toContain('.indexes.json.tmp.corrupt');
  });

  it.each<[string, (domain: SavedDomain) => void]>([
    ['facts that are no object', (domain) => Object.assign(domain, { facts: 'none' })],
    ['a moment in the year 30000', ({ facts }) => Object.assign(facts, { startedAt: Date.UTC(30_000, 0) })],
    ['an unknown state', ({ facts }) => Object.assign(facts, { lastState: 'melting' })],
    ['a number that is a text', ({ facts }) => Object.assign(facts, { stateChanges: 'two' })],
    ['an unknown reported state', ({ reported }) => Object.assign(reported, { state: 'melting' })],
    ['a reported name that is none', ({ reported }) => Object.assign(reported, { name: 7 })],
    ['devices that are none', (domain) => Object.assign(domain, { devices: { disk: [], nic: { a: -1 } } })],
    ['a release in the year 30000', (domain) => Object.assign(domain, { releasedAt: 9e15 })],
  ])('keeps the number of a domain whose line has %s', async (_what, damage) => {
    const domain = {
      uuid: second,
      index: 7,
      devices: { disk: { vda: 3 } },
      facts: { startedAt: 5, lastState: 'running', stateChanges: 2 },
      reported: { name: 'b', state: 'running', reason: 1, persistent: true },
    };
    damage(domain);
    await writeFile(join(directory, 'indexes.json'), file({ domains: [domain] }));
    await using store = await load();
    expect(store.peekDomain(second)).toBe(7);
    for (const value of Object.values(store.facts(second))) expect([5, 'running', 2]).toContain(value);
    for (const { state } of store.reportedDomains().values()) expect(state).toBe('running');
    expect(await readdir(directory)).toContain('indexes.json.corrupt');
  });

  it('keeps the row of a gone domain without the columns that are wrong', async () => {
    const columns = { state: 'melting', reason: 2, stateSince: 'noon', persistent: true };
    const gone = [{ uuid: first, name: 'a', goneAt: 9e15, columns }, { uuid: 'x' }, 7];
    await writeFile(join(directory, 'indexes.json'), file({ gone }));
    await using store = await load();
    expect(store.goneDomains()).toEqual([
      { uuid: first, name: 'a', goneAt: now, columns: { reason: 2, persistent: true } },
    ]);
  });

  it('keeps what is whole of a file that was cut off anywhere, whatever ends its lines', async () => {
    const before = await load();
    const uuids = [first, second, third];
    for (const uuid of [...uuids].reverse()) before.disk(uuid, 'vda');
    before.pool(third);
    await before.close();
    const path = join(directory, 'indexes.json');
    for (const end of ['\n', '\r\n']) {
      const text = (await readFile(path, 'utf8')).replaceAll('\n', end);
      const lines = text.split(end);
      const whole = (line: string, cut: string) => cut.includes(line.replace(/,$/, ''));
      for (let length = 0; length < text.length; length++) {
        const cut = text.slice(0, length);
        const { domains, pools } = readIndexes(cut, now);
        const kept = lines.filter((line) => line.startsWith('{"uuid"') && whole(line, cut)).length;
        expect(domains.map(({ binding }) => binding)).toEqual(
          [third, second, first].slice(0, kept).map((key, at) => ({ key, index: at + 1 })),
        );
        const pool = lines.find((line) => line.startsWith('"pools"')) ?? '';
        expect(pools).toEqual(whole(pool, cut) ? [{ key: third, index: 1 }] : []);
      }
    }
  });

  it('takes over numbers that were lost from what still knows them', async () => {
    await using store = await load();
    expect(store.domain(first)).toBe(1);
    store.adopt([
      { uuid: second, index: 2 },
      { uuid: third, index: 2 },
      { uuid: first, index: 7 },
      { uuid: '', index: 3 },
      { uuid: 'fourth', index: 4 },
      { uuid: '44444444-4444-4444-4444-444444444444', index: 0 },
    ]);
    store.addReferences((index) => index === 2);
    expect([store.peekDomain(first), store.peekDomain(second), store.peekDomain(third)]).toEqual([
      1,
      2,
      undefined,
    ]);
    // Nobody else gets the number as long as something refers to it.
    expect(store.domain(third)).toBe(3);
    expect(store.domain(second)).toBe(2);
  });

  it('takes nothing from a damaged file of a version to come', () => {
    const text = '{"version":2,\n"domains":[\n{"uuid":"11111111-1111-1111-1111-111111111111","index":7,"dev';
    expect(readIndexes(text.replace(',"dev', '}'), now)).toMatchObject({
      domains: [],
      problem: 'of another version: 2',
    });
  });

  it('reads no more of a list than an agent writes, and says so', () => {
    const pools = Array.from({ length: 100_001 }, (_none, at) => ({ key: `${at}`, index: at + 1 }));
    const saved = readIndexes(file({ pools }), now);
    expect(saved.pools).toHaveLength(100_000);
    expect(saved.problem).toContain('pools beyond the first 100000');
  });

  it('tells of devices that have one number', async () => {
    const losses: string[] = [];
    const devices = { disk: { vda: 1, vdb: 1, vdc: 2 }, nic: { a: 1 } };
    await writeFile(join(directory, 'indexes.json'), file({ domains: [{ uuid: first, index: 1, devices }] }));
    await using store = await IndexStore.load({
      place: new TestPlace(directory),
      logger: silentLogger,
      onLoss: (problem) => losses.push(problem),
    });
    expect(losses).toEqual([expect.stringContaining('1 numbers are given twice')]);
    expect(['vda', 'vdb', 'vdc'].map((target) => store.disk(first, target))).toEqual([1, 3, 2]);
  });

  it.each([
    ['removed', (path: string) => rm(path)],
    ['cut', (path: string) => writeFile(path, '')],
    [
      'replaced by a FIFO',
      async (path: string) => {
        await rm(path);
        await promisify(execFile)('mkfifo', [path]);
      },
    ],
    [
      'replaced by a directory',
      async (path: string) => {
        await rm(path);
        await mkdir(path);
      },
    ],
  ])('writes a file anew that somebody has %s, although nothing changes', async (_what, change) => {
    const before = await load();
    before.domain(first);
    await before.close();
    const place = new TestPlace(directory);
    await using store = await load(place);
    const path = join(directory, 'indexes.json');
    // What was read, and then what was written.
    for (let time = 0; time < 2; time++) {
      await place.look();
      await change(path);
      await place.look();
      await store.flush();
      expect(readIndexes(await readFile(path, 'utf8'), now)).toMatchObject({
        domains: [{ binding: { key: first, index: 1 } }],
        problem: undefined,
      });
    }
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

  it('saves times of the wall clock, and reads them as moments', async () => {
    const facts = { stateSince: 5000, startedAt: 6000, stateChanges: 7 };
    const gone = { uuid: second, name: 'b', goneAt: 8000, columns: { stateSince: 4000 } };
    const options = { place: new TestPlace(directory), logger: silentLogger };
    const before = await IndexStore.load({ ...options, wallOffsetMs: () => 3000 });
    before.setFacts(first, facts);
    before.setGone(gone);
    await before.close();
    await using sameClock = await IndexStore.load({ ...options, wallOffsetMs: () => 3000 });
    expect(sameClock.facts(first)).toEqual(facts);
    expect(sameClock.goneDomains()).toEqual([gone]);
    await using later = await IndexStore.load({ ...options, wallOffsetMs: () => 0 });
    expect(later.facts(first)).toEqual({ stateSince: 8000, startedAt: 9000, stateChanges: 7 });
    expect(later.goneDomains()).toEqual([{ ...gone, goneAt: 11_000, columns: { stateSince: 7000 } }]);
  });

  it('works in memory without a directory, and says so', async () => {
    const store = await IndexStore.load({ place: undefined, logger: silentLogger });
    expect(store.persistent).toBe(false);
    expect(store.problem).toContain('memory only');
    expect(store.domain(first)).toBe(1);
    await store.close();
  });

  it('reports a directory that cannot be written, and recovers without another change', async () => {
    const place = new TestPlace(join(directory, 'state'));
    const store = await load(place);
    store.domain(first);
    await store.flush();
    expect(store.persistent).toBe(false);
    expect(store.problem).toContain(place.path);
    await mkdir(place.path);
    await waitUntil(() => store.persistent, { what: 'the next attempt' });
    expect(problems).toEqual([expect.stringContaining(place.path), undefined]);
    await store.close();
    await using after = await load(place);
    expect(after.peekDomain(first)).toBe(1);
  });

  it('goes on from what it can read while nothing can be written, and saves once it can', async () => {
    const before = await load();
    before.domain(first);
    before.disk(second, 'vdb');
    await before.close();
    const place = new TestPlace(directory, false);
    const store = await load(place);
    expect([second, third, first].map((uuid) => store.domain(uuid))).toEqual([2, 3, 1]);
    await store.flush();
    expect(store.persistent).toBe(false);
    expect(await readFile(join(directory, 'indexes.json'), 'utf8')).not.toContain(third);
    place.open();
    await store.close();
    await using after = await load();
    expect(after.peekDomain(third)).toBe(3);
  });

  it('keeps a file aside that could not be moved at first before it writes over it', async () => {
    await writeFile(join(directory, 'indexes.json'), 'precious');
    await mkdir(join(directory, 'indexes.json.corrupt', 'full'), { recursive: true });
    const store = await load();
    store.domain(first);
    await rm(join(directory, 'indexes.json.corrupt'), { recursive: true });
    await store.close();
    expect(await readFile(join(directory, 'indexes.json.corrupt'), 'utf8')).toBe('precious');
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
