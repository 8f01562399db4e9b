import { assert } from '../base/assert.ts';
import { BoundedQueue } from '../base/bounded-queue.ts';
import type { Clock } from '../base/clock.ts';
import { type Deferred, deferred } from '../base/deferred.ts';
import { VectorDbError, deserializeError, toVectorDbError } from '../base/error.ts';
import type { BatchOutcome, ShardEntry } from './shard-applier.ts';
import type { ApplyResult } from './shard-command.ts';
import type { ProposeOptions, ShardLog } from './shard-log.ts';

export interface DurableSequencerOptions {
  /** What each shard has applied so far, by shard: all shards of the node. */
  readonly appliedIndexes: ReadonlyMap<number, number>;
  /** Makes a batch durable, applies it and updates the index; a rejection says that nobody knows what became of it. */
  readonly apply: (batch: readonly ShardEntry[]) => Promise<BatchOutcome>;
  /** After a failure: the applied indexes once writing works again. Rejects while it does not. */
  readonly probe: () => Promise<ReadonlyMap<number, number>>;
  readonly clock: Clock;
  /** Calls back when this turn of the event loop has gathered what there is: `setImmediate`. */
  readonly defer: (callback: () => void) => void;
  /** Proposals that may wait or be under way. */
  readonly proposalsMax: number;
  /** Bytes of commands that may wait or be under way. One command alone is always taken. */
  readonly bytesMax: number;
  /** Bytes after which a batch takes no further command; one command alone may be larger. */
  readonly batchBytesMax: number;
  /** Batches under way at one time: the next is prepared while one is written. */
  readonly batchesMax: number;
  /** What callers are told to wait when the queue is full. */
  readonly retryAfterMs: number;
  /** Time between two probes while storage fails. */
  readonly probeIntervalMs: number;
}

interface Proposal {
  readonly shard: number;
  readonly command: Uint8Array;
  /** The command's length when it came: a command that went to another thread has none any more. */
  readonly bytes: number;
  readonly signal: AbortSignal | undefined;
  readonly outcome: Deferred<ApplyResult>;
}

/**
 * The log of a node that is alone: gives each shard's commands their order and hands them on in batches. There is no log on disk; a command is durable when its
 * effects are.
 */
export class DurableSequencer implements ShardLog {
  readonly #options: DurableSequencerOptions;
  readonly #waiting: BoundedQueue<Proposal>;
  readonly #nextIndexes: Map<number, number>;
  /** Proposals that were taken and not answered yet, and the bytes of their commands. */
  #proposals = 0;
  #bytes = 0;
  #batches = 0;
  #deferred = false;
  #draining = false;
  #failure: VectorDbError | undefined;
  #probeScheduled = false;
  #idle: Deferred<void> | undefined;

  constructor(options: DurableSequencerOptions) {
    this.#options = options;
    this.#waiting = new BoundedQueue(options.proposalsMax);
    this.#nextIndexes = nextOf(options.appliedIndexes);
  }

  /** Proposals that wait or are under way. */
  get depth(): number {
    return this.#proposals;
  }

  /** Bytes of commands that wait or are under way. */
  get depthBytes(): number {
    return this.#bytes;
  }

  /** Why writes are refused, if so. */
  get failure(): VectorDbError | undefined {
    return this.#failure;
  }

  async openSession(): Promise<number> {
    throw new VectorDbError('FAILED_PRECONDITION', 'this node keeps no sessions of clients');
  }

