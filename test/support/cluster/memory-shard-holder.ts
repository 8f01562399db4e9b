import { VectorDbError } from '../../../src/base/error.ts';
import { type PointKey, pointKeyText } from '../../../src/base/point-id.ts';
import { shardOfGroup } from '../../../src/cluster/catalog/cluster-state.ts';
import type {
  HeldCollection,
  HeldShard,
  ShardHolder,
} from '../../../src/cluster/shard/shard-holder.ts';
import type { CollectionSchema } from '../../../src/index/collection-schema.ts';
import { compareScores, type Distance } from '../../../src/index/distance.ts';
import type { Filter } from '../../../src/index/filter/filter.ts';
import { compileProjection } from '../../../src/index/payload/payload-projection.ts';
import type { Selectors } from '../../../src/index/selectors.ts';
import { packPoints, type FoundPoint } from '../../../src/worker/packed-points.ts';
import type {
  ReadRequest,
  ReadResponse,
  ReadResponses,
  SearchQuery,
} from '../../../src/worker/read-messages.ts';
import { recordEdits } from '../../../src/worker/record-edits.ts';
import type { HeldPoint } from './memory-shard-image.ts';
import {
  activateStaged,
  emptyShardDisk,
  MemoryShardMachine,
  type ShardDisk,
} from './memory-shard-machine.ts';

/** Waits until the disk is done with a call; a simulation decides how long that takes. */
export type ShardDiskTurn = (shard: number) => Promise<void>;

export interface MemoryShardHolderOptions {
  readonly turn?: ShardDiskTurn;
  /** What an earlier process of the node left, by shard. */
  readonly disks?: Map<number, ShardDisk>;
}

/** A node's shards in memory: production's state machines, exact searches. Batches that were not flushed are lost when the node crashes. */
export class MemoryShardHolder implements ShardHolder {
  readonly #disks: Map<number, ShardDisk>;
  readonly #turn: ShardDiskTurn;
  readonly #shards = new Map<number, MemoryShardMachine>();
  readonly #collections = new Map<number, CollectionSchema>();
  readonly #edits = recordEdits();
  #readable: ReadonlySet<number> = new Set();
  #isCrashed = false;
  /** Requests that were read here. */
  readonly requests: ReadRequest[] = [];
  /** Every read waits for this, where it is set: a slow node. */
  gate: Promise<void> | undefined;

  constructor({
    turn = () => Promise.resolve(),
    disks = new Map(),
  }: MemoryShardHolderOptions = {}) {
    this.#turn = turn;
    this.#disks = disks;
  }

  readonly machines = {
    open: (group: number, generation: number) => this.#open(shardOfGroup(group), generation),
    destroy: (group: number) => this.#destroy(shardOfGroup(group)),
  };

  get readable(): ReadonlySet<number> {
    return this.#readable;
  }

  /** The state machine of a shard that is here. */
  machine(shard: number): MemoryShardMachine | undefined {
    return this.#shards.get(shard);
  }

  async read<R extends ReadRequest>(
    request: R,
    signal?: AbortSignal,
  ): Promise<ReadResponses[R['kind']]> {
    this.requests.push(request);
    await this.gate;
    await this.#turn(-1);
    await this.#unlessCrashed();
    if (signal?.aborted === true) {
      throw new VectorDbError('DEADLINE_EXCEEDED', 'the request was given up while it waited');
    }
    return this.#answer(request) as ReadResponses[R['kind']];
  }

  async adopt(schema: CollectionSchema): Promise<void> {
    await this.#unlessCrashed();
    this.#collections.set(schema.number, schema);
  }

  async drop(collection: number): Promise<void> {
    await this.#unlessCrashed();
    this.#collections.delete(collection);
  }

  adoptedAll(): Promise<void> {
    return Promise.resolve();
  }

  optimize(): Promise<void> {
    return Promise.resolve();
  }

  describe(collection: number): Promise<HeldCollection> {
    const rows = this.#points(collection, undefined).length;
    const segments = [{ kind: 'growing', rows, deletedRows: 0, bytes: 0 } as const];
    return Promise.resolve({ points: rows, segments, building: false });
  }

