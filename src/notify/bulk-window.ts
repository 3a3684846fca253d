import type { VmOperState } from '../model/domain.ts';

/** What the bulk notifications of VM-MIB tell apart. */
export type BulkState = VmOperState | 'deleted';

/** The virtual machines that changed to one state within one window. */
export interface Bulk {
  readonly state: BulkState;
  /** vmIndex of each, in no order. */
  readonly indexes: ReadonlySet<number>;
  /** Entries of the event log that the bulk covers. */
  readonly seqs: readonly number[];
}

interface OpenWindow {
  readonly indexes: Set<number>;
  readonly seqs: number[];
  readonly timer: NodeJS.Timeout;
}

/** Gathers changes to the same state for a few seconds, one window per state. */
export class BulkWindow {
  readonly #windowMs: number;
  readonly #onClosed: (bulk: Bulk) => void;
  readonly #open = new Map<BulkState, OpenWindow>();

  constructor(windowMs: number, onClosed: (bulk: Bulk) => void) {
    this.#windowMs = windowMs;
    this.#onClosed = onClosed;
  }

  /** Adds a change; returns how many virtual machines the window now holds. */
  add(state: BulkState, vmIndex: number, seq: number | undefined): number {
    let window = this.#open.get(state);
    if (window === undefined) {
      const timer = setTimeout(() => this.#close(state), this.#windowMs);
      timer.unref();
      window = { indexes: new Set(), seqs: [], timer };
      this.#open.set(state, window);
    }
    window.indexes.add(vmIndex);
    if (seq !== undefined) window.seqs.push(seq);
    return window.indexes.size;
  }

  /** Closes all windows at once, as at the end of the program. */
  flush(): void {
    for (const state of this.#open.keys()) this.#close(state);
  }

  #close(state: BulkState): void {
    const window = this.#open.get(state);
    if (window === undefined) return;
    clearTimeout(window.timer);
    this.#open.delete(state);
    this.#onClosed({ state, indexes: window.indexes, seqs: window.seqs });
  }
}

/**
 * The bit string of VirtualMachineList (RFC 7666): octet n stands for the virtual machines 8n+1 to 8n+8,
 * its most significant bit for the lowest of them.
 */
export function virtualMachineList(indexes: Iterable<number>): Uint8Array {
  const all = [...indexes];
  const highest = all.reduce((max, index) => Math.max(max, index), 0);
  const octets = new Uint8Array(Math.ceil(highest / 8));
  for (const index of all) {
    const bit = index - 1;
    octets[bit >> 3] = (octets[bit >> 3] ?? 0) | (0x80 >> (bit & 7));
  }
  return octets;
}
