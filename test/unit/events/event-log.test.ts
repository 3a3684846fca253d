import { execFile } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type EventDraft, EventLog, type EventLogOptions } from '../../../src/events/event-log.ts';
import type { HeldNotification } from '../../../src/events/held-notification.ts';
import { silentLogger } from '../../../src/log.ts';
import type { EventLogView } from '../../../src/model/event.ts';
import { TestPlace } from '../../support/state-place.ts';

const uuid = '11111111-1111-1111-1111-111111111111';

let directory: string;
let now: number;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'event-log-'));
  now = 1_700_000_000_000;
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

function openLog(options: Partial<EventLogOptions> = {}): Promise<EventLog> {
  return EventLog.open({
    place: new TestPlace(directory),
    maxEntries: 100,
    maxAgeSec: 0,
    logger: silentLogger,
    now: () => now,
    ...options,
  });
}

function draft(name: string, domainIndex = 1): EventDraft {
  return {
    at: now,
    kind: 'started',
    detail: 0,
    name,
    severity: 'okay',
    domainIndex,
    subjectName: 'web',
    subjectUuid: uuid,
    text: 'the domain was started',
  };
}

function names(view: EventLogView): string[] {
  return view.entries.map((entry) => entry.name);
}

const late = {
  seq: 1,
  at: Date.UTC(30_000, 0),
  kind: 'lifecycle',
  detail: 0,
  name: 'started',
  severity: 'okay',
  domainIndex: 1,
  subjectName: 'a',
  subjectUuid: '11111111-1111-1111-1111-111111111111',
  text: 'started',
  notified: true,
};

