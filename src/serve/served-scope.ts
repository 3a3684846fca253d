import type { Image } from '../image/image.ts';
import { ImageTree } from '../image/image-tree.ts';
import type { MibTree } from '../tree/tree.ts';
import type { Scope } from './messages.ts';
import { SwitchColumn } from './switch-column.ts';

/** Told of a switch that was set, with its ticket. */
export type OnScopeSwitch = (name: string, value: boolean, ticket: number) => void;

/** The images of one source as the trees of its contexts. */
export class ServedScope {
  readonly contexts: readonly string[];
  readonly #images: ImageTree;
  readonly #whole: MibTree;
  /** Without what only the default context has. */
  readonly #own: MibTree;
  readonly #switches: readonly SwitchColumn[];
  #ticket = 0;

  constructor({ contexts, shape, onlyInDefault }: Scope, onSwitch: OnScopeSwitch) {
    this.contexts = contexts;
    this.#images = new ImageTree(shape);
    const columns = this.#images.columns.map((column) =>
      column.writable
        ? new SwitchColumn(column, (name, value) => {
            this.#ticket += 1;
            onSwitch(name, value, this.#ticket);
            return this.#ticket;
          })
        : column,
    );
    this.#switches = columns.filter((column) => column instanceof SwitchColumn);
    const hidden = new Set(onlyInDefault);
    this.#whole = { columns };
    this.#own = { columns: columns.filter(({ name }) => !hidden.has(name)) };
  }

  /** Shows the next image; the switches up to this ticket have their effect in it. */
  show(image: Image, switchesSeen: number): void {
    this.#images.show(image);
    for (const column of this.#switches) column.settle(switchesSeen);
  }

  treeIn(context: string): MibTree {
    return context === '' ? this.#whole : this.#own;
  }
}
