import type { Clock, Timer } from '../../base/clock.ts';
import { deferred, type Deferred } from '../../base/deferred.ts';
import { VectorDbError } from '../../base/error.ts';
import type { BuiltSegment } from './build-job.ts';
import type { GrowingSegment } from './growing-segment.ts';
import type { IndexEvent } from './index-event.ts';
import { planIdleMerge, planMerge, type MergePolicyOptions } from './merge-policy.ts';
import type { SealedSegment } from './sealed-segment.ts';
import type { SegmentSet } from './segment-set.ts';

type Sources = readonly (GrowingSegment | SealedSegment)[];

export interface BuildQueueOptions {
  readonly segments: SegmentSet;
  readonly policy: MergePolicyOptions;
  readonly clock: Clock;
  readonly idleOptimizeMs: number;
  readonly build: (sources: Sources) => Promise<BuiltSegment>;
  /** A sealed segment that lacks payload indexes of the schema. */
  readonly incomplete: () => SealedSegment | undefined;
  readonly buildFields: (segment: SealedSegment) => Promise<BuiltSegment>;
  readonly installFields: (built: BuiltSegment, segment: SealedSegment) => void;
  /** `built` is undefined where the sources have no live rows. */
  readonly install: (built: BuiltSegment | undefined, sources: Sources) => void;
  /** Freezes the active segment, where it has rows. */
  readonly freeze: () => void;
  /** Whether changes are staged: nothing is frozen, started or installed then. */
  readonly isStaged: () => boolean;
  readonly log: (event: IndexEvent) => void;
}

const RETRY_MS = 5_000;

/** Decides what is built next, one build at a time: full segments first, then merges, and all there is once the collection is idle. */
export class BuildQueue {
  readonly #options: BuildQueueOptions;
  #running: Promise<void> | undefined;
  /** What ended and waits for the next commit. */
  #finished: (() => void) | undefined;
  #isOptimizing = false;
  #isFreezeWanted = false;
  /** Why nothing is built any more. */
  #closure: VectorDbError | undefined;
  #idleTimer: Timer | undefined;
  #retryTimer: Timer | undefined;
  #waiters: { readonly isDone: () => boolean; readonly end: Deferred<void> }[] = [];

  constructor(options: BuildQueueOptions) {
    this.#options = options;
    this.onWrite();
  }

  get isBusy(): boolean {
    const { segments, incomplete } = this.#options;
    return this.#running !== undefined || segments.frozen.length > 0 || incomplete() !== undefined;
  }

  /** Whether the last build failed and is tried again later. */
  get isFailing(): boolean {
    return this.#retryTimer !== undefined;
  }

