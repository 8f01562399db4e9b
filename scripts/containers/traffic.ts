import { rest } from './rest.ts';

const DIMENSION = 768;
const PAUSE_MS = 20;

/** What a time of traffic came to. */
export interface TrafficCount {
  readonly writes: number;
  readonly reads: number;
  readonly failures: number;
  /** The longest that no write came through. */
  readonly longestGapMs: number;
}

/** The vector of a point: one of its own, so that a search with it finds it first. */
export function vectorOf(number: number): readonly number[] {
  return Array.from({ length: DIMENSION }, (_, at) => Math.sin((at + 1) * (number + 1)));
}

/** Writes points and searches them, one after the other, without a break. */
export class Traffic implements AsyncDisposable {
  /** Numbers of the points whose writes were acknowledged. */
  readonly acknowledged: number[] = [];
  readonly #url: string;
  readonly #running: Promise<void>;
  #next = 0;
  #isStopping = false;
  #writes = 0;
  #reads = 0;
  #failures = 0;
  #longestGapMs = 0;
  #lastWriteAt = performance.now();
  #lastFailure = '';

  /** @param url - without a slash at the end */
  constructor(url: string) {
    this.#url = url;
    this.#running = this.#run();
  }

  /** The newest failure; empty: none. */
  get lastFailure(): string {
    return this.#lastFailure;
  }

  /** What happened since the last time this was asked. */
  take(): TrafficCount {
    const count = {
      writes: this.#writes,
      reads: this.#reads,
      failures: this.#failures,
      longestGapMs: Math.round(this.#longestGapMs),
    };
    this.#writes = this.#reads = this.#failures = this.#longestGapMs = 0;
    this.#lastWriteAt = performance.now();
    return count;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopping = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isStopping) {
      const number = this.#next;
      this.#next += 1;
      try {
        await this.#write(number);
        await this.#read(number);
      } catch (error) {
        this.#failures += 1;
        this.#lastFailure = error instanceof Error ? error.message : String(error);
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  async #write(number: number): Promise<void> {
    const vector = vectorOf(number);
    await rest(`${this.#url}/vectors`, { id: `point-${number}`, vector, payload: { number } });
    this.acknowledged.push(number);
    const now = performance.now();
    this.#longestGapMs = Math.max(this.#longestGapMs, now - this.#lastWriteAt);
    this.#lastWriteAt = now;
    this.#writes += 1;
  }

  async #read(number: number): Promise<void> {
    const { results } = await rest<{ results: readonly { id: string }[] }>(
      `${this.#url}/vectors/search`,
      { vector: vectorOf(number), limit: 1 },
    );
    if (results[0]?.id !== `point-${number}`)
      throw new Error(`point-${number} was acknowledged, and a search after it does not find it`);
    this.#reads += 1;
  }
}
