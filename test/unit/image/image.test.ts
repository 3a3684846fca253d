import { describe, expect, test } from 'vitest';
import { ImageTree } from '../../../src/image/image-tree.ts';
import { ImageWriter } from '../../../src/image/image-writer.ts';
import { ServedMib } from '../../../src/mib/served-mib.ts';
import type { Disk } from '../../../src/model/disk.ts';
import type { Domain } from '../../../src/model/domain.ts';
import type { Snapshot } from '../../../src/model/snapshot.ts';
import type { BoundTree, Slot } from '../../../src/tree/bound-tree.ts';
import { formatOid } from '../../../src/tree/oid.ts';
import { indexOfRow } from '../../../src/tree/row-layout.ts';
import type { MibTree, ReadContext, WireValue } from '../../../src/tree/tree.ts';
import {
  SAMPLE_NOW,
  sampleDisk,
  sampleDomain,
  sampleEmptySnapshot,
  sampleNic,
  sampleSnapshot,
  withFacts,
} from '../../support/sample-snapshot.ts';

const served = new ServedMib({ vmMib: true });
const context: ReadContext = { now: SAMPLE_NOW, masterStartedAt: SAMPLE_NOW - 86_400_000 };
const failOnUnreadable = (name: string, error: unknown): never => {
  throw new Error(`${name} is unreadable`, { cause: error });
};

/** Every instance with its value; strings as octets, which is how an image has them. */
function contentOf(tree: MibTree): readonly (readonly [string, unknown])[] {
  return tree.columns.flatMap((column) =>
    Array.from({ length: column.rows.length }, (_, row): readonly [string, unknown] => [
      `${column.name}.${formatOid(indexOfRow(column.rows, row))}`,
      plain(column.read(row, context)),
    ]).filter(([, value]) => value !== undefined),
  );
}

function plain(value: WireValue | undefined): unknown {
  if (typeof value === 'string') return Buffer.from(value, 'utf8').toString('hex');
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
}

/** One thread that does what two do: snapshots are written into images, and a tree shows the last one. */
class Rig {
  readonly writer = new ImageWriter(served.slots, failOnUnreadable);
  readonly shown = new ImageTree(this.writer.shape);
  tree: BoundTree | undefined;

  write(snapshot: Snapshot): ReturnType<ImageWriter['write']> {
    this.tree = served.buildTree(snapshot, this.tree);
    return this.writer.write(this.tree);
  }

  show(snapshot: Snapshot): void {
    // What goes from thread to thread is cloned; shared memory stays shared.
    this.shown.show(structuredClone(this.write(snapshot)));
  }
}

