import type { Warning } from '../../model/agent.ts';
import { systemClock } from '../../run/clock.ts';

/** Keeps lveWarningTable: conditions are raised and cleared by a key; each row's number stays while it lasts. */
export class WarningBoard {
  readonly #rows = new Map<string, Warning>();
  readonly #onChange: (rows: readonly Warning[]) => void;

  constructor(onChange: (rows: readonly Warning[]) => void) {
    this.#onChange = onChange;
  }

  /** Raises a condition, or changes its text; the time of its first sight stays. */
  raise(key: string, code: Warning['code'], text: string): void {
    const known = this.#rows.get(key);
    if (known?.text === text && known.code === code) return;
    this.#rows.set(key, {
      index: known?.index ?? this.#freeIndex(),
      code,
      text,
      since: known?.since ?? systemClock.now(),
    });
    this.#onChange(this.rows);
  }

  clear(key: string): void {
    if (this.#rows.delete(key)) this.#onChange(this.rows);
  }

  /** Ascending by index. */
  get rows(): readonly Warning[] {
    return [...this.#rows.values()].sort((a, b) => a.index - b.index);
  }

  #freeIndex(): number {
    const taken = new Set([...this.#rows.values()].map((row) => row.index));
    let index = 1;
    while (taken.has(index)) index += 1;
    return index;
  }
}
