import { type Deferred, deferred } from '../base/deferred.ts';
import { deserializeError, VectorDbError } from '../base/error.ts';
import type { CollectionSchema } from '../index/collection-schema.ts';
import type { IndexView } from '../index/segment/index-view.ts';
import type { ShardStep, StepOutcome } from '../sharding/shard-step.ts';
import type { OpenedShard } from './apply-engine.ts';
import type {
  ApplyCall,
  ApplyThreadInput,
  ApplyThreadOutput,
  CollectionState,
  LogMessage,
} from './apply-messages.ts';
import { type PackedOutcomes, packSteps, unpackOutcomes } from './packed-steps.ts';
import { type MessageEndpoint, RequestChannel } from './request-channel.ts';
import type { ShardCalls } from './shard-calls.ts';
import type { EntryPlace } from './shard-replicas.ts';
import type { ShardSize } from './shard-sizes.ts';

export interface ApplyClientOptions {
  readonly thread: MessageEndpoint<ApplyThreadOutput, ApplyThreadInput>;
  /** Hands each view on, before any reply that comes after it; resolves when all search threads have adopted it. */
  readonly onView: (view: IndexView) => Promise<void>;
  readonly onViewDropped: (collection: number) => void;
  /** The shards whose points are all in the indexes, after every change. */
  readonly onIndexed: (shards: ReadonlySet<number>) => void;
  readonly onLog: (message: LogMessage) => void;
}

/** The apply thread as the main thread sees it. */
export class ApplyClient implements ShardCalls {
  readonly #channel: RequestChannel<ApplyCall>;
  readonly #ready: Deferred<void> = deferred();

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
        case 'indexed':
          return options.onIndexed(message.shards);
        case 'log':
          return options.onLog(message);
        case 'ready':
          return this.#ready.resolve();
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

  /** Resolves once calls are carried out. */
  ready(): Promise<void> {
    return this.#ready.promise;
  }

  async applySteps(steps: readonly ShardStep[]): Promise<readonly StepOutcome[]> {
    const packed = packSteps(steps);
    const call = { kind: 'applySteps', steps: packed } as const;
    const outcomes = await this.#channel.call<PackedOutcomes>(call, [packed.bytes.buffer]);
    return unpackOutcomes(outcomes);
  }

  openShard(shard: number, generation: number): Promise<OpenedShard> {
    return this.#channel.call({ kind: 'openShard', shard, generation });
  }

  activateShard(shard: number, generation: number): Promise<OpenedShard> {
    return this.#channel.call({ kind: 'activateShard', shard, generation });
  }

  closeShard(shard: number): Promise<void> {
    return this.#channel.call({ kind: 'closeShard', shard });
  }

  destroyShard(shard: number): Promise<void> {
    return this.#channel.call({ kind: 'destroyShard', shard });
  }

  hostRows(shard: number): Promise<ReadonlyMap<string, Uint8Array>> {
    return this.#channel.call({ kind: 'hostRows', shard });
  }

  takeSnapshot(shard: number): Promise<{ readonly id: number; readonly last: EntryPlace }> {
    return this.#channel.call({ kind: 'takeSnapshot', shard });
  }

  readSnapshot(id: number, offset: number, length: number): Promise<Uint8Array> {
    return this.#channel.call({ kind: 'readSnapshot', id, offset, length });
  }

  closeSnapshot(id: number): Promise<void> {
    return this.#channel.call({ kind: 'closeSnapshot', id });
  }

  stage(shard: number, last: EntryPlace): Promise<number> {
    return this.#channel.call({ kind: 'stage', shard, last });
  }

  writeStaged(shard: number, generation: number, bytes: Uint8Array): Promise<void> {
    // A message would take all of the memory that the bytes are a part of.
    const own = new Uint8Array(bytes);
    const call = { kind: 'writeStaged', shard, generation, bytes: own } as const;
    return this.#channel.call(call, [own.buffer]);
  }

  finishStaged(shard: number, generation: number): Promise<void> {
    return this.#channel.call({ kind: 'finishStaged', shard, generation });
  }

  discardStaged(shard: number, generation: number): Promise<void> {
    return this.#channel.call({ kind: 'discardStaged', shard, generation });
  }

  digest(shard: number): Promise<string> {
    return this.#channel.call({ kind: 'digest', shard });
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

  adoptedAll(nextNumber: number): Promise<void> {
    return this.#channel.call({ kind: 'adoptedAll', nextNumber });
  }

  swept(collections: readonly number[]): Promise<readonly number[]> {
    return this.#channel.call({ kind: 'swept', collections });
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