describe('an image', () => {
  test('has what the tree it was made of has', () => {
    const rig = new Rig();
    rig.show(sampleSnapshot());
    const expected = contentOf(served.buildTree(sampleSnapshot()));
    expect(contentOf(rig.shown)).toEqual(expected);
    expect(expected.length).toBeGreaterThan(900);
  });

  test('holds 64-bit integers that a number cannot hold', () => {
    const rig = new Rig();
    const sizes = [2 ** 53 - 1, 2n ** 53n, 2n ** 63n + 12_345n, 2n ** 64n - 1n, 2 ** 32, 0];
    const disks = sizes.map((size, at) => sampleDisk({ index: at + 1, capacityBytes: size }));
    rig.show(sampleEmptySnapshot({ domains: [sampleDomain({ disks })] }));
    const column = rig.shown.columns.find(({ name }) => name === 'lveDiskCapacity');
    expect(sizes.map((_, row) => BigInt(column?.read(row, context) as number | bigint))).toEqual(
      sizes.map(BigInt),
    );
  });

  test('says nothing of what is as it was', () => {
    const rig = new Rig();
    const snapshot = sampleSnapshot();
    rig.show(snapshot);
    // The scalars may have changed with any snapshot.
    expect(rig.write({ ...snapshot }).blocks.map(({ at }) => at)).toEqual([0]);
  });

  test('does not read again what depends on a part that is as it was', () => {
    const reads = new Map<string, number>();
    const counting = served.slots.map(
      (slot): Slot => ({
        ...slot,
        read: (row) => {
          reads.set(slot.name, (reads.get(slot.name) ?? 0) + 1);
          return slot.read(row);
        },
      }),
    );
    const writer = new ImageWriter(counting, failOnUnreadable);
    const shown = new ImageTree(writer.shape);
    const [disk, nic] = [sampleDisk(), sampleNic()];
    const refreshed = (bytes: number): Snapshot =>
      sampleEmptySnapshot({
        domains: [
          sampleDomain({
            disks: [{ ...disk, readBytes: bytes }],
            nics: [
              {
                ...nic,
                rxBytes: bytes,
                addresses: { text: `192.0.2.${bytes}/24`, source: 'arp', seenAt: 0 },
              },
            ],
          }),
        ],
      });
    for (const bytes of [1, 2, 3]) {
      shown.show(structuredClone(writer.write(served.buildTree(refreshed(bytes)))));
      expect(contentOf(shown)).toEqual(contentOf(served.buildTree(refreshed(bytes))));
    }
    expect(reads.get('vmStorageReadOctets')).toBe(3);
    expect(reads.get('lveNicAddresses')).toBe(3);
    expect(reads.get('lveDiskBus')).toBe(1);
    expect(reads.get('lveDiskChainDepth')).toBe(1);
    expect(reads.get('vmNetworkPhysAddress')).toBe(1);
  });

  test('names rows anew when their owner is renamed, when they are moved and when they are of something else', () => {
    const rig = new Rig();
    const disks = [sampleDisk({ index: 1, target: 'vda' }), sampleDisk({ index: 2, target: 'vdb' })];
    const parts = { disks, stats: [{ name: 'state.x', type: 'int' as const, value: 1, text: '1' }] };
    const steps: readonly (readonly Domain[])[] = [
      [sampleDomain({ index: 2, name: 'old', ...parts })],
      // The same rows, to the object, of an owner with another name.
      [sampleDomain({ index: 2, name: 'new', ...parts })],
      [sampleDomain({ index: 1, name: 'first' }), sampleDomain({ index: 2, name: 'new', ...parts })],
      [
        sampleDomain({ index: 1, name: 'new' }),
        sampleDomain({ index: 2, name: 'first', disks: [sampleDisk({ index: 1, target: 'sda' })] }),
      ],
    ];
    for (const domains of steps) {
      const snapshot = sampleEmptySnapshot({ domains });
      rig.show(snapshot);
      expect(contentOf(rig.shown)).toEqual(contentOf(served.buildTree(snapshot)));
    }
    expect(contentOf(rig.shown)).toContainEqual(['lveDiskRowName.2.1', plain('first:sda')]);
  });

  test('does not disturb the one that is still shown', () => {
    const rig = new Rig();
    const named = (name: string): Snapshot =>
      sampleEmptySnapshot({ domains: [sampleDomain({ name, spec: undefined })] });
    rig.show(named('first'));
    rig.show(named('second'));
    const before = contentOf(rig.shown);
    const next = rig.write(named('third, which is longer'));
    expect(contentOf(rig.shown)).toEqual(before);
    rig.shown.show(structuredClone(next));
    expect(contentOf(rig.shown)).not.toEqual(before);
  });

  test('follows domains that come, change and go', () => {
    const rig = new Rig();
    const random = randomNumbers(42);
    let domains: readonly Domain[] = [];
    for (let step = 0; step < 120; step++) {
      domains = nextDomains(domains, step, random);
      const snapshot = sampleEmptySnapshot({ domains });
      rig.show(snapshot);
      expect(contentOf(rig.shown), `step ${step}`).toEqual(contentOf(served.buildTree(snapshot)));
    }
  });

  test('does not keep texts for ever', () => {
    const rig = new Rig();
    const image = (step: number) => {
      const title = `${step} `.padEnd(200, 'x');
      const base = sampleDomain();
      const spec = base.spec === undefined ? undefined : { ...base.spec, description: title };
      return rig.write(
        sampleEmptySnapshot({ domains: [{ ...withFacts(base, { name: title.slice(0, 60) }), spec }] }),
      );
    };
    let words = 0;
    for (let step = 0; step < 5000; step++) {
      const next = image(step);
      rig.shown.show(next);
      words = Math.max(words, ...next.blocks.map(({ texts }) => texts?.length ?? 0));
    }
    expect(words).toBeLessThan(100_000);
    const name = rig.shown.columns.find((column) => column.name === 'lveDomName');
    expect(Buffer.from(name?.read(0, context) as Uint8Array).toString()).toBe('4999 '.padEnd(60, 'x'));
  });

  test('leaves out what cannot be read, and tells of it', () => {
    const told: string[] = [];
    const broken = served.slots.map(
      (slot): Slot =>
        slot.name === 'lveDomId' || slot.name === 'lveDomName'
          ? {
              ...slot,
              read: () => {
                throw new Error('broken');
              },
            }
          : slot,
    );
    const writer = new ImageWriter(broken, (name) => told.push(name));
    const shown = new ImageTree(writer.shape);
    shown.show(writer.write(served.buildTree(sampleEmptySnapshot({ domains: [sampleDomain()] }))));
    const read = (wanted: string) => shown.columns.find(({ name }) => name === wanted)?.read(0, context);
    expect(told.toSorted()).toEqual(['lveDomId', 'lveDomName']);
    expect(read('lveDomId')).toBeUndefined();
    expect(read('lveDomName')).toBeUndefined();
    expect(read('lveDomState')).toBe(1);
  });

  test('leaves out what has lost its part after that of a neighbour could not be read', () => {
    const lost = new Set<unknown>();
    const broken = new Set<unknown>();
    const slots = served.slots.map((slot): Slot => {
      if (slot.name !== 'lveDiskBus') return slot;
      const { part, read } = slot;
      const check = (disk: unknown): boolean => {
        if (broken.has(disk)) throw new Error('broken');
        return !lost.has(disk);
      };
      return {
        ...slot,
        part: (disk) => (check(disk) ? part?.(disk) : undefined),
        read: (disk) => (check(disk) ? read(disk) : undefined),
      };
    });
    const told: string[] = [];
    const writer = new ImageWriter(slots, (name) => told.push(name));
    const shown = new ImageTree(writer.shape);
    let tree: BoundTree | undefined;
    const [first, second] = [sampleDisk({ index: 1 }), sampleDisk({ index: 2 })];
    const show = (disks: readonly Disk[]): unknown[] => {
      tree = served.buildTree(sampleEmptySnapshot({ domains: [sampleDomain({ disks })] }), tree);
      shown.show(writer.write(tree));
      const column = shown.columns.find(({ name }) => name === 'lveDiskBus');
      return [0, 1].map((row) => column?.read(row, context) !== undefined);
    };
    expect(show([first, second])).toEqual([true, true]);
    const unreadable = { ...second };
    broken.add(unreadable);
    expect(show([{ ...first }, unreadable])).toEqual([true, false]);
    expect(told).toEqual(['lveDiskBus']);
    const bare = { ...first };
    lost.add(bare);
    expect(show([bare, { ...second }])).toEqual([false, true]);
  });
});