  shards(): Promise<readonly HeldShard[]> {
    const held = [...this.#shards].map(([shard, { image }]): HeldShard => {
      const points = [...image.points.values()].reduce((sum, { size }) => sum + size, 0);
      const isIndexed = this.#readable.has(shard);
      return { shard, appliedIndex: image.applied.index, isIndexed, points, bytes: points * 100 };
    });
    return Promise.resolve(held.toSorted((a, b) => a.shard - b.shard));
  }

  swept(collections: readonly number[]): Promise<readonly number[]> {
    const shards = [...this.#shards.values()];
    return Promise.resolve(
      collections.filter((each) => shards.every(({ image }) => image.dropped.has(each))),
    );
  }

  /** Takes a shard out of what can be read, or puts it in again. */
  setReadable(shard: number, isReadable: boolean): void {
    const readable = new Set(this.#readable);
    if (isReadable) readable.add(shard);
    else readable.delete(shard);
    this.#readable = readable;
  }

  /**
   * The process dies; this holder never answers again.
   *
   * @param keep - how many of a shard's batches that were not flushed survive
   * @returns what the next process finds
   */
  crash(keep: (unsynced: number) => number = () => 0): Map<number, ShardDisk> {
    this.#isCrashed = true;
    for (const disk of this.#disks.values()) {
      disk.unsynced = disk.unsynced.slice(0, keep(disk.unsynced.length));
    }
    return this.#disks;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  async #open(shard: number, generation: number): Promise<MemoryShardMachine> {
    await this.#wait(shard);
    const disk = this.#disks.get(shard) ?? emptyShardDisk();
    this.#disks.set(shard, disk);
    if (generation !== disk.generation) activateStaged(disk, generation);
    disk.staged.clear();
    const machine = new MemoryShardMachine(
      shard,
      disk,
      () => this.#wait(shard),
      () => this.setReadable(shard, false),
      () => {
        this.setReadable(shard, true);
      },
    );
    this.#shards.set(shard, machine);
    this.setReadable(shard, true);
    return machine;
  }

  async #destroy(shard: number): Promise<void> {
    this.setReadable(shard, false);
    await this.#wait(shard);
    this.#shards.delete(shard);
    this.#disks.delete(shard);
  }

  async #wait(shard: number): Promise<void> {
    await this.#turn(shard);
    await this.#unlessCrashed();
  }

  async #unlessCrashed(): Promise<void> {
    if (this.#isCrashed) await new Promise<never>(() => {});
  }

  #answer(request: ReadRequest): ReadResponse {
    switch (request.kind) {
      case 'search':
        return this.#search(request.query);
      case 'get': {
        this.#assertHere(request.shards);
        const found = request.keys.flatMap((key, place) => {
          const { image } = this.#shards.get(request.shards[place] as number) as MemoryShardMachine;
          const held = image.points.get(request.collection)?.get(pointKeyText(key));
          return held === undefined ? [] : [pointOf(held, request.select)];
        });
        return { points: packPoints(found) };
      }
      case 'scroll': {
        const { from, limit, filter, select } = request;
        const points = this.#matching(request.collection, request.shards, filter, from);
        const page = points.slice(0, limit).map((held) => pointOf(held, select));
        return { points: packPoints(page), next: points[limit]?.key };
      }
      case 'count': {
        const { collection, shards, filter } = request;
        return { count: this.#matching(collection, shards, filter, undefined).length };
      }
      case 'matching': {
        const { collection, shards, filter, from, limit } = request;
        const points = this.#matching(collection, shards, filter, from).slice(0, limit);
        return { keys: points.map(({ key }) => key) };
      }
    }
  }

  #search(query: SearchQuery): ReadResponses['search'] {
    const { collection, shards, using, vector, filter, limit, offset, scoreThreshold } = query;
    const distance = this.#schema(collection).vectors[using]?.distance ?? 'euclid';
    const points = this.#matching(collection, shards, filter, undefined).flatMap((held) => {
      const stored = held.record.vectors[using];
      return stored === undefined ? [] : [{ held, score: scoreOf(distance, vector, stored) }];
    });
    const hits = points
      .filter(
        ({ score }) =>
          scoreThreshold === undefined || compareScores(distance, score, scoreThreshold) < 0,
      )
      .toSorted(
        (a, b) =>
          compareScores(distance, a.score, b.score) || Buffer.compare(a.held.key, b.held.key),
      )
      .slice(offset, offset + limit);
    const found = hits.map(({ held, score }) => ({ ...pointOf(held, query.select), score }));
    const segment = {
      kind: 'growing',
      rows: points.length,
      strategy: 'exact',
      indexed: [],
      unindexed: [],
      candidates: points.length,
      rescored: points.length,
    } as const;
    return {
      points: packPoints(found),
      explanation: query.explain ? { segments: [segment] } : undefined,
      stages: undefined,
    };
  }

  /** Ascending by key. */
  #matching(
    collection: number,
    shards: Uint16Array | undefined,
    filter: Filter | undefined,
    from: PointKey | undefined,
  ): HeldPoint[] {
    this.#schema(collection);
    return this.#points(collection, shards)
      .filter(({ key }) => from === undefined || Buffer.compare(key, from) >= 0)
      .filter(({ key, record }) => filter === undefined || this.#edits.matches(filter, record, key))
      .toSorted((a, b) => Buffer.compare(a.key, b.key));
  }

  #points(collection: number, shards: Uint16Array | undefined): HeldPoint[] {
    if (shards !== undefined) this.#assertHere(shards);
    const wanted = shards ?? this.#readable;
    return [...wanted].flatMap((shard) => [
      ...(this.#shards.get(shard)?.image.points.get(collection)?.values() ?? []),
    ]);
  }

  #assertHere(shards: Uint16Array): void {
    for (const shard of shards) {
      if (this.#readable.has(shard)) continue;
      throw new VectorDbError('NOT_READY', `shard ${shard} is not on this node`);
    }
  }

  #schema(collection: number): CollectionSchema {
    const schema = this.#collections.get(collection);
    if (schema !== undefined) return schema;
    throw new VectorDbError('COLLECTION_NOT_FOUND', 'the collection was dropped');
  }
}

function pointOf({ key, record }: HeldPoint, select: Selectors): FoundPoint {
  const { version, payload, vectors } = record;
  const names = select.vectors;
  const wanted = Object.entries(vectors).filter(
    ([name]) => typeof names === 'boolean' || names.includes(name),
  );
  return {
    key,
    version,
    score: 0,
    payload: compileProjection(select.payload)(payload),
    vectors: names === false ? undefined : Object.fromEntries(wanted),
  };
}

function scoreOf(distance: Distance, a: Float32Array, b: Float32Array): number {
  const pairs = Array.from(a, (x, i) => [x, b[i] ?? 0] as const);
  const sum = (term: (x: number, y: number) => number): number =>
    pairs.reduce((total, [x, y]) => total + term(x, y), 0);
  if (distance === 'euclid') return Math.sqrt(sum((x, y) => (x - y) ** 2));
  if (distance === 'manhattan') return sum((x, y) => Math.abs(x - y));
  return sum((x, y) => x * y);
}
