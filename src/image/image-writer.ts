import type { BoundTree, Slot } from '../tree/bound-tree.ts';
import { BlockWriter, type OnUnreadable } from './block-writer.ts';
import type { ColumnShape } from './column-shape.ts';
import type { Image, ImageShape } from './image.ts';

/** Turns the trees of one MIB into images: all values, as flat arrays in memory that another thread reads. */
export class ImageWriter {
  readonly shape: ImageShape;
  readonly #blocks: readonly BlockWriter[];

  /** @param slots the objects served, ascending by OID. */
  constructor(slots: readonly Slot[], onUnreadable: OnUnreadable) {
    const count = 1 + Math.max(...slots.map(({ layout }) => layout));
    const columns = new Map<Slot, ColumnShape>();
    this.#blocks = Array.from({ length: count }, (_, block) => {
      const own = slots.filter(({ layout }) => layout === block);
      const writer = new BlockWriter(block, own, onUnreadable);
      const { places } = writer;
      for (const [position, slot] of own.entries()) {
        const { name, oid, syntax, clock, writable } = slot;
        columns.set(slot, { name, oid, syntax, clock, writable, block, at: places[position] ?? 0 });
      }
      return writer;
    });
    this.shape = { columns: slots.flatMap((slot) => columns.get(slot) ?? []), blocks: count };
  }

  /**
   * The image of a tree, as far as it differs from the one before. There must be no reader left of the images before
   * the last one: their memory is used again.
   */
  write({ layouts }: BoundTree): Image {
    return {
      blocks: this.#blocks.flatMap((block, at) => {
        const layout = layouts[at];
        return (layout === undefined ? undefined : block.write(layout)) ?? [];
      }),
    };
  }

  /** All that the last image and those before it said, for a reader that has seen none of them. */
  whole(): Image {
    return { blocks: this.#blocks.flatMap((block) => block.whole() ?? []) };
  }
}
