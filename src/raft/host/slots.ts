/** A number of things that may go on at once; the others wait, in their order. */
export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** Whether a slot was free; who gets it has to {@link release} it. */
  tryTake(): boolean {
    if (this.#free === 0) return false;
    this.#free -= 1;
    return true;
  }

  /** Resolves with a slot, which has to be released, or, when the signal comes first, without one; whether it is one. */
  take(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false);
    if (this.tryTake()) return Promise.resolve(true);
    return new Promise<boolean>((resolve) => {
      const give = (): void => {
        signal.removeEventListener('abort', abort);
        resolve(true);
      };
      const abort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(give), 1);
        resolve(false);
      };
      signal.addEventListener('abort', abort, { once: true });
      this.#waiting.push(give);
    });
  }

  release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
