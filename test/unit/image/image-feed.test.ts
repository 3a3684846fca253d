import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Image } from '../../../src/image/image.ts';
import { ImageFeed, type ImageReader } from '../../../src/image/image-feed.ts';
import { ImageTree } from '../../../src/image/image-tree.ts';
import { ServedMib } from '../../../src/mib/served-mib.ts';
import type { BoundTree } from '../../../src/tree/bound-tree.ts';
import type { ReadContext } from '../../../src/tree/tree.ts';
import {
  SAMPLE_NOW,
  sampleDomain,
  sampleEmptySnapshot,
  sampleMemory,
} from '../../support/sample-snapshot.ts';

const mib = new ServedMib({ vmMib: true });
const context: ReadContext = { now: SAMPLE_NOW, masterStartedAt: undefined };

/** A tree of one domain whose name and memory say which step it is of. */
function treeOf(step: number, before?: BoundTree): BoundTree {
  const memory = sampleMemory({ currentBytes: step });
  const domains = [sampleDomain({ name: `step ${step}`, memory })];
  // Now and then a row more: rows and cells are then laid out anew.
  if (step % 5 === 0) domains.push(sampleDomain({ index: 2, name: `other ${step}` }));
  return mib.buildTree(sampleEmptySnapshot({ domains }), before);
}

/** A thread that takes its images when it is told to. */
class SlowReader {
  readonly #tree: ImageTree;
  readonly #waiting: Image[] = [];
  readonly reader: ImageReader;
  received = 0;

  constructor(feed: ImageFeed) {
    this.#tree = new ImageTree(feed.shape);
    this.reader = feed.addReader((image) => {
      this.received += 1;
      // What goes from thread to thread is cloned; shared memory stays shared.
      this.#waiting.push(structuredClone(image));
    });
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Takes the image that waits and tells so. */
  take(): void {
    const image = this.#waiting.shift();
    if (image === undefined) return;
    this.#tree.show(image);
    this.reader.shown();
  }

  /** What the reader sees now: the step by the name, which is a text, and by the memory, which is a number. */
  seen(): readonly [unknown, unknown] {
    const read = (name: string): unknown =>
      this.#tree.columns.find((column) => column.name === name)?.read(0, context);
    const name = read('lveDomName');
    return [name instanceof Uint8Array ? Buffer.from(name).toString() : name, read('lveMemCurrent')];
  }
}

const feedOf = (): ImageFeed => new ImageFeed(mib.slots, (name) => expect.fail(`${name} is unreadable`));

describe('an image feed', () => {
  test('writes no image while a reader has not taken the one before, and then the last', () => {
    const feed = feedOf();
    const quick = new SlowReader(feed);
    const slow = new SlowReader(feed);
    feed.push(treeOf(1));
    quick.take();
    slow.take();
    feed.push(treeOf(2));
    quick.take();
    feed.push(treeOf(3));
    feed.push(treeOf(4));
    expect([quick.waiting, slow.waiting]).toEqual([0, 1]);
    // The slow one still reads the first image while the quick one has the second.
    expect([quick.seen(), slow.seen()]).toEqual([
      ['step 2', 2],
      ['step 1', 1],
    ]);
    slow.take();
    quick.take();
    slow.take();
    expect([quick.seen(), slow.seen()]).toEqual([
      ['step 4', 4],
      ['step 4', 4],
    ]);
    expect(quick.received).toBe(3);
  });

  test('gives a reader that comes late all there is', () => {
    const feed = feedOf();
    const first = new SlowReader(feed);
    for (const step of [1, 2, 3]) {
      feed.push(treeOf(step));
      first.take();
    }
    const late = new SlowReader(feed);
    late.take();
    expect(late.seen()).toEqual(['step 3', 3]);
    feed.push(treeOf(4));
    late.take();
    expect(late.seen()).toEqual(['step 4', 4]);
  });

  test('goes on without a reader that has ended while it was behind', () => {
    const feed = feedOf();
    const staying = new SlowReader(feed);
    const ending = new SlowReader(feed);
    feed.push(treeOf(1));
    staying.take();
    feed.push(treeOf(2));
    expect(staying.waiting).toBe(0);
    ending.reader.close();
    staying.take();
    expect(staying.seen()).toEqual(['step 2', 2]);
  });

  test('keeps the last tree for the first reader', () => {
    const feed = feedOf();
    feed.push(treeOf(1));
    const reader = new SlowReader(feed);
    reader.take();
    expect(reader.seen()).toEqual(['step 1', 1]);
  });

  test('never rewrites what a reader reads, whoever is slow, comes or goes', () => {
    const action = fc.oneof(
      fc.record({ kind: fc.constant('push' as const) }),
      fc.record({ kind: fc.constant('take' as const), who: fc.nat(4) }),
      fc.record({ kind: fc.constant('join' as const) }),
      fc.record({ kind: fc.constant('leave' as const), who: fc.nat(4) }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const feed = feedOf();
        const readers = [new SlowReader(feed), new SlowReader(feed)];
        const known = new Map<SlowReader, readonly [unknown, unknown]>();
        let tree: BoundTree | undefined;
        let step = 0;
        for (const each of actions) {
          const at = 'who' in each ? each.who % Math.max(readers.length, 1) : 0;
          const reader = readers[at];
          if (each.kind === 'push') {
            step += 1;
            tree = treeOf(step, tree);
            feed.push(tree);
          } else if (each.kind === 'join') {
            readers.push(new SlowReader(feed));
          } else if (reader !== undefined && each.kind === 'take') {
            reader.take();
            known.set(reader, reader.seen());
          } else if (reader !== undefined) {
            reader.reader.close();
            readers.splice(at, 1);
          }
          for (const one of readers) {
            const seen = one.seen();
            // Both say the same step, and what was seen stays until the reader itself moves on.
            if (seen[1] !== undefined) expect(seen[0]).toBe(`step ${String(seen[1])}`);
            if (known.has(one)) expect(seen).toEqual(known.get(one));
          }
        }
        for (let round = 0; round < 3; round++) for (const one of readers) one.take();
        for (const one of readers) {
          if (step > 0) expect(one.seen()).toEqual([`step ${step}`, step]);
        }
      }),
      { numRuns: 60 },
    );
  });
});
