import type { CollectionSchema } from '../index/collection-schema.ts';
import type { NodeNumber } from '../raft/transport/transport.ts';
import type { ReadRequest, ReadResponses } from '../worker/read-messages.ts';
import type { ShardCommand } from '../sharding/shard-command.ts';
import type { NodeCaller } from './call/node-call.ts';
import type { ClusterState } from './catalog/cluster-state.ts';
import type { HeldCollection, ShardHolder } from './shard/shard-holder.ts';

export interface ClusterIndexesOptions {
  readonly calls: NodeCaller;
  readonly holder: Pick<ShardHolder, 'describe'>;
  /** The catalog as it is applied here. */
  readonly catalog: { readonly state: ClusterState };
  readonly reads: {
    read<R extends ReadRequest>(request: R): Promise<ReadResponses[R['kind']]>;
  };
  /** Proposes to the shard's leader, wherever it is. */
  readonly proposeToShard: (
    shard: number,
    command: Extract<ShardCommand, { readonly kind: 'drop' }>,
  ) => Promise<unknown>;
  /** Resolves when this node's indexes have followed the catalog up to a version. */
  readonly followed: (version: number, signal?: AbortSignal) => Promise<void>;
}

/** Graphs of a large collection take their time. */
const OPTIMIZE_TIMEOUT_MS = 24 * 3_600_000;

/** A collection's indexes on all nodes. Each node makes and drops its own as the catalog says. */
export class ClusterIndexes {
  readonly #options: ClusterIndexesOptions;

  constructor(options: ClusterIndexesOptions) {
    this.#options = options;
  }

  /** The catalog has the schema; resolves when searches here use it. */
  adopt(_schema: CollectionSchema, signal?: AbortSignal): Promise<void> {
    const { followed, catalog } = this.#options;
    return followed(catalog.state.version, signal);
  }

  /**
   * The catalog has dropped the collection; resolves when it is gone here, and every shard that can be reached refuses writes to it: a node that has not heard
   * of it could otherwise acknowledge some. The catalog's leader sees to the other shards.
   */
  async drop(collection: number): Promise<void> {
    const { followed, catalog, proposeToShard } = this.#options;
    const { version, shards } = catalog.state;
    await Promise.all([
      followed(version),
      Promise.allSettled(
        shards.map((_, shard) => proposeToShard(shard, { kind: 'drop', collection })),
      ),
    ]);
  }

  /** Resolves when no node has anything left to merge. @throws {VectorDbError} UNAVAILABLE: a node does not answer */
  async optimize(collection: number, signal?: AbortSignal): Promise<void> {
    const { calls } = this.#options;
    await Promise.all(
      this.#members().map((node) =>
        calls.call(
          node,
          { kind: 'optimize', collection },
          { timeoutMs: OPTIMIZE_TIMEOUT_MS, signal },
        ),
      ),
    );
  }

  /** Points of the whole collection; segments are those of this node. */
  async describe(collection: number): Promise<HeldCollection> {
    const { holder, reads } = this.#options;
    const [held, { count }] = await Promise.all([
      holder.describe(collection),
      reads.read({ kind: 'count', collection, filter: undefined }),
    ]);
    return { ...held, points: count };
  }

  #members(): NodeNumber[] {
    const nodes = [...this.#options.catalog.state.nodes.values()];
    return nodes.filter(({ state }) => state !== 'gone').map(({ number }) => number);
  }
}