  /** Starts the time after which the collection counts as idle anew. */
  onWrite(): void {
    const { clock, idleOptimizeMs } = this.#options;
    this.#idleTimer?.cancel();
    if (idleOptimizeMs === 0 || this.#closure !== undefined) return;
    this.#idleTimer = clock.after(idleOptimizeMs, () => {
      this.#isOptimizing = true;
      this.#isFreezeWanted = true;
      this.run();
    });
  }

  /** Does what is to be done; called between commits, and does nothing while changes are staged. */
  run(): void {
    if (this.#closure !== undefined || this.#options.isStaged()) return;
    this.#finished?.();
    if (this.#isFreezeWanted) {
      this.#isFreezeWanted = false;
      this.#options.freeze();
    }
    if (this.#running === undefined && this.#retryTimer === undefined) {
      this.#startNext();
    }
    const waiters = this.#waiters;
    this.#waiters = waiters.filter(({ isDone }) => !isDone());
    for (const { isDone, end } of waiters) if (isDone()) end.resolve();
  }

  flush(): Promise<void> {
    const { segments } = this.#options;
    this.#isFreezeWanted = true;
    return this.wait(() => !this.#isFreezeWanted && segments.frozen.length === 0);
  }

  /** Resolves when every sealed segment has the payload indexes of the schema. */
  complete(): Promise<void> {
    return this.wait(() => this.#options.incomplete() === undefined);
  }

  optimize(signal?: AbortSignal): Promise<void> {
    this.#isFreezeWanted = true;
    this.#isOptimizing = true;
    return this.wait(() => !this.#isOptimizing && !this.isBusy, signal);
  }

  /** Waits for the build under way, whose outcome is given up; whoever waits for builds gets `reason`. */
  async close(reason: VectorDbError): Promise<void> {
    this.#closure = reason;
    this.#idleTimer?.cancel();
    this.#retryTimer?.cancel();
    this.#rejectWaiters(reason);
    await this.#running;
  }

  /** Resolves when `isDone` holds after some build or commit. @throws what a build threw meanwhile; why the queue was closed; DEADLINE_EXCEEDED */
  wait(isDone: () => boolean, signal?: AbortSignal): Promise<void> {
    if (this.#closure !== undefined) return Promise.reject(this.#closure);
    if (isDone()) return Promise.resolve();
    const end = deferred<void>();
    this.#waiters.push({ isDone, end });
    const giveUp = (): void =>
      end.reject(new VectorDbError('DEADLINE_EXCEEDED', 'the index is still being built'));
    if (signal?.aborted) giveUp();
    signal?.addEventListener('abort', giveUp, { once: true });
    this.run();
    return end.promise.finally(() => signal?.removeEventListener('abort', giveUp));
  }

  #next(): Sources {
    const { segments, policy } = this.#options;
    const sizes = segments.sealed.map(({ id, rows, deletedRows }) => ({ id, rows, deletedRows }));
    if (!this.#isOptimizing) {
      if (segments.frozen.length > 0) {
        return fittingFrozen(
          segments.frozen,
          Math.min(policy.maxSegmentRows, 2 * policy.smallRows),
        );
      }
      const ids = new Set(planMerge(sizes, policy));
      return segments.sealed.filter((segment) => ids.has(segment.id));
    }
    const frozen = fittingFrozen(segments.frozen, policy.maxSegmentRows);
    const rows = frozen.reduce((sum, segment) => sum + segment.rows - segment.deletedRows, 0);
    const rest = { ...policy, maxSegmentRows: policy.maxSegmentRows - rows };
    const chosen = new Set(planIdleMerge(sizes, rest));
    if (frozen.length > 0 && chosen.size === 0) {
      const smallest = sizes.toSorted((a, b) => a.rows - b.rows)[0];
      const live = smallest === undefined ? 0 : smallest.rows - smallest.deletedRows;
      if (smallest !== undefined && live <= rest.maxSegmentRows) chosen.add(smallest.id);
    }
    return [...frozen, ...segments.sealed.filter((segment) => chosen.has(segment.id))];
  }

  /** Full growing segments come before payload indexes, since writers wait for them. */
  #startNext(): void {
    const incomplete = this.#options.incomplete();
    if (incomplete !== undefined && this.#options.segments.frozen.length === 0) {
      this.#track(this.#options.buildFields(incomplete), (built) =>
        this.#options.installFields(built, incomplete),
      );
      return;
    }
    const sources = this.#next();
    if (sources.length === 0) {
      this.#isOptimizing = false;
      return;
    }
    const isEmpty = sources.every((source) => source.rows === source.deletedRows);
    this.#track(isEmpty ? Promise.resolve(undefined) : this.#options.build(sources), (built) =>
      this.#options.install(built, sources),
    );
  }

  #track<T>(outcome: Promise<T>, install: (built: T) => void): void {
    this.#running = outcome.then(
      (built) => this.#finish(() => install(built)),
      (error: unknown) => this.#fail(error),
    );
  }

  #finish(install: () => void): void {
    if (this.#closure !== undefined) return;
    this.#finished = () => {
      this.#finished = undefined;
      this.#running = undefined;
      try {
        install();
      } catch (error) {
        this.#fail(error);
      }
    };
    this.run();
  }

  #fail(error: unknown): void {
    this.#running = undefined;
    if (this.#closure !== undefined) return;
    // The builder gives up only where the node ends.
    if (error instanceof VectorDbError && error.code === 'CANCELLED') {
      this.#closure = new VectorDbError('SHUTTING_DOWN', 'the node is shutting down');
      this.#rejectWaiters(this.#closure);
      return;
    }
    const reason = error instanceof Error ? error.message : String(error);
    this.#options.log({ level: 'error', event: 'index_build_failed', fields: { reason } });
    this.#rejectWaiters(error);
    this.#isOptimizing = false;
    this.#retryTimer = this.#options.clock.after(RETRY_MS, () => {
      this.#retryTimer = undefined;
      this.run();
    });
  }

  #rejectWaiters(error: unknown): void {
    for (const { end } of this.#waiters) end.reject(error);
    this.#waiters = [];
  }
}

function fittingFrozen(frozen: readonly GrowingSegment[], maxRows: number): GrowingSegment[] {
  const chosen: GrowingSegment[] = [];
  let rows = 0;
  for (const segment of frozen) {
    rows += segment.rows - segment.deletedRows;
    if (chosen.length > 0 && rows > maxRows) break;
    chosen.push(segment);
  }
  return chosen;
}
