/** Of what it needs, lines get a sixteenth more: counters grow by a digit now and then. */
const roomShare = 1 / 16;

/** Memory is given in whole pieces of so many octets. */
const pieceBytes = 512;

/** The memory of some lines. It is written again when there is another image, unless somebody has it still. */
export class LinesMemory {
  readonly octets: Buffer;
  /** How many have it. */
  #holders = 0;

  /** @param length octets that there is room for at least. */
  constructor(length: number) {
    // Not from the pool that Node.js shares between small buffers: one of them would keep all of it.
    this.octets = Buffer.allocUnsafeSlow(Math.ceil((length * (1 + roomShare)) / pieceBytes) * pieceBytes);
  }

  get isHeld(): boolean {
    return this.#holders > 0;
  }

  /** Whether so many octets find room, and do not leave most of it empty. */
  fits(length: number): boolean {
    return length <= this.octets.length && length >= this.octets.length / 2 - pieceBytes;
  }

  hold(): void {
    this.#holders += 1;
  }

  release(): void {
    this.#holders -= 1;
  }
}

/** Keeps all of these as they are until the function that is returned is called. */
export function holdAll(memories: readonly LinesMemory[]): () => void {
  for (const memory of memories) memory.hold();
  let isHeld = true;
  return () => {
    if (isHeld) for (const memory of memories) memory.release();
    isHeld = false;
  };
}
