import { type Deferred, deferred } from '../base/deferred.ts';
import { deserializeError, VectorDbError } from '../base/error.ts';
import type { CollectionSchema } from '../index/collection-schema.ts';
import type { IndexView } from '../index/segment/index-view.ts';
import type { BatchOutcome, ShardEntry } from '../sharding/shard-applier.ts';
import type {
  ApplyCall,
  ApplyThreadInput,
  ApplyThreadOutput,
  CollectionState,
  LogMessage,
} from './apply-messages.ts';
import { type MessageEndpoint, RequestChannel } from './request-channel.ts';
import type { ShardSize } from './shard-sizes.ts';

export interface ApplyClientOptions {
  readonly thread: MessageEndpoint<ApplyThreadOutput, ApplyThreadInput>;
  /** Hands each view on, before any reply that comes after it; resolves when all search threads have adopted it. */
  readonly onView: (view: IndexView) => Promise<void>;
  readonly onViewDropped: (collection: number) => void;
  /** A dropped collection's points are all gone from the stores. */
  readonly onSwept: (collection: number) => void;
  readonly onLog: (message: LogMessage) => void;
}

/** The apply thread as the main thread sees it. */
export class ApplyClient {
  readonly #channel: RequestChannel<ApplyCall>;
  readonly #ready: Deferred<ReadonlyMap<number, number>> = deferred();

  constructor(options: ApplyClientOptions) {
    this.#ready.promise.catch(() => undefined);
    this.#channel = new RequestChannel((message, transfer) =>
      options.thread.post(message, transfer),
    );
    options.thread.listen((message) => {
      switch (message.kind) {
        case 'reply':
        case 'error':
          return this.#channel.accept(message);
        case 'view':
          return void this.#handOn(message.view, options);
        case 'viewDropped':
          return options.onViewDropped(message.collection);
        case 'swept':
          return options.onSwept(message.collection);
        case 'log':
          return options.onLog(message);
        case 'ready':
          return this.#ready.resolve(message.appliedIndexes);
        case 'failed':
          return this.fail(deserializeError(message.error));
      }
    });
  }

  async #handOn(view: IndexView, options: ApplyClientOptions): Promise<void> {
    // Threads that ended before they adopted it use no older one either; who started them knows that they ended.
    await options.onView(view).catch(() => undefined);
    const { schema, version } = view;
    options.thread.post({ kind: 'viewAdopted', collection: schema.number, version });
  }

  /** The applied indexes, by shard, once recovery is over. */
  ready(): Promise<ReadonlyMap<number, number>> {
    return this.#ready.promise;
  }

  /** The commands' bytes go over without a copy where each has a buffer of its own. */
  apply(entries: readonly ShardEntry[]): Promise<BatchOutcome> {
    const owned = entries.map((entry) => ({ ...entry, command: ownBuffer(entry.command) }));
    return this.#channel.call(
      { kind: 'apply', entries: owned },
      owned.map(({ command }) => command.buffer),
    );
  }

  /** @param reopen - whether stores may be opened again: no other thread has them open */
  probe(reopen: boolean): Promise<ReadonlyMap<number, number>> {
    return this.#channel.call({ kind: 'probe', reopen });
  }

  adopt(schema: CollectionSchema): Promise<void> {
    return this.#channel.call({ kind: 'adopt', schema });
  }

  drop(collection: number): Promise<void> {
    return this.#channel.call({ kind: 'drop', collection });
  }

  optimize(collection: number, signal?: AbortSignal): Promise<void> {
    const done = this.#channel.call<void>({ kind: 'optimize', collection });
    if (signal === undefined) return done;
    return Promise.race([done, aborted(signal)]);
  }

  describe(collection: number): Promise<CollectionState> {
    return this.#channel.call({ kind: 'describe', collection });
  }

  /** In the order of shards. */
  measureShards(): Promise<readonly ShardSize[]> {
    return this.#channel.call({ kind: 'measureShards' });
  }

  /** Writes checkpoints and closes everything; nothing may be called afterwards. */
  close(): Promise<void> {
    return this.#channel.call({ kind: 'close' });
  }

  /** The thread is gone. */
  fail(error: VectorDbError): void {
    this.#ready.reject(error);
    this.#channel.fail(error);
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const give = (): void =>
      reject(new VectorDbError('DEADLINE_EXCEEDED', 'the graphs are still being built'));
    if (signal.aborted) give();
    else signal.addEventListener('abort', give, { once: true });
  });
}

/** A message takes the whole buffer behind a view, so a view of a larger one is copied first. */
function ownBuffer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteLength } = bytes;
  const alone = buffer instanceof ArrayBuffer && byteLength === buffer.byteLength;
  return alone ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
}
