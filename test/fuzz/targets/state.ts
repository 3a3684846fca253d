import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventLog } from '../../../src/events/event-log.ts';
import { silentLogger } from '../../../src/log.ts';
import { IndexStore } from '../../../src/state/index-store.ts';
import type { StatePlace } from '../../../src/state/state-place.ts';
import type { Target } from '../target.ts';

const words = [
  ...[
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '\n',
    'null',
    'true',
    '-1',
    '0.5',
    '1e999',
    '99999999999999',
    '\u0000',
  ],
  ...[
    '"__proto__":{}',
    '"version":2,',
    '"lastSeq":4294967295',
    '"seq":1',
    '"held":{}',
    '"releasedAt":1',
    '\\ud800',
  ],
  ...['"domains":[', '"gone":[', '"facts":{', '"devices":{', '"index":1,', '"index":2147483647,'],
];

const capture = (name: string): Uint8Array =>
  Uint8Array.from(readFileSync(new URL(`../../fixtures/state/${name}`, import.meta.url)));

/**
 * A file of a state directory of its own, which may not be written.
 *
 * @param use - has the program read it, and tell of what is lost.
 */
function stateFile(name: string, use: (place: StatePlace, onLoss: () => void) => Promise<void>): Target {
  const path = mkdtempSync(join(tmpdir(), 'lvefuzz-'));
  const place: StatePlace = { path, writable: false, onWritable: () => undefined, onLook: () => undefined };
  return {
    name,
    corpus: [capture(name)],
    words,
    weight: 5,
    async take(bytes) {
      writeFileSync(join(path, name), bytes);
      let whole = true;
      await use(place, () => {
        whole = false;
      });
      return whole;
    },
    close: () => rmSync(path, { recursive: true }),
  };
}

/** indexes.json: what is read is used and could be written again. */
export function indexesTarget(): Target {
  return stateFile('indexes.json', async (place, onLoss) => {
    const store = await IndexStore.load({ place, logger: silentLogger, onLoss });
    const uuid = '6f2d1c00-0000-4000-8000-000000000001';
    const numbers = [store.domain(uuid), store.disk(uuid, 'vda'), store.nic(uuid, 'x'), store.pool(uuid)];
    for (const number of numbers) {
      if (!Number.isInteger(number) || number < 1 || number > 2_147_483_647) throw new Error(`${number}`);
    }
    store.setFacts(uuid, { stateChanges: 1 });
    for (const { goneAt } of store.goneDomains()) {
      if (!Number.isFinite(goneAt)) throw new Error('no moment');
    }
    await store.close();
  });
}

/** events.jsonl */
export function eventsTarget(): Target {
  return stateFile('events.jsonl', async (place, onLoss) => {
    const log = await EventLog.open({ place, maxEntries: 100, maxAgeSec: 0, logger: silentLogger, onLoss });
    const { length } = log.view().entries;
    if (length > 100) throw new Error(`${length} entries`);
    if (!Number.isInteger(log.lastSeq) || log.lastSeq < 0) throw new Error(`lastSeq is ${log.lastSeq}`);
    await log.close();
  });
}
