import { BoundedQueue } from '../base/bounded-queue.ts';
import { type Deferred, deferred } from '../base/deferred.ts';
import { deserializeError, VectorDbError } from '../base/error.ts';
import type { IndexView } from '../index/segment/index-view.ts';
import type {
  ReadRequest,
  ReadResponse,
  ReadResponses,
  SearchThreadInput,
  SearchThreadOutput,
} from './read-messages.ts';
import type { MessageEndpoint } from './request-channel.ts';
import { SearchOutbox } from './search-mailbox.ts';

/** A search thread as the pool sees it. */
export interface SearchThread extends MessageEndpoint<SearchThreadOutput, SearchThreadInput> {
  /** Memory of the mailbox that it shares with the pool. */
  readonly mailbox: SharedArrayBuffer;
}

/** Answers reads on some thread or other. */
export interface ReadExecutor {
  /**
   * @throws {VectorDbError} OVERLOADED when the queue is full; DEADLINE_EXCEEDED when `signal` is aborted before a thread took the request;
   * SHUTTING_DOWN once a thread has ended by itself; whatever the thread says
   */
  read<R extends ReadRequest>(request: R, signal?: AbortSignal): Promise<ReadResponses[R['kind']]>;
}

export interface SearchPoolOptions {
  readonly threads: readonly SearchThread[];
  /** Requests that may wait for a thread. */
  readonly queueMax: number;
  readonly onLog: (message: Extract<SearchThreadOutput, { kind: 'log' }>) => void;
}

interface Job {
  readonly request: ReadRequest;
  readonly result: Deferred<ReadResponse>;
  readonly signal: AbortSignal | undefined;
}

interface ThreadState {
  readonly thread: SearchThread;
  readonly outbox: SearchOutbox;
  readonly running: Map<number, Job>;
  readonly ready: Deferred<void>;
  /** Views and other orders on their way, by the id of their message. */
  readonly ordered: Map<number, Deferred<void>>;
}

/** A second request waits at the thread while it works on the first, so that it need not idle for the main thread's turn. */
const RUNNING_PER_THREAD_MAX = 2;

/**
 * Deals reads to the search threads: any thread answers any read, alone. Views reach a thread on the channel that its requests take, so a request
 * posted after a view is answered with it.
 */
export class SearchPool implements ReadExecutor {
  readonly #threads: readonly ThreadState[];
  readonly #queue: BoundedQueue<Job>;
  #nextId = 1;
  #isReleased = false;
  #failure: VectorDbError | undefined;

