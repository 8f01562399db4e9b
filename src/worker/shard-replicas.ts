import { assert, must } from '../base/assert.ts';
import { VectorDbError } from '../base/error.ts';
import type { Random } from '../base/random.ts';
import type { KeyValueStore } from '../storage/key-value-store.ts';
import type { ShardDisk } from '../storage/shard-disk.ts';
import { digestShard } from '../storage/shard-digest.ts';
import { ShardSnapshot } from '../storage/shard-snapshot.ts';
import { ShardStore } from '../storage/shard-store.ts';
import { StagedShard } from '../storage/staged-shard.ts';

export interface ShardReplicasOptions {
  readonly disk: ShardDisk;
  readonly shardCount: number;
  /** Lineages of new stores. */
  readonly random: Random;
}

/** A log entry, as stores name it. */
export interface EntryPlace {
  readonly term: number;
  readonly index: number;
}

interface OpenReplica {
  readonly generation: number;
  readonly level: KeyValueStore;
  readonly store: ShardStore;
}

interface StagedReplica {
  readonly level: KeyValueStore;
  readonly staged: StagedShard;
}

const LINEAGES = 2 ** 48;

/** The shards of a node as their stores lie on disk: they come, are replaced by states from elsewhere, and go. One call a shard at a time. */
export class ShardReplicas {
  readonly #options: ShardReplicasOptions;
  readonly #open = new Map<number, OpenReplica>();
  readonly #stores = new Map<number, ShardStore>();
  /** By shard and generation. */
  readonly #staged = new Map<number, Map<number, StagedReplica>>();
  /** By shard, the last generation that was given. */
  readonly #generations = new Map<number, number>();
  readonly #snapshots = new Map<number, ShardSnapshot>();
  #nextSnapshot = 1;

  constructor(options: ShardReplicasOptions) {
    this.#options = options;
  }

  /** Those that are open, by shard; changes as they come and go. */
  get stores(): ReadonlyMap<number, ShardStore> {
    return this.#stores;
  }

  /** Undefined where the shard is not open. */
  generationOf(shard: number): number | undefined {
    return this.#open.get(shard)?.generation;
  }

