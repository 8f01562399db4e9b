import { rest } from './rest.ts';

const DIMENSION = 768;
const PAUSE_MS = 20;
const CLIENTS = 4;
const STALE = 'a search does not find what was acknowledged before it began';

/** What a time of traffic came to. */
export interface TrafficCount {
  readonly writes: number;
  readonly reads: number;
  readonly failures: number;
  /** The longest that no write came through. */
  readonly longestGapMs: number;
}

/** The vector of a point: by chance, and always the same, so that no two points are near each other. */
export function vectorOf(number: number): readonly number[] {
  return Array.from(
    { length: DIMENSION },
    (_, at) => (Math.sin(at * 12.9898 + number * 78.233) * 43_758.5453) % 1,
  );
}

/** Four clients, each of which writes a point, searches it, and begins again. */
export class Traffic implements AsyncDisposable {
  /** Numbers of the points whose writes were acknowledged. */
  readonly acknowledged: number[] = [];
  /** Searches that did not find what had been acknowledged before they began. */
  readonly staleReads: string[] = [];
  readonly #url: string;
  readonly #running: Promise<unknown>;
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
    this.#running = Promise.all(Array.from({ length: CLIENTS }, () => this.#run()));
  }

  /** That came through since {@link take}. */
  get writes(): number {
    return this.#writes;
  }

  /** The newest failure; empty: none. */
  get lastFailure(): string {
    return this.#lastFailure;
  }

  /** What happened since the last time this was asked. */
  take(): TrafficCount {
    this.#noteGap();
    const count = {
      writes: this.#writes,
      reads: this.#reads,
      failures: this.#failures,
      longestGapMs: Math.round(this.#longestGapMs),
    };
    this.#writes = this.#reads = this.#failures = this.#longestGapMs = 0;
    this.#lastFailure = '';
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
        const text = error instanceof Error ? error.message : String(error);
        if (text.startsWith(STALE)) this.staleReads.push(text);
        this.#failures += 1;
        this.#lastFailure = text;
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  async #write(number: number): Promise<void> {
    const vector = vectorOf(number);
    await rest(`${this.#url}/vectors`, { id: `point-${number}`, vector, payload: { number } });
    this.acknowledged.push(number);
    this.#noteGap();
    this.#writes += 1;
  }

  #noteGap(): void {
    const now = performance.now();
    this.#longestGapMs = Math.max(this.#longestGapMs, now - this.#lastWriteAt);
    this.#lastWriteAt = now;
  }

  async #read(number: number): Promise<void> {
    const found = await this.#search(number);
    if (found.id !== `point-${number}`) {
      const again = await this.#search(number);
      throw new Error(
        `${STALE}: point-${number}; it found ${JSON.stringify(found)}, and then ${JSON.stringify(again)}`,
      );
    }
    this.#reads += 1;
  }

  /** The nearest point; exactly, as graphs may miss one in a hundred. */
  async #search(number: number): Promise<{ readonly id?: string; readonly score?: number }> {
    const { results } = await rest<{
      results: readonly { readonly id: string; readonly score: number }[];
    }>(`${this.#url}/vectors/search`, {
      vector: vectorOf(number),
      limit: 1,
      exact: true,
      with_payload: false,
    });
    return results[0] ?? {};
  }
}