  async propose(
    shard: number,
    command: Uint8Array,
    { signal }: ProposeOptions = {},
  ): Promise<ApplyResult> {
    assert(this.#nextIndexes.has(shard), `shard ${shard} is on this node`);
    if (this.#draining) throw new VectorDbError('SHUTTING_DOWN', 'the node is shutting down');
    if (this.#failure !== undefined) throw this.#failure;
    if (signal?.aborted) throw deadline('the write was not queued any more');
    this.#assertRoom(command);
    const bytes = command.length;
    const proposal: Proposal = { shard, command, bytes, signal, outcome: deferred() };
    assert(this.#waiting.push(proposal), 'the queue takes what its bound permits');
    this.#proposals += 1;
    this.#bytes += bytes;
    this.#schedule();
    if (signal === undefined) return proposal.outcome.promise;
    const abort = (): void =>
      proposal.outcome.reject(deadline('the outcome of the write is unknown'));
    signal.addEventListener('abort', abort, { once: true });
    try {
      return await proposal.outcome.promise;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** Takes no more proposals and resolves when all that were taken are answered. */
  drain(): Promise<void> {
    this.#draining = true;
    if (this.#proposals === 0) return Promise.resolve();
    this.#idle ??= deferred();
    return this.#idle.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
  }

  #assertRoom(command: Uint8Array): void {
    const { proposalsMax, bytesMax, retryAfterMs } = this.#options;
    const fits =
      this.#proposals < proposalsMax &&
      (this.#proposals === 0 || this.#bytes + command.length <= bytesMax);
    if (!fits) {
      throw new VectorDbError('OVERLOADED', 'too many writes are waiting', { retryAfterMs });
    }
  }

  #schedule(): void {
    if (this.#deferred || this.#batches >= this.#options.batchesMax) return;
    if (this.#waiting.size === 0) return;
    this.#deferred = true;
    this.#options.defer(() => {
      this.#deferred = false;
      const proposals = this.#failure === undefined ? this.#gather() : [];
      if (proposals.length > 0) void this.#hand(proposals);
    });
  }

  #gather(): Proposal[] {
    const batch: Proposal[] = [];
    let bytes = 0;
    while (batch.length === 0 || bytes < this.#options.batchBytesMax) {
      const proposal = this.#waiting.shift();
      if (proposal === undefined) break;
      if (proposal.signal?.aborted) {
        this.#answered(proposal);
        continue;
      }
      batch.push(proposal);
      bytes += proposal.bytes;
    }
    return batch;
  }

  async #hand(proposals: readonly Proposal[]): Promise<void> {
    this.#batches += 1;
    const entries = proposals.map(({ shard, command }): ShardEntry => {
      const index = this.#nextIndexes.get(shard) as number;
      this.#nextIndexes.set(shard, index + 1);
      return { shard, index, command };
    });
    this.#schedule();
    try {
      const { outcomes } = await this.#options.apply(entries);
      assert(outcomes.length === proposals.length, 'each entry has an outcome');
      for (const [i, proposal] of proposals.entries()) this.#settle(proposal, outcomes[i]);
    } catch (thrown) {
      const cause = toVectorDbError(thrown);
      const error = new VectorDbError(
        'STORAGE_FAILED',
        `the outcome of the write is unknown: ${cause.message}`,
        { cause },
      );
      for (const proposal of proposals) this.#settle(proposal, { kind: 'failed', error });
    }
    this.#batches -= 1;
    if (this.#failure !== undefined) this.#recover(this.#failure);
    this.#schedule();
  }

  #settle(proposal: Proposal, outcome: BatchOutcome['outcomes'][number] | undefined): void {
    assert(outcome !== undefined, 'each entry has an outcome');
    this.#answered(proposal);
    if (outcome.kind === 'applied') {
      proposal.outcome.resolve(outcome.result);
      return;
    }
    assert(outcome.kind !== 'skipped', 'the sequencer gives each log index once');
    const error = deserializeError(outcome.error);
    if (outcome.kind === 'failed') this.#failure ??= error;
    proposal.outcome.reject(error);
  }

  /** Refuses what waits, and probes once nothing is under way: only then are the applied indexes final. */
  #recover(failure: VectorDbError): void {
    for (;;) {
      const proposal = this.#waiting.shift();
      if (proposal === undefined) break;
      this.#answered(proposal);
      proposal.outcome.reject(failure);
    }
    if (this.#batches > 0 || this.#probeScheduled || this.#draining) return;
    this.#probeScheduled = true;
    this.#options.clock.after(this.#options.probeIntervalMs, () => void this.#probe());
  }

  async #probe(): Promise<void> {
    try {
      const appliedIndexes = await this.#options.probe();
      for (const [shard, index] of nextOf(appliedIndexes)) this.#nextIndexes.set(shard, index);
      this.#failure = undefined;
      this.#probeScheduled = false;
    } catch (thrown) {
      this.#failure = toVectorDbError(thrown);
      this.#probeScheduled = false;
      this.#recover(this.#failure);
    }
  }

  #answered(proposal: Proposal): void {
    this.#proposals -= 1;
    this.#bytes -= proposal.bytes;
    if (this.#proposals === 0) this.#idle?.resolve();
  }
}

function nextOf(appliedIndexes: ReadonlyMap<number, number>): Map<number, number> {
  return new Map([...appliedIndexes].map(([shard, index]) => [shard, index + 1]));
}

function deadline(message: string): VectorDbError {
  return new VectorDbError('DEADLINE_EXCEEDED', message);
}
