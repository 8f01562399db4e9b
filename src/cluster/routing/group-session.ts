import { assert } from '../../base/assert.ts';
import { type Deferred, deferred } from '../../base/deferred.ts';
import type { SessionStamp } from '../../raft/host/command-envelope.ts';

/**
 * Numbers the writes of one session (thesis 6.3). What a write came to is kept by the group until `respondedUpTo` passes it, so no more than `windowMax` numbers are
 * ahead of the oldest write that has not ended: more wait.
 */
export class GroupSession {
  /** As the group gave it. */
  readonly id: number;
  readonly #windowMax: number;
  #last = 0;
  #respondedUpTo = 0;
  /** Ended, ahead of one that has not. */
  readonly #ended = new Set<number>();
  readonly #waiting = new Set<Deferred<void>>();

  /** @param windowMax - less than the results that a group keeps for a session */
  constructor(id: number, windowMax: number) {
    this.id = id;
    this.#windowMax = windowMax;
  }

  /** The number of a new write; undefined where too many are ahead of the oldest. */
  take(): number | undefined {
    if (this.#last - this.#respondedUpTo >= this.#windowMax) return undefined;
    this.#last += 1;
    return this.#last;
  }

  /** Resolves when there may be room for another number. */
  room(): { readonly promise: Promise<void>; readonly forget: () => void } {
    const waiting = deferred<void>();
    this.#waiting.add(waiting);
    return { promise: waiting.promise, forget: () => this.#waiting.delete(waiting) };
  }

  /** A write's stamp, as of now. */
  stamp(sequence: number): SessionStamp {
    return { session: this.id, sequence, respondedUpTo: this.#respondedUpTo };
  }

  /** The write is not sent again: its answer is here, or is given up. */
  end(sequence: number): void {
    assert(sequence > this.#respondedUpTo && !this.#ended.has(sequence), 'a write ends once');
    this.#ended.add(sequence);
    const before = this.#respondedUpTo;
    while (this.#ended.delete(this.#respondedUpTo + 1)) this.#respondedUpTo += 1;
    if (this.#respondedUpTo > before) this.#wakeAll();
  }

  #wakeAll(): void {
    for (const waiting of this.#waiting) waiting.resolve();
    this.#waiting.clear();
  }
}
