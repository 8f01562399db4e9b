import { assert } from '../../base/assert.ts';
import type { LogIndex } from '../core/entry.ts';
import type { ReadState } from '../core/ready.ts';
import type { GroupId } from '../log/log-storage.ts';
import { deadlineExceeded, overloaded } from './refusal.ts';

/** One caller of a read barrier. */
interface Reader {
  readonly resolve: (index: LogIndex) => void;
  readonly reject: (error: Error) => void;
  ticksLeft: number;
  isSettled: boolean;
}

/** Readers who share one read index: those who came before it was asked for. */
interface Round {
  readonly readers: readonly Reader[];
  ticksLeft: number;
}

export interface ReadWaiterOptions {
  readonly group: GroupId;
  /** Never used before by this node, nor by an earlier process of it: a late answer must not confirm a newer read. A safe integer with room to count up. */
  readonly firstContext: number;
  /** Asks the core for a read index; an error where it refuses. */
  readonly ask: (context: number) => Error | undefined;
  readonly appliedIndex: () => LogIndex;
  /** Somebody waits to be asked for: the group needs a turn. */
  readonly wake: () => void;
  readonly readersMax: number;
  readonly readRetryTicks: number;
  readonly readWaitTicks: number;
}

/**
 * Linearizable reads (thesis 6.4): readers of one turn share one read index, which the leader confirms by a round of heartbeats begun after the question; they go on
 * once the state machine here has applied it. A question that nobody answers is asked again under a new number.
 */
export class ReadWaiter {
  readonly #options: ReadWaiterOptions;
  #context: number;
  #size = 0;
  #waiting: Reader[] = [];
  readonly #rounds = new Map<number, Round>();
  /** Confirmed; the index is not applied yet. */
  #confirmed: { readonly index: LogIndex; readonly readers: readonly Reader[] }[] = [];

  constructor(options: ReadWaiterOptions) {
    this.#options = options;
    this.#context = options.firstContext;
  }

  /** Readers whose barrier has not ended. */
  get size(): number {
    return this.#size;
  }

  /**
   * The index of a state that has everything acknowledged before the call; applied here.
   *
   * @throws {VectorDbError} NOT_LEADER where no leader is known, OVERLOADED, DEADLINE_EXCEEDED
   */
  wait(signal?: AbortSignal): Promise<LogIndex> {
    const { group, readersMax } = this.#options;
    if (this.#size >= readersMax) return Promise.reject(overloaded(group, 'too many reads wait'));
    const { promise, resolve, reject } = Promise.withResolvers<LogIndex>();
    const abort = (): void => {
      settle();
      reject(deadlineExceeded(group, 'the read was not confirmed in time'));
    };
    const reader: Reader = {
      ticksLeft: this.#options.readWaitTicks,
      isSettled: false,
      resolve: (index) => {
        settle();
        resolve(index);
      },
      reject: (error) => {
        settle();
        reject(error);
      },
    };
    const settle = (): void => {
      reader.isSettled = true;
      this.#size -= 1;
      signal?.removeEventListener('abort', abort);
    };
    this.#size += 1;
    if (signal?.aborted) {
      abort();
      return promise;
    }
    signal?.addEventListener('abort', abort);
    this.#waiting.push(reader);
    this.#options.wake();
    return promise;
  }

  /** Asks once for all who came since the last turn. */
  ask(): void {
    if (this.#waiting.length === 0) return;
    const readers = this.#waiting.filter(({ isSettled }) => !isSettled);
    this.#waiting = [];
    if (readers.length === 0) return;
    this.#context += 1;
    assert(Number.isSafeInteger(this.#context), 'contexts of reads are not used up');
    const refusal = this.#options.ask(this.#context);
    if (refusal !== undefined) {
      for (const reader of readers) reader.reject(refusal);
      return;
    }
    this.#rounds.set(this.#context, { readers, ticksLeft: this.#options.readRetryTicks });
  }

  /** The core confirmed a question; unknown ones were asked again meanwhile. */
  answer({ context, index }: ReadState): void {
    const round = this.#rounds.get(context);
    if (round === undefined) return;
    this.#rounds.delete(context);
    this.#confirmed.push({ index, readers: round.readers });
    this.applied();
  }

  /** The state machine came on. */
  applied(): void {
    if (this.#confirmed.length === 0) return;
    const appliedIndex = this.#options.appliedIndex();
    const due = this.#confirmed.filter(({ index }) => index <= appliedIndex);
    this.#confirmed = this.#confirmed.filter(({ index }) => index > appliedIndex);
    for (const { readers } of due) {
      for (const reader of readers) if (!reader.isSettled) reader.resolve(appliedIndex);
    }
  }

  tick(): void {
    if (this.#waiting.length + this.#rounds.size + this.#confirmed.length === 0) return;
    for (const [context, round] of this.#rounds) {
      round.ticksLeft -= 1;
      if (round.ticksLeft > 0) continue;
      // The leader is gone, or its answer was lost: a new round, under a new number.
      this.#rounds.delete(context);
      this.#waiting.push(...round.readers.filter(({ isSettled }) => !isSettled));
    }
    for (const reader of this.#all()) {
      reader.ticksLeft -= 1;
      if (reader.ticksLeft > 0 || reader.isSettled) continue;
      reader.reject(deadlineExceeded(this.#options.group, 'the read was not confirmed in time'));
    }
    // A state machine that stands still would keep those that have given up.
    this.#confirmed = this.#confirmed.filter(({ readers }) => readers.some(isWaiting));
  }

  close(error: Error): void {
    for (const reader of this.#all()) if (!reader.isSettled) reader.reject(error);
    this.#waiting = [];
    this.#rounds.clear();
    this.#confirmed = [];
  }

  #all(): readonly Reader[] {
    const rounds = [...this.#rounds.values(), ...this.#confirmed];
    return [...this.#waiting, ...rounds.flatMap(({ readers }) => readers)];
  }
}

const isWaiting = ({ isSettled }: Reader): boolean => !isSettled;
