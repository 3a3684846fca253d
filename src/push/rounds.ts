/** Something that is done over and over again, with an interval that may change. */
export class Rounds {
  readonly #act: () => void;
  #seconds = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(act: () => void, seconds: number) {
    this.#act = act;
    this.every(seconds);
  }

  /** The interval from now on; where it is the same nothing is put off. */
  every(seconds: number): void {
    if (seconds === this.#seconds) return;
    this.#seconds = seconds;
    this.stop();
    this.#timer = setInterval(this.#act, seconds * 1000);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
