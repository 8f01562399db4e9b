import type { RequestStamp } from './endpoint.ts';

/** Writes beyond the oldest one under way; a node keeps the answers of about twice as many. */
const SPAN_MAX = 512;

/** One session of this client: numbers its writes, and knows which of them will never be sent again. */
export class WriteSession {
  readonly token: string;
  /** Numbers of writes under way, ascending. */
  readonly #underWay = new Set<number>();
  #last = 0;
  #usedMs: number;

  /** @param nowMs - monotonic */
  constructor(token: string, nowMs: number) {
    this.token = token;
    this.#usedMs = nowMs;
  }

  /** Whether a further write may have a number: the oldest one under way is not too far behind. */
  get hasRoom(): boolean {
    return this.#last - this.#respondedUpTo < SPAN_MAX;
  }

  /** Milliseconds since the last write began. */
  idleMs(nowMs: number): number {
    return this.#underWay.size > 0 ? 0 : nowMs - this.#usedMs;
  }

  /** A write begins; `end` when it will not be sent again. */
  begin(nowMs: number): { readonly stamp: () => RequestStamp; readonly end: () => void } {
    this.#usedMs = nowMs;
    this.#last += 1;
    const sequence = this.#last;
    this.#underWay.add(sequence);
    return {
      stamp: () => ({ session: this.token, sequence, respondedUpTo: this.#respondedUpTo }),
      end: () => void this.#underWay.delete(sequence),
    };
  }

  get #respondedUpTo(): number {
    const [oldest] = this.#underWay;
    return oldest === undefined ? this.#last : oldest - 1;
  }
}