/** A few domains more or less, a few changed, most the same objects as before. */
function nextDomains(before: readonly Domain[], step: number, random: () => number): readonly Domain[] {
  const kept = before.filter(() => random() > 0.05);
  const changed = kept.map((domain) => {
    if (random() > 0.2) return domain;
    const { facts } = domain;
    return {
      ...domain,
      facts:
        random() > 0.5
          ? facts
          : {
              ...facts,
              name: `renamed-${step}-${'ü'.repeat(Math.floor(random() * 50))}`,
              active: random() > 0.3,
              lastEventSeq: step,
            },
      statsAt: step,
      disks: nextDisks(domain.disks, step, random),
      stats:
        random() > 0.5
          ? domain.stats
          : [{ name: `s${step}`, type: 'int' as const, value: step, text: `${step}` }],
    };
  });
  const taken = new Set(changed.map(({ index }) => index));
  const added = Array.from({ length: Math.floor(random() * 4) }, () => 1 + Math.floor(random() * 60))
    .filter((index, at, all) => !taken.has(index) && all.indexOf(index) === at)
    .map((index) => sampleDomain({ index, name: `new-${index}`, nics: [sampleNic()] }));
  return [...changed, ...added].sort((a, b) => a.index - b.index);
}

/** All figures are others; of some the definition is another, and now and then there is one more. */
function nextDisks(before: readonly Disk[], step: number, random: () => number): readonly Disk[] {
  const changed = before.map((disk) => ({
    ...disk,
    readBytes: step,
    capacityBytes: 2n ** 60n + BigInt(step),
    facts: random() > 0.3 ? disk.facts : { ...disk.facts, bus: `bus-${step}`, chainDepth: step },
  }));
  return random() > 0.5 ? changed : [...changed, sampleDisk({ index: before.length + 1 })];
}

/** The same numbers in each run (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
