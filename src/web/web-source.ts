import type { ImageTree } from '../image/image-tree.ts';
import type { EventHub } from './event-hub.ts';
import type { History } from './history.ts';

/** One hypervisor as HTTP serves it. */
export interface WebSource {
  /** Empty for the only one of an agent without names. */
  readonly name: string;
  readonly tree: ImageTree;
  readonly events: EventHub;
  readonly history: History;
}

/** The hypervisors that are served, the default one first. */
export class WebSources {
  readonly #sources: readonly WebSource[];
  readonly #first: WebSource;

  /** @throws if there is none. */
  constructor(sources: readonly WebSource[]) {
    const [first] = sources;
    if (first === undefined) throw new Error('there is no hypervisor to serve');
    this.#sources = sources;
    this.#first = first;
  }

  get all(): readonly WebSource[] {
    return this.#sources;
  }

  /** The one of this name, without a name the default one; undefined if there is no such hypervisor. */
  named(name: string | undefined): WebSource | undefined {
    return name === undefined ? this.#first : this.#sources.find((source) => source.name === name);
  }

  /** What names a source in an answer: nothing, where there is only one. */
  identity({ name }: WebSource): { readonly hypervisor?: string } {
    return this.#sources.length > 1 ? { hypervisor: name } : {};
  }
}
