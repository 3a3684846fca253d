import { mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeLogger } from '../../../src/cli/logger.ts';
import { waitUntil } from '../../lab/wait.ts';
import { fullPipe } from '../../support/full-pipe.ts';

let directory = '';

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'lvelog-'));
});

afterAll(() => rmSync(directory, { recursive: true }));

async function open(format: 'json' | 'human' | 'auto', terminal = false, journal = false) {
  const path = join(directory, `${format}-${terminal}-${Math.random()}`);
  const logger = await makeLogger({ level: 'info', format }, { fd: openSync(path, 'w'), terminal, journal });
  return { logger, text: () => readFileSync(path, 'utf8') };
}

describe('makeLogger', () => {
  it('writes a JSON object per line', async () => {
    const { logger, text } = await open('auto');
    logger.child({ component: 'libvirt' }).warn({ attempt: 3 }, 'gone');
    expect(JSON.parse(text())).toEqual({
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      component: 'libvirt',
      attempt: 3,
      msg: 'gone',
    });
  });

  it('writes for people on a terminal, at once', async () => {
    const { logger, text } = await open('auto', true);
    logger.info({ domains: 2 }, 'refreshed');
    expect(text()).toMatch(/INFO.*refreshed.*\{"domains":2\}.*\n/);
  });

  it('changes the level of children too', async () => {
    const { logger, text } = await open('json');
    const child = logger.child({ component: 'agentx' });
    child.debug({}, 'first');
    logger.setLevel('debug');
    child.debug({}, 'second');
    logger.setLevel('error');
    child.warn({}, 'third');
    expect([...text().matchAll(/"msg":"(\w+)"/g)].map((match) => match[1])).toEqual(['second']);
  });

  it.each(['json', 'human'] as const)(
    'gives lines their priority where they go to the journal (%s)',
    async (format) => {
      const { logger, text } = await open(format, false, true);
      logger.setLevel('trace');
      const child = logger.child({ component: 'libvirt' });
      for (const level of ['trace', 'debug', 'info', 'warn', 'error'] as const) child[level]({}, level);
      child.error({ err: new Error('of several lines') }, 'defect');
      const lines = text().trimEnd().split('\n');
      expect(lines.slice(0, 5).map((line) => line.slice(0, 3))).toEqual(['<7>', '<7>', '<6>', '<4>', '<3>']);
      expect(lines.slice(5).filter((line) => !line.startsWith('<3>'))).toEqual([]);
    },
  );

  it('names only the innermost component', async () => {
    const { logger, text } = await open('json');
    logger.child({ component: 'agentx' }).child({ component: 'session' }).info({}, 'open');
    expect(text().match(/"component":"[a-z]+"/g)).toEqual(['"component":"session"']);
  });

  it('masks users and passwords of URIs', async () => {
    const { logger, text } = await open('json');
    logger.info({ uri: 'qemu+tcp://bob:secret@host/system' }, 'at qemu+tcp://bob:secret@host/system');
    expect(text()).not.toContain('secret');
    expect(text()).toContain('//***@host');
  });

  it('writes errors with their stack', async () => {
    const { logger, text } = await open('json');
    logger.error({ err: new TypeError('broken') }, 'defect');
    expect(JSON.parse(text())).toMatchObject({ err: { type: 'TypeError', message: 'broken' } });
  });

  it('waits for nobody, and says how many lines are lost once they are read again', async () => {
    const pipe = fullPipe(join(directory, 'pipe'));
    const logger = await makeLogger({ level: 'info', format: 'json' }, { fd: pipe, terminal: false });
    const written = 1000;
    for (let line = 0; line < written; line++) logger.info({ line, text: 'x'.repeat(200) }, 'counted');
    const read = Buffer.alloc(1 << 20);
    let text = '';
    await waitUntil(
      () => {
        text += read.subarray(0, readSync(pipe, read)).toString();
        return text.includes('"msg":"lines of the log were lost') && text.endsWith('\n');
      },
      { what: 'the line about lost lines', context: () => text.slice(-1000) },
    );
    const lines = text
      .replace(/^\.+/, '')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    const kept = lines.filter((line) => 'line' in line);
    expect(kept.length).toBeGreaterThan(10);
    // Those that were kept are the first ones, and whole.
    expect(kept).toEqual(kept.map((_, line) => expect.objectContaining({ line })));
    expect(lines.at(-1)).toMatchObject({ level: 'warn', lines: written - kept.length });
  });
});
