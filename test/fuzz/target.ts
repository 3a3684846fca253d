/** A part of the program that takes what others wrote. */
export interface Target {
  readonly name: string;
  /** Recorded from real peers, or as the program itself writes it. */
  readonly corpus: readonly Uint8Array[];
  /** Pieces of its language. */
  readonly words?: readonly string[];
  /** Makes the parts agree that the outermost layer checks, so that what is inside is reached. */
  readonly repair?: (bytes: Uint8Array) => Uint8Array;
  /** Share of the cases: cheap ones have more. */
  readonly weight: number;
  /**
   * Takes the octets as the program would. Returns whether they were accepted.
   *
   * @throws what the program must not throw: that is what is looked for.
   */
  readonly take: (bytes: Uint8Array) => boolean | Promise<boolean>;
  /** Removes the files that it was made with. */
  readonly close?: () => void;
}