  constructor(options: SearchPoolOptions) {
    this.#queue = new BoundedQueue(options.queueMax);
    this.#threads = options.threads.map((thread) => ({
      thread,
      outbox: new SearchOutbox(thread.mailbox),
      running: new Map(),
      ready: deferred<void>(),
      ordered: new Map(),
    }));
    for (const state of this.#threads) {
      // Whoever starts the pool awaits `ready`; a failure nobody awaits is told by `fail` and the log.
      state.ready.promise.catch(() => undefined);
      state.thread.listen((message) => {
        if (message.kind === 'log') options.onLog(message);
        else this.#accept(state, message);
      });
    }
  }

  /** Requests that wait, and that threads work on. */
  get depth(): { readonly waiting: number; readonly running: number } {
    let running = 0;
    for (const state of this.#threads) running += state.running.size;
    return { waiting: this.#queue.size, running };
  }

  /** Resolves when every thread is up. */
  async ready(): Promise<void> {
    await Promise.all(this.#threads.map((state) => state.ready.promise));
  }

  read<R extends ReadRequest>(request: R, signal?: AbortSignal): Promise<ReadResponses[R['kind']]> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const job: Job = { request, result: deferred<ReadResponse>(), signal };
    const idle = this.#leastBusy();
    if (idle !== undefined) this.#start(idle, job);
    else if (!this.#queue.push(job)) {
      return Promise.reject(
        new VectorDbError('OVERLOADED', 'too many reads are waiting', { retryAfterMs: 100 }),
      );
    }
    return job.result.promise as Promise<ReadResponses[R['kind']]>;
  }

  /** Resolves when every thread has adopted the view and opened its files. */
  publish(view: IndexView): Promise<void> {
    return this.#order((id) => ({ kind: 'view', id, view }));
  }

  /** Resolves when every thread can read the shard. @throws {VectorDbError} a thread cannot open its store */
  openShard(shard: number, generation: number): Promise<void> {
    return this.#order((id) => ({ kind: 'openShard', id, shard, generation }));
  }

  /** Resolves when no thread has the shard's store open any more. */
  closeShard(shard: number): Promise<void> {
    return this.#order((id) => ({ kind: 'closeShard', id, shard }));
  }

  /** Resolves when no thread has a store open any more; reads wait until {@link resumeStores}. */
  releaseStores(): Promise<void> {
    this.#isReleased = true;
    return this.#order((id) => ({ kind: 'releaseStores', id }));
  }

  /** Opens the stores again where they were released. @throws {VectorDbError} a thread cannot; to be tried again */
  async resumeStores(): Promise<void> {
    if (!this.#isReleased) return;
    await this.#order((id) => ({ kind: 'resumeStores', id }));
    this.#isReleased = false;
  }

  drop(collection: number): void {
    for (const { thread, outbox } of this.#threads) {
      outbox.order();
      thread.post({ kind: 'drop', collection });
    }
  }

  /** Tells the threads to close what they hold open; requests that wait are refused. */
  close(): void {
    this.#refuseWaiting(new VectorDbError('SHUTTING_DOWN', 'the node is shutting down'));
    for (const { thread } of this.#threads) thread.post({ kind: 'close' });
  }

  /** A thread ended by itself: its requests end with `error`, and so do all that wait or are to come, as its views cannot be kept up any more. */
  fail(index: number, error: VectorDbError): void {
    this.#failure ??= error;
    this.#refuseWaiting(error);
    const state = this.#threads[index];
    state?.ready.reject(error);
    for (const job of state?.running.values() ?? []) job.result.reject(error);
    state?.running.clear();
    for (const waiting of state?.ordered.values() ?? []) waiting.reject(error);
    state?.ordered.clear();
  }

  #refuseWaiting(error: VectorDbError): void {
    for (let job = this.#queue.shift(); job !== undefined; job = this.#queue.shift()) {
      job.result.reject(error);
    }
  }

  /** Sends a message to all threads; resolves when all have answered it. */
  async #order(message: (id: number) => SearchThreadInput): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const id = this.#nextId;
    this.#nextId += 1;
    const answers = this.#threads.map(({ thread, outbox, ordered }) => {
      const waiting = deferred<void>();
      ordered.set(id, waiting);
      outbox.order();
      thread.post(message(id));
      return waiting.promise;
    });
    const outcomes = await Promise.allSettled(answers);
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  #leastBusy(): ThreadState | undefined {
    let best: ThreadState | undefined;
    for (const state of this.#threads) {
      if (state.running.size < (best?.running.size ?? RUNNING_PER_THREAD_MAX)) best = state;
    }
    return best;
  }

  #start(state: ThreadState, job: Job): void {
    const id = this.#nextId;
    this.#nextId += 1;
    state.running.set(id, job);
    const { thread, outbox } = state;
    const { request } = job;
    if (request.kind !== 'search') thread.post({ kind: 'read', id, request });
    else if (outbox.offer(id, request.query)) {
      if (outbox.takeSleep()) thread.post({ kind: 'mail' });
    } else {
      const query = { ...request.query, vector: ownBuffer(request.query.vector) };
      thread.post({ kind: 'read', id, request: { kind: 'search', query } });
    }
  }

  /** Takes the answers out of a thread's mailbox; those that come as messages are left to these. */
  #collect(state: ThreadState): void {
    state.outbox.collect((id, response) => {
      if (response !== undefined) this.#end(state, id)?.result.resolve(response);
    });
  }

  /** A read is answered: the thread has room for another. */
  #end(state: ThreadState, id: number): Job | undefined {
    const job = state.running.get(id);
    state.running.delete(id);
    this.#startNext(state);
    return job;
  }

  #accept(state: ThreadState, message: Exclude<SearchThreadOutput, { kind: 'log' }>): void {
    if (message.kind === 'mail') return this.#collect(state);
    if (message.kind === 'ready') return state.ready.resolve();
    if (message.kind === 'failed') return state.ready.reject(deserializeError(message.error));
    if (message.kind === 'adopted' || message.kind === 'storesTold') {
      const waiting = state.ordered.get(message.id);
      state.ordered.delete(message.id);
      if (message.kind === 'adopted' || message.error === undefined) waiting?.resolve();
      else waiting?.reject(deserializeError(message.error));
      return undefined;
    }
    const job = this.#end(state, message.id);
    if (message.kind === 'done') job?.result.resolve(message.response);
    else job?.result.reject(deserializeError(message.error));
    return undefined;
  }

  #startNext(state: ThreadState): void {
    while (state.running.size < RUNNING_PER_THREAD_MAX) {
      const job = this.#queue.shift();
      if (job === undefined) return;
      if (job.signal?.aborted === true) {
        job.result.reject(
          new VectorDbError('DEADLINE_EXCEEDED', 'the request was given up while it waited'),
        );
      } else this.#start(state, job);
    }
  }
}

/** A message copies the whole buffer behind a view, so a view of a larger one is copied first. */
function ownBuffer(vector: Float32Array): Float32Array {
  return vector.byteLength === vector.buffer.byteLength ? vector : vector.slice();
}
