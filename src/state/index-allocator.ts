/** The largest LveIndex; VM-MIB's indexes have the same limit. */
export const maxIndex = 2_147_483_647;

export interface IndexAllocatorOptions {
  /** The first number that is given out. */
  readonly first?: number;
  /** How long a released number stays bound to its key at least. */
  readonly quarantineMs?: number;
  /** Whether something outside (a row, the event log, a pending notification) still refers to the number. */
  readonly inUse?: (index: number) => boolean;
  readonly now?: () => number;
  /** Called when a released key loses its number to another key. */
  readonly onReclaim?: (key: string, index: number) => void;
}

/** Stands for any map without entries; nothing is ever put into it. */
const nothing = new Map<never, never>();

/** One binding as it is kept on disk. */
export interface IndexBinding {
  readonly key: string;
  readonly index: number;
  /** Milliseconds since 1970 at which the key was released; undefined while it is held. */
  readonly releasedAt?: number;
}

/**
 * Binds keys to the smallest free positive integers (LveIndex). A released key keeps its number until
 * another key needs one, nothing refers to it any more and the quarantine is over; if the key returns
 * before that, it gets its old number back.
 */
export class IndexAllocator {
  readonly #first: number;
  readonly #quarantineMs: number;
  readonly #inUse: (index: number) => boolean;
  readonly #now: () => number;
  readonly #onReclaim: ((key: string, index: number) => void) | undefined;
  // There are some allocators for each domain, most of them empty or without a released key: no maps for those.
  #indexes: Map<string, number> = nothing;
  #keys: Map<number, string> = nothing;
  #released: Map<string, number> = nothing;
  /** The released numbers, descending; undefined if there are others since. May have some that are not released any more. */
  #reusable: number[] | undefined;
  /** No number below this one is free. */
  #lowestFree: number;

  constructor(options: IndexAllocatorOptions = {}) {
    this.#first = options.first ?? 1;
    this.#quarantineMs = options.quarantineMs ?? 0;
    this.#inUse = options.inUse ?? (() => false);
    this.#now = options.now ?? Date.now;
    this.#onReclaim = options.onReclaim;
    this.#lowestFree = this.#first;
  }

  /** Number of keys bound, held and released. */
  get size(): number {
    return this.#indexes.size;
  }

  /** The number of a key; undefined if it has none. */
  peek(key: string): number | undefined {
    return this.#indexes.get(key);
  }

  /** The key a number is bound to; undefined if it is free. */
  keyOf(index: number): string | undefined {
    return this.#keys.get(index);
  }

  /** The number of a key; binds the smallest free one if it has none. `undefined` if all are taken. */
  index(key: string): number | undefined {
    const known = this.#indexes.get(key);
    if (known !== undefined) {
      if (this.#released.size > 0) this.#released.delete(key);
      return known;
    }
    const reclaimable = this.#reclaimable();
    const free = this.#smallestFree();
    if (reclaimable !== undefined && (free === undefined || reclaimable.index < free)) {
      this.#unbind(reclaimable.key, reclaimable.index);
      this.#onReclaim?.(reclaimable.key, reclaimable.index);
      this.#bind(key, reclaimable.index);
      return reclaimable.index;
    }
    if (free === undefined) return undefined;
    this.#bind(key, free);
    return free;
  }

  /** Binds a key to a number read from disk. Returns false if either is taken or the number is out of range. */
  restore(binding: IndexBinding): boolean {
    const { key, index } = binding;
    if (!Number.isInteger(index) || index < this.#first || index > maxIndex) return false;
    if (this.#indexes.has(key) || this.#keys.has(index)) return false;
    this.#bind(key, index);
    if (binding.releasedAt !== undefined) this.#noteRelease(key, binding.releasedAt);
    return true;
  }

  /** Says that the key's entity no longer exists. Returns whether that was news. */
  release(key: string): boolean {
    if (!this.#indexes.has(key) || this.#released.has(key)) return false;
    this.#noteRelease(key, this.#now());
    return true;
  }

  /** Forgets all keys: where there are more of them than are worth memory. */
  clear(): void {
    this.#indexes = nothing;
    this.#keys = nothing;
    this.#released = nothing;
    this.#reusable = undefined;
    this.#lowestFree = this.#first;
  }

  /** Releases every key that is not in `keys`. Returns whether that changed anything. */
  retain(keys: ReadonlySet<string>): boolean {
    let changed = false;
    for (const key of this.#indexes.keys()) {
      if (!keys.has(key) && this.release(key)) changed = true;
    }
    return changed;
  }

  /** All bindings, for the state file. */
  bindings(): IndexBinding[] {
    const bindings: IndexBinding[] = [];
    for (const [key, index] of this.#indexes) {
      const releasedAt = this.#released.get(key);
      bindings.push(releasedAt === undefined ? { key, index } : { key, index, releasedAt });
    }
    return bindings;
  }

  /** The smallest released number that may be given to another key. Where thousands are, they are sorted once. */
  #reclaimable(): { readonly key: string; readonly index: number } | undefined {
    if (this.#released.size === 0) return undefined;
    const latest = this.#now() - this.#quarantineMs;
    this.#reusable ??= [...this.#released.keys()]
      .map((key) => this.#indexes.get(key) ?? 0)
      .sort((a, b) => b - a);
    const reusable = this.#reusable;
    for (let at = reusable.length - 1; at >= 0; at--) {
      const index = reusable[at] ?? 0;
      const key = this.#keys.get(index);
      const releasedAt = key === undefined ? undefined : this.#released.get(key);
      if (key === undefined || releasedAt === undefined) {
        if (at === reusable.length - 1) reusable.pop();
        continue;
      }
      if (releasedAt <= latest && !this.#inUse(index)) return { key, index };
    }
    return undefined;
  }

  #smallestFree(): number | undefined {
    let candidate = this.#lowestFree;
    while (this.#keys.has(candidate)) candidate += 1;
    this.#lowestFree = candidate;
    return candidate <= maxIndex ? candidate : undefined;
  }

  #bind(key: string, index: number): void {
    if (this.#indexes === nothing) this.#indexes = new Map();
    if (this.#keys === nothing) this.#keys = new Map();
    this.#indexes.set(key, index);
    this.#keys.set(index, key);
  }

  #noteRelease(key: string, at: number): void {
    if (this.#released === nothing) this.#released = new Map();
    this.#released.set(key, at);
    this.#reusable = undefined;
  }

  #unbind(key: string, index: number): void {
    this.#indexes.delete(key);
    this.#keys.delete(index);
    this.#released.delete(key);
    if (index < this.#lowestFree) this.#lowestFree = index;
  }
}
