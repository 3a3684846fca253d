import { ImageTree } from '../../src/image/image-tree.ts';
import { ImageWriter } from '../../src/image/image-writer.ts';
import { ServedMib } from '../../src/mib/served-mib.ts';
import type { Snapshot } from '../../src/model/snapshot.ts';
import type { BoundTree } from '../../src/tree/bound-tree.ts';

const mib = new ServedMib({ vmMib: true });

/** A tree over images in one thread: shows one snapshot after another. */
export class SampleImage {
  readonly #writer = new ImageWriter(mib.slots, (name, error) => {
    throw new Error(`${name} is unreadable`, { cause: error });
  });
  readonly tree = new ImageTree(this.#writer.shape);
  #bound: BoundTree | undefined;

  constructor(snapshot: Snapshot) {
    this.show(snapshot);
  }

  show(snapshot: Snapshot): void {
    this.#bound = mib.buildTree(snapshot, this.#bound);
    this.tree.show(this.#writer.write(this.#bound));
  }

  /** The same snapshot as SNMP would have it. */
  get bound(): BoundTree {
    if (this.#bound === undefined) throw new Error('nothing is shown yet');
    return this.#bound;
  }
}