describe('EventLog', () => {
  it('numbers events in order and keeps the newest', async () => {
    await using log = await openLog({ maxEntries: 3 });
    for (const name of ['a', 'b', 'c', 'd', 'e']) log.append(draft(name));
    expect(names(log.view())).toEqual(['c', 'd', 'e']);
    expect(log.view().entries.map((entry) => entry.seq)).toEqual([3, 4, 5]);
    expect(log.view().logged).toBe(5);
    expect(log.lastSeqOf(uuid)).toBe(5);
  });

  it('removes what is too old', async () => {
    await using log = await openLog({ maxAgeSec: 60 });
    log.append(draft('old', 7));
    now += 30_000;
    log.append(draft('new', 8));
    now += 30_001;
    expect(log.refersTo(7)).toBe(true);
    log.prune();
    expect(names(log.view())).toEqual(['new']);
    expect(log.refersTo(7)).toBe(false);
    expect(log.refersTo(8)).toBe(true);
  });

  it('never changes a view that has been handed out', async () => {
    await using log = await openLog({ maxEntries: 2 });
    log.append(draft('a'));
    log.append(draft('b'));
    const view = log.view();
    expect(log.view()).toBe(view);
    log.append(draft('c'));
    log.markNotified(2);
    expect(names(view)).toEqual(['a', 'b']);
    expect(view.entries[1]?.notified).toBe(false);
    expect(names(log.view())).toEqual(['b', 'c']);
    expect(log.view().entries[0]?.notified).toBe(true);
    expect(log.view()).not.toBe(view);
  });

  it('tells of every change', async () => {
    let changes = 0;
    await using log = await openLog({
      onChange: () => {
        changes += 1;
      },
    });
    log.append(draft('a'));
    log.markNotified(1);
    log.markNotified(1);
    log.markNotified(99);
    log.prune();
    expect(changes).toBe(2);
  });

  it('goes on where an earlier run stopped', async () => {
    const before = await openLog();
    before.append(draft('a'));
    before.append(draft('b'));
    await before.flush();
    before.markNotified(1);
    before.append(draft('c'));
    await before.close();

    await using after = await openLog();
    expect(after.view().entries).toMatchObject([
      { seq: 1, name: 'a', notified: true },
      { seq: 2, name: 'b', notified: false },
      { seq: 3, name: 'c', notified: false },
    ]);
    expect(after.view().logged).toBe(0);
    expect(after.refersTo(1)).toBe(true);
    expect(after.append(draft('d')).seq).toBe(4);
  });

  it('never gives a number twice, even if all entries became too old', async () => {
    const before = await openLog({ maxAgeSec: 60 });
    before.append(draft('a'));
    await before.close();
    now += 61_000;
    const between = await openLog({ maxAgeSec: 60 });
    expect(between.view().entries).toEqual([]);
    between.append(draft('b'));
    await between.close();
    now += 61_000;
    await using after = await openLog({ maxAgeSec: 60 });
    expect(after.append(draft('c')).seq).toBe(3);
  });

  it('continues with 1 after the largest number', async () => {
    await writeFile(join(directory, 'events.jsonl'), '{"version":1,"lastSeq":4294967294}\n');
    await using log = await openLog();
    expect(log.append(draft('a')).seq).toBe(4_294_967_295);
    expect(log.append(draft('b')).seq).toBe(1);
  });

  it('drops a torn last line silently and goes on', async () => {
    const before = await openLog();
    before.append(draft('a'));
    await before.close();
    await appendFile(join(directory, 'events.jsonl'), '{"seq":2,"at":17');
    await using after = await openLog();
    expect(names(after.view())).toEqual(['a']);
    expect(await readdir(directory)).toEqual(['events.jsonl']);
  });

  it('keeps what it can of a damaged file, and the file for a person', async () => {
    const before = await openLog();
    before.append(draft('a'));
    before.append(draft('b'));
    await before.close();
    const path = join(directory, 'events.jsonl');
    await writeFile(path, `${await readFile(path, 'utf8')}garbage\n{"seq":"x"}\n`);
    const after = await openLog();
    expect(names(after.view())).toEqual(['a', 'b']);
    after.append(draft('c'));
    await after.close();
    expect((await readdir(directory)).sort()).toEqual(['events.jsonl', 'events.jsonl.corrupt']);
    await using last = await openLog();
    expect(names(last.view())).toEqual(['a', 'b', 'c']);
  });

  it('writes a damaged file anew although nothing is logged, and has it until then', async () => {
    const before = await openLog();
    before.append(draft('a'));
    await before.close();
    const path = join(directory, 'events.jsonl');
    const damaged = `${await readFile(path, 'utf8')}garbage\n`;
    await writeFile(path, damaged);
    const after = await openLog();
    expect(await readFile(path, 'utf8')).toBe(damaged);
    await after.close();
    expect(await readFile(path, 'utf8')).not.toContain('garbage');
    expect(await readFile(`${path}.corrupt`, 'utf8')).toBe(damaged);
  });

  it.each([
    ['line ends', '\n'],
    ['brackets', '['],
    ['lines of something else', 'x\n'],
  ])('starts afresh from a large file of %s', async (_, piece) => {
    await writeFile(join(directory, 'events.jsonl'), piece.repeat((16 * 2 ** 20) / piece.length));
    await using log = await openLog();
    expect(log.view().entries).toEqual([]);
    log.append(draft('a'));
    expect(names(log.view())).toEqual(['a']);
  });

  it.each([
    ['a moment beyond what an index can hold', { at: 883_612_800_000_000 }],
    ['a moment before 1970', { at: -1 }],
    ['a moment that is no number', { at: 'yesterday' }],
    ['a severity that does not exist', { severity: 'bad' }],
    ['a negative detail', { detail: -1 }],
    ['a number out of order', { seq: 4_000_000_000 }],
    ['a number that does not fit', { seq: 2 ** 32 }],
    ['a domain that is no number', { domainIndex: '1' }],
    ['a text without end', { text: 'x'.repeat(5000) }],
  ])('leaves out an entry with %s, keeps the others and says so', async (_what, wrong) => {
    const before = await openLog();
    for (const name of ['a', 'b', 'c']) before.append(draft(name));
    await before.close();
    const path = join(directory, 'events.jsonl');
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    lines[2] = JSON.stringify({ ...JSON.parse(lines[2] ?? ''), ...wrong });
    await writeFile(path, `${lines.join('\n')}\n`);
    const losses: string[] = [];
    await using after = await openLog({ onLoss: (problem) => losses.push(problem) });
    expect(losses).toHaveLength(1);
    expect(losses[0]).toContain('events.jsonl.corrupt');
    expect(names(after.view())).toContain('c');
    expect(new Set(after.view().entries.map(({ seq }) => seq)).size).toBe(after.view().entries.length);
    expect(after.append(draft('d')).seq).toBe(4);
  });

  it('keeps what no master has taken until it is taken, whatever its values are', async () => {
    const held = (id: string): HeldNotification => ({
      id,
      at: now,
      content: {
        name: 'lveDomainBlockThreshold',
        values: {
          lveDomName: { value: 'web', index: [7] },
          lveDiskThreshold: { value: 2n ** 63n, index: [7, 1] },
          vmUUID: { value: Uint8Array.of(0, 255), index: [7] },
          lveJobElapsed: { value: 0, index: [7, 'completed'] },
          lveNotifyConnUp: { value: true },
        },
      },
      seqs: [1, 2],
      domainIndexes: [7],
      family: 'state/7',
    });
    const before = await openLog();
    for (const id of ['first', 'second', 'third']) before.hold(held(id));
    before.release('second');
    await before.flush();
    before.release('third');
    await before.close();
    expect(await readFile(join(directory, 'events.jsonl'), 'utf8')).not.toContain('second');
    await using after = await openLog();
    expect(after.held).toEqual([held('first')]);
    after.append(draft('a'));
    await after.flush();
    await using again = await openLog();
    expect(again.held).toEqual([held('first')]);
  });

  it('keeps its file in proportion to the ring', async () => {
    await using log = await openLog({ maxEntries: 10 });
    for (let batch = 0; batch < 25; batch += 1) {
      for (let at = 0; at < 100; at += 1) log.append(draft(`${batch}/${at}`));
      await log.flush();
    }
    const lines = (await readFile(join(directory, 'events.jsonl'), 'utf8')).trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(2 * 10 + 1000 + 100);
    expect(lines.at(-1)).toContain('"24/99"');
  });

  it('writes no more than the next start reads: the newest entries', async () => {
    const maxFileBytes = 20_000;
    const log = await openLog({ maxFileBytes });
    for (let nth = 1; nth <= 100; nth++) {
      log.append({ ...draft(`${nth}`), text: 'x'.repeat(10 * nth) });
      if (nth % 7 === 0) await log.flush();
    }
    await log.close();
    await using after = await openLog({ maxFileBytes });
    const kept = after.view().entries.map(({ seq }) => seq);
    expect(kept.length).toBeGreaterThan(10);
    expect(kept).toEqual(Array.from({ length: kept.length }, (_none, at) => 100 - kept.length + 1 + at));
    expect(after.lastSeq).toBe(100);
  });

  it('tells when it cannot be saved, and loses nothing when it can again', async () => {
    const problems: (string | undefined)[] = [];
    const place = new TestPlace(join(directory, 'state'));
    const log = await openLog({ place, onProblem: (problem) => problems.push(problem) });
    log.append(draft('a'));
    await log.flush();
    expect(log.view().persistent).toBe(false);
    expect(problems).toHaveLength(1);
    await mkdir(join(directory, 'state'));
    log.append(draft('b'));
    await log.close();
    expect(log.persistent).toBe(true);
    await using after = await openLog({ place });
    expect(names(after.view())).toEqual(['a', 'b']);
  });

  it('reads what is there and keeps what comes until its place may be written', async () => {
    const before = await openLog();
    before.append(draft('a'));
    await before.close();
    const place = new TestPlace(directory, false);
    const log = await openLog({ place });
    expect(names(log.view())).toEqual(['a']);
    log.append(draft('b'));
    await log.flush();
    expect(log.view().persistent).toBe(false);
    expect(await readFile(join(directory, 'events.jsonl'), 'utf8')).not.toContain('"b"');
    place.open();
    await log.close();
    await using after = await openLog();
    expect(names(after.view())).toEqual(['a', 'b']);
  });

  it('keeps its entries when the clock is set back by days, with times of the new clock', async () => {
    const realNow = Date.now;
    const before = await openLog();
    before.append({ ...draft('a'), at: realNow() });
    await before.flush();
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => realNow() - 3 * 86_400_000);
    try {
      before.saveAgain();
      before.append({ ...draft('b'), at: realNow() });
      await before.close();
      const after = await openLog();
      expect(names(after.view())).toEqual(['a', 'b']);
      const [a, b] = after.view().entries;
      expect(Math.abs(Number(b?.at) - Number(a?.at))).toBeLessThan(600_000);
      await after.close();
    } finally {
      clock.mockRestore();
    }
  });

  it('keeps its entries, as of now, when the clock was set back between two runs', async () => {
    const before = await openLog();
    const ahead = Date.now() + 3 * 365 * 86_400_000;
    for (const name of ['a', 'b']) before.append({ ...draft(name), at: ahead });
    await before.close();
    const losses: string[] = [];
    const startedAt = Date.now();
    await using after = await openLog({ onLoss: (problem) => losses.push(problem) });
    expect(names(after.view())).toEqual(['a', 'b']);
    for (const { at } of after.view().entries) {
      expect(at).toBeGreaterThan(startedAt - 1000);
      expect(at).toBeLessThan(ahead);
    }
    expect(losses).toEqual([expect.stringContaining('2 events')]);
    expect(after.append(draft('c')).seq).toBe(3);
  });

  it('keeps every whole line of a file that was cut off anywhere, and gives no number twice', async () => {
    const before = await openLog();
    for (const name of ['a', 'b', 'c']) before.append(draft(name));
    before.markNotified(2);
    await before.close();
    const path = join(directory, 'events.jsonl');
    const text = await readFile(path, 'utf8');
    for (let length = 0; length < text.length; length++) {
      const cut = text.slice(0, length);
      await writeFile(path, cut);
      const log = await openLog({ place: new TestPlace(directory, false) });
      const whole = text.split('\n').filter((line) => line.includes('"seq"') && cut.includes(line));
      expect(log.view().entries.map(({ seq }) => seq)).toEqual([1, 2, 3].slice(0, whole.length));
      expect(log.append(draft('d')).seq).toBeGreaterThan(whole.length);
    }
  });

  const makeFifo = async (path: string): Promise<void> => {
    await rm(path);
    await promisify(execFile)('mkfifo', [path]);
  };
  it.each([
    ['removed', (path: string) => rm(path)],
    ['cut', (path: string) => writeFile(path, '')],
    ['replaced by a FIFO', makeFifo],
    ['appended to', (path: string) => appendFile(path, 'x')],
  ])('writes everything again after somebody has %s the file', async (_what, change) => {
    const place = new TestPlace(directory);
    await using log = await openLog({ place });
    const path = join(directory, 'events.jsonl');
    const saved = async (): Promise<readonly string[]> => {
      const lines = (await readFile(path, 'utf8')).split('\n').slice(1, -1);
      return lines.map((line) => (JSON.parse(line) as { readonly name: string }).name);
    };
    // Once when it was written as a whole, once when it was appended to, and once although nothing happens.
    for (const name of ['a', 'b']) {
      log.append(draft(name));
      await log.flush();
      await change(path);
    }
    log.append(draft('c'));
    await log.flush();
    expect(await saved()).toEqual(['a', 'b', 'c']);
    await change(path);
    await place.look();
    await log.flush();
    expect(await saved()).toEqual(['a', 'b', 'c']);
    // The same of what was only read.
    await log.close();
    const nextPlace = new TestPlace(directory);
    await using next = await openLog({ place: nextPlace });
    await change(path);
    await nextPlace.look();
    await next.flush();
    expect(await saved()).toEqual(['a', 'b', 'c']);
  });

  it.each([
    ['is a FIFO', (path: string) => promisify(execFile)('mkfifo', [path])],
    ['is a directory', (path: string) => mkdir(path)],
    ['tells of the year 30000', (path: string) => writeFile(path, `${JSON.stringify(late)}\n`)],
    ['has wrong types', (path: string) => writeFile(path, '{"seq":1,"at":"noon"}\n{"seq":[]}\n')],
  ])('begins anew, and says so, where the file %s', async (_what, make) => {
    const losses: string[] = [];
    await make(join(directory, 'events.jsonl'));
    await using log = await openLog({ onLoss: (problem) => losses.push(problem) });
    expect(losses).toEqual([expect.stringContaining('events.jsonl')]);
    log.append(draft('a'));
    await log.flush();
    expect(log.persistent).toBe(true);
    expect((await readdir(directory)).sort()).toEqual(['events.jsonl', 'events.jsonl.corrupt']);
  });

  it('lives in memory without a directory', async () => {
    await using log = await openLog({ place: undefined });
    log.append(draft('a'));
    expect(log.view().persistent).toBe(false);
    expect(names(log.view())).toEqual(['a']);
  });

  it('cuts texts that no object could show', async () => {
    await using log = await openLog();
    const entry = log.append({ ...draft('n'.repeat(300)), text: 'x'.repeat(100_000) });
    expect(entry.name).toHaveLength(255);
    expect(entry.text).toHaveLength(1024);
  });
});
