import type { StateMachineFactory } from '../../raft/host/state-machine.ts';
import type { CollectionSchema } from '../../index/collection-schema.ts';
import type { ReadRequest, ReadResponses } from '../../worker/read-messages.ts';

/** A shard's data on this node. */
export interface HeldShard {
  readonly shard: number;
  /** Log index up to which commands are applied. */
  readonly appliedIndex: number;
  /** False while its points are still being read into the indexes: reads of it are refused with NOT_READY. */
  readonly isIndexed: boolean;
  readonly points: number;
  readonly bytes: number;
}

/** What a collection's index on this node holds. */
export interface HeldCollection {
  /** Over the shards of this node. */
  readonly points: number;
  readonly segments: readonly {
    readonly kind: 'growing' | 'sealed';
    readonly rows: number;
    readonly deletedRows: number;
    readonly bytes: number;
  }[];
  readonly building: boolean;
}

/**
 * The data of a node: its shards' state machines, the indexes over them, and reads. With threads and files in production, in one thread and in memory in
 * simulations.
 */
export interface ShardHolder extends AsyncDisposable {
  /** State machines of the shards' groups. Commands are encoded `ShardCommand`s, results those of `shard-result-codec.ts`. */
  readonly machines: StateMachineFactory;
  /**
   * The shards that are here and can be read: all their points are in the indexes. Never changed in place: another set takes its place before a shard's
   * points begin to go, and after they have all come, so that a read which finds the same set before and after has missed nothing.
   */
  readonly readable: ReadonlySet<number>;
  /**
   * Reads what this node holds, without asking anyone. A request's `shards` says which shards it is about; each has to be here.
   *
   * @throws {VectorDbError} NOT_READY where a shard is not here or not indexed yet; OVERLOADED, DEADLINE_EXCEEDED
   */
  read<R extends ReadRequest>(request: R, signal?: AbortSignal): Promise<ReadResponses[R['kind']]>;
  /** A collection is new or its schema changed; resolves when searches here use it. Idempotent. */
  adopt(schema: CollectionSchema): Promise<void>;
  /** A collection is gone; its points are swept in the background. Idempotent. */
  drop(collection: number): Promise<void>;
  /**
   * Every collection with a number below `nextNumber` is adopted here, or is dropped: what is left of other indexes goes, and what all these have durably need
   * not be kept for them. Idempotent.
   */
  adoptedAll(nextNumber: number): Promise<void>;
  optimize(collection: number, signal?: AbortSignal): Promise<void>;
  describe(collection: number): Promise<HeldCollection>;
  /** The shards that are here, ascending. */
  shards(): Promise<readonly HeldShard[]>;
  /** Of these collections, those that every shard here has dropped, and of which no point is left. */
  swept(collections: readonly number[]): Promise<readonly number[]>;
}
