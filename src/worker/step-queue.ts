import { must } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';
import { type Deferred, deferred } from '../base/deferred.ts';
import { VectorDbError, deserializeError, toVectorDbError } from '../base/error.ts';
import type { ShardStep, StepOutcome } from '../sharding/shard-step.ts';

export interface StepQueueOptions {
  /** Applies steps of different shards; rejects only where nobody knows what became of them. */
  readonly apply: (steps: readonly ShardStep[]) => Promise<readonly StepOutcome[]>;
  /** Makes failed storage work again. Rejects while it does not. */
  readonly probe: () => Promise<void>;
  readonly clock: Clock;
  /** Calls back when this turn of the event loop has gathered what there is: `setImmediate`. */
  readonly defer: (callback: () => void) => void;
  /** Batches under way at one time: the next is prepared while one is written. */
  readonly batchesMax: number;
  /** Time between two probes while storage fails. */
  readonly probeIntervalMs: number;
  /** Probes in a row that may fail before steps do. */
  readonly probesMax: number;
}

interface WaitingStep {
  readonly step: ShardStep;
  readonly outcome: Deferred<readonly Uint8Array[]>;
}

/**
 * Gathers the steps that all shards' logs hand over in one turn into one batch. What a log has committed must be applied, so a step that storage refuses waits for storage
 * to work again. Bounded by the shards: each has at most one step here.
 */
export class StepQueue {
  readonly #options: StepQueueOptions;
  #waiting: WaitingStep[] = [];
  /** Refused by storage; tried again after a probe. */
  readonly #refused: WaitingStep[] = [];
  #batches = 0;
  #isDeferred = false;
  #failure: VectorDbError | undefined;
  #failedProbes = 0;
  #isProbing = false;
  #isClosed = false;

  constructor(options: StepQueueOptions) {
    this.#options = options;
  }

  /** Why nothing is written at present, if so. */
  get failure(): VectorDbError | undefined {
    return this.#failure;
  }

  /** Steps that are not handed over. */
  get depth(): number {
    return this.#waiting.length + this.#refused.length;
  }

  /**
   * The results of the step's commands, once it is durable and visible.
   *
   * @throws {VectorDbError} DATA_CORRUPT: the shard is damaged; DISK_FULL, STORAGE_FAILED: storage did not come back in time
   */
  submit(step: ShardStep): Promise<readonly Uint8Array[]> {
    if (this.#isClosed) {
      return Promise.reject(new VectorDbError('SHUTTING_DOWN', 'the node is shutting down'));
    }
    const outcome = deferred<readonly Uint8Array[]>();
    this.#waiting.push({ step, outcome });
    this.#schedule();
    return outcome.promise;
  }

  /** Nothing is tried again; what waits for storage fails. */
  close(): void {
    this.#isClosed = true;
    const error = this.#failure ?? new VectorDbError('SHUTTING_DOWN', 'the node is shutting down');
    for (const { outcome } of this.#refused.splice(0)) outcome.reject(error);
  }

  #schedule(): void {
    const { batchesMax, defer } = this.#options;
    if (this.#isDeferred || this.#batches >= batchesMax) return;
    if (this.#waiting.length === 0 || this.#failure !== undefined) return;
    this.#isDeferred = true;
    defer(() => {
      this.#isDeferred = false;
      if (this.#failure === undefined) void this.#hand(this.#waiting.splice(0));
    });
  }

  async #hand(batch: readonly WaitingStep[]): Promise<void> {
    this.#batches += 1;
    try {
      const outcomes = await this.#options.apply(batch.map(({ step }) => step));
      for (const [place, waiting] of batch.entries()) {
        this.#settle(waiting, must(outcomes[place], 'each step has an outcome'));
      }
    } catch (thrown) {
      for (const { outcome } of batch) outcome.reject(toVectorDbError(thrown));
    }
    this.#batches -= 1;
    if (this.#failure === undefined) this.#schedule();
    else this.#recover();
  }

  #settle(waiting: WaitingStep, outcome: StepOutcome): void {
    if (outcome.kind === 'applied') return waiting.outcome.resolve(outcome.results);
    const error = deserializeError(outcome.error);
    // What is damaged does not become whole by waiting.
    if (error.code === 'DATA_CORRUPT' || this.#isClosed) return waiting.outcome.reject(error);
    this.#failure ??= error;
    this.#refused.push(waiting);
    return undefined;
  }

  /** Probes once nothing is under way: only then is it known how far each shard has come. */
  #recover(): void {
    const { clock, probeIntervalMs } = this.#options;
    if (this.#batches > 0 || this.#isProbing || this.#isClosed) return;
    this.#isProbing = true;
    clock.after(probeIntervalMs, () => void this.#probe());
  }

  async #probe(): Promise<void> {
    try {
      if (!this.#isClosed) await this.#options.probe();
      this.#failure = undefined;
      this.#failedProbes = 0;
    } catch (thrown) {
      this.#failure = toVectorDbError(thrown);
      this.#failedProbes += 1;
    }
    this.#isProbing = false;
    if (this.#failure === undefined) {
      this.#waiting = [...this.#refused.splice(0), ...this.#waiting];
      this.#schedule();
    } else if (this.#failedProbes < this.#options.probesMax) this.#recover();
    else for (const { outcome } of this.#refused.splice(0)) outcome.reject(this.#failure);
  }
}