  /**
   * Opens a shard; generation 0 is made where it is new. All other generations go.
   *
   * @throws {VectorDbError} DATA_CORRUPT: writes are missing, or there is no whole state of that generation
   */
  async open(shard: number, generation: number): Promise<ShardStore> {
    assert(!this.#open.has(shard), `shard ${shard} is opened once`);
    const { disk } = this.#options;
    const found = await disk.generations(shard);
    if (generation > 0 && !found.includes(generation)) throw notStaged(shard, generation);
    const store = await this.#openStore(shard, generation);
    for (const other of found) if (other !== generation) await disk.remove(shard, other);
    this.#reserve(shard, Math.max(generation, ...found));
    return store;
  }

  /** Closes a shard's store; nothing of it is under way. One that is not open is no error. */
  async close(shard: number): Promise<void> {
    for (const generation of this.#staged.get(shard)?.keys() ?? []) {
      await this.#closeStaged(shard, generation);
    }
    const replica = this.#open.get(shard);
    if (replica === undefined) return;
    this.#open.delete(shard);
    this.#stores.delete(shard);
    await replica.store[Symbol.asyncDispose]();
  }

  /** Deletes everything of a shard, open or not. */
  async destroy(shard: number): Promise<void> {
    await this.close(shard);
    const { disk } = this.#options;
    for (const generation of await disk.generations(shard)) await disk.remove(shard, generation);
  }

  /** The staged state takes the place of the open one, which goes. @throws {VectorDbError} DATA_CORRUPT where there is no such state */
  async activate(shard: number, generation: number): Promise<ShardStore> {
    const replica = this.#replica(shard);
    if (replica.generation === generation) return replica.store;
    const { disk } = this.#options;
    if (!(await disk.generations(shard)).includes(generation)) throw notStaged(shard, generation);
    await this.close(shard);
    const store = await this.#openStore(shard, generation);
    await disk.remove(shard, replica.generation);
    return store;
  }

  /** A snapshot of a shard as it is now, by a number of its own. */
  async snapshot(shard: number): Promise<{ readonly id: number; readonly last: EntryPlace }> {
    const { level } = this.#replica(shard);
    const { shardCount } = this.#options;
    const snapshot = await ShardSnapshot.take({ store: level, shard, shardCount });
    const id = this.#nextSnapshot;
    this.#nextSnapshot += 1;
    this.#snapshots.set(id, snapshot);
    return { id, last: snapshot.last };
  }

  /** See {@link ShardSnapshot.read}. */
  readSnapshot(id: number, offset: number, length: number): Promise<Uint8Array> {
    return must(this.#snapshots.get(id), `snapshot ${id} is open`).read(offset, length);
  }

  async closeSnapshot(id: number): Promise<void> {
    const snapshot = this.#snapshots.get(id);
    this.#snapshots.delete(id);
    await snapshot?.[Symbol.asyncDispose]();
  }

  /** Begins to take a state from elsewhere; its generation, which none had before. */
  async stage(shard: number, last: EntryPlace): Promise<number> {
    const { disk, shardCount } = this.#options;
    const generation = (this.#generations.get(shard) ?? 0) + 1;
    this.#reserve(shard, generation);
    const level = await disk.open(shard, generation);
    const lineage = this.#drawLineage();
    const staged = new StagedShard({ store: level, shard, shardCount, lineage, last });
    const byGeneration = this.#staged.get(shard) ?? new Map<number, StagedReplica>();
    this.#staged.set(shard, byGeneration.set(generation, { level, staged }));
    return generation;
  }

  /** See {@link StagedShard.write}. */
  async writeStaged(shard: number, generation: number, bytes: Uint8Array): Promise<void> {
    await this.#stagedReplica(shard, generation).staged.write(bytes);
  }

  /** See {@link StagedShard.finish}; the state may be activated then, here or after a restart. */
  async finishStaged(shard: number, generation: number): Promise<void> {
    await this.#stagedReplica(shard, generation).staged.finish();
    await this.#closeStaged(shard, generation);
  }

  async discardStaged(shard: number, generation: number): Promise<void> {
    await this.#closeStaged(shard, generation);
    if (this.#open.get(shard)?.generation === generation) return;
    await this.#options.disk.remove(shard, generation);
  }

  /** See {@link digestShard}: of the shard as it is now. */
  async digest(shard: number): Promise<string> {
    const { store, level } = this.#replica(shard);
    await using snapshot = level.snapshot();
    return (await digestShard(store, { snapshot })).sha256;
  }

  /** Closes everything; what is staged and not finished is of no use to anyone. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const id of this.#snapshots.keys()) await this.closeSnapshot(id);
    for (const shard of new Set([...this.#open.keys(), ...this.#staged.keys()])) {
      await this.close(shard);
    }
  }

  async #openStore(shard: number, generation: number): Promise<ShardStore> {
    const { disk, shardCount } = this.#options;
    const level = await disk.open(shard, generation);
    try {
      const lineage = this.#drawLineage();
      const mayBeNew = generation === 0;
      const store = await ShardStore.open({ store: level, shard, shardCount, lineage, mayBeNew });
      this.#open.set(shard, { generation, level, store });
      this.#stores.set(shard, store);
      return store;
    } catch (thrown) {
      await level[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  async #closeStaged(shard: number, generation: number): Promise<void> {
    const byGeneration = this.#staged.get(shard);
    const replica = byGeneration?.get(generation);
    byGeneration?.delete(generation);
    await replica?.level[Symbol.asyncDispose]();
  }

  #reserve(shard: number, generation: number): void {
    const before = this.#generations.get(shard) ?? 0;
    this.#generations.set(shard, Math.max(before, generation));
  }

  #drawLineage(): number {
    return 1 + this.#options.random.below(LINEAGES - 1);
  }

  #replica(shard: number): OpenReplica {
    return must(this.#open.get(shard), `shard ${shard} is on this node`);
  }

  #stagedReplica(shard: number, generation: number): StagedReplica {
    const replica = this.#staged.get(shard)?.get(generation);
    return must(replica, `state ${generation} of shard ${shard} is being staged`);
  }
}

function notStaged(shard: number, generation: number): VectorDbError {
  return new VectorDbError('DATA_CORRUPT', `there is no state ${generation} of shard ${shard}`);
}
