import { crc32 } from 'node:zlib';
import { VectorDbError } from '../../../src/base/error.ts';
import type { EntryId, LogIndex } from '../../../src/raft/core/entry.ts';
import type { SnapshotMeta } from '../../../src/raft/core/snapshot-meta.ts';
import {
  type ApplyBatch,
  keptRows,
  type StagedState,
  type StateMachine,
  type StateSnapshot,
} from '../../../src/raft/host/state-machine.ts';
import { ShardCommandCodec } from '../../../src/sharding/shard-command-codec.ts';
import { encodeShardResult } from '../../../src/sharding/shard-result-codec.ts';
import { type ShardRecords, ShardStateMachine } from '../../../src/sharding/shard-state-machine.ts';
import { recordEdits } from '../../../src/worker/record-edits.ts';
import {
  decodeImage,
  EMPTY_SHARD,
  encodeImage,
  type ShardDelta,
  type ShardImage,
  WorkingImage,
} from './memory-shard-image.ts';

/** What a shard's state machine has on its disk. */
export interface ShardDisk {
  /** What surely survives a crash. */
  durable: ShardImage;
  /** Batches after it: a crash keeps the first few. */
  unsynced: ShardDelta[];
  generation: number;
  /** Finished states that were not activated. */
  readonly staged: Map<number, ShardImage>;
  nextGeneration: number;
}

/** A disk with nothing on it. */
export function emptyShardDisk(): ShardDisk {
  return {
    durable: EMPTY_SHARD,
    unsynced: [],
    generation: 0,
    staged: new Map(),
    nextGeneration: 1,
  };
}

/** One shard's state on one node: production's state machine over an image in memory. */
export class MemoryShardMachine implements StateMachine {
  readonly shard: number;
  readonly #disk: ShardDisk;
  readonly #wait: () => Promise<void>;
  readonly #onReplacing: () => void;
  readonly #onReplaced: () => void;
  readonly #machine: ShardStateMachine;
  #image: WorkingImage;

  /**
   * @param wait - until the disk is done with a call
   * @param onReplacing - another state is about to take the place of this one; `onReplaced` comes after
   */
  constructor(
    shard: number,
    disk: ShardDisk,
    wait: () => Promise<void>,
    onReplacing: () => void,
    onReplaced: () => void,
  ) {
    this.shard = shard;
    this.#disk = disk;
    this.#wait = wait;
    this.#onReplacing = onReplacing;
    this.#onReplaced = onReplaced;
    this.#image = WorkingImage.after(disk.durable, disk.unsynced);
    this.#machine = new ShardStateMachine({
      records: this.#records(),
      codec: new ShardCommandCodec(),
      edits: recordEdits(),
      onRefused: () => {},
    });
  }

  get applied(): EntryId {
    return this.#image.applied;
  }

  /** As of the applied entry. */
  get image(): ShardImage {
    return this.#image;
  }

  hostRows(): Promise<ReadonlyMap<string, Uint8Array>> {
    return Promise.resolve(new Map(this.#image.rows));
  }

  async apply({ commands, last, rows }: ApplyBatch): Promise<readonly Uint8Array[]> {
    await this.#wait();
    const { batch, mutations, outcomes } = this.#machine.apply(commands);
    const results = outcomes.map(encodeShardResult);
    const delta: ShardDelta = {
      applied: last,
      epoch: batch.epoch ?? this.#image.epoch,
      dropped: batch.dropped ?? [],
      mutations,
      rows: keptRows(rows, results),
    };
    this.#disk.unsynced.push(delta);
    this.#image.change(delta);
    await this.#wait();
    return results;
  }

  async flush(): Promise<LogIndex> {
    const before = this.#disk.unsynced.length;
    await this.#wait();
    this.#disk.durable = WorkingImage.after(
      this.#disk.durable,
      this.#disk.unsynced.splice(0, before),
    );
    return this.#disk.durable.applied.index;
  }

  async snapshot(): Promise<StateSnapshot> {
    const last = this.#image.applied;
    const bytes = encodeImage(this.#image);
    await this.#wait();
    return {
      last,
      read: async (offset, length) => {
        await this.#wait();
        return bytes.subarray(offset, offset + length);
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }

  async stage(meta: SnapshotMeta): Promise<StagedState> {
    const generation = this.#disk.nextGeneration;
    this.#disk.nextGeneration += 1;
    await this.#wait();
    return new MemoryStagedShard(generation, this.shard, meta, this.#disk, this.#wait);
  }

  async activate(generation: number): Promise<void> {
    await this.#wait();
    if (generation === this.#disk.generation) return;
    this.#onReplacing();
    activateStaged(this.#disk, generation);
    this.#image = WorkingImage.after(this.#disk.durable, this.#disk.unsynced);
    this.#onReplaced();
  }

  digest(): Promise<string> {
    return Promise.resolve(crc32(encodeImage(this.#image)).toString(16));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  #records(): ShardRecords {
    const image = (): WorkingImage => this.#image;
    return {
      shard: this.shard,
      get appliedIndex() {
        return image().applied.index;
      },
      get epoch() {
        return image().epoch;
      },
      isDropped: (collection) => image().dropped.has(collection),
      has: (collection, key) => image().get(collection, key) !== undefined,
      get: (collection, key) => image().get(collection, key),
    };
  }
}

class MemoryStagedShard implements StagedState {
  readonly generation: number;
  readonly #shard: number;
  readonly #meta: SnapshotMeta;
  readonly #disk: ShardDisk;
  readonly #wait: () => Promise<void>;
  #parts: Uint8Array[] = [];
  #size = 0;

  constructor(
    generation: number,
    shard: number,
    meta: SnapshotMeta,
    disk: ShardDisk,
    wait: () => Promise<void>,
  ) {
    this.generation = generation;
    this.#shard = shard;
    this.#meta = meta;
    this.#disk = disk;
    this.#wait = wait;
  }

  get size(): number {
    return this.#size;
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#wait();
    this.#parts.push(bytes.slice());
    this.#size += bytes.byteLength;
  }

  async finish(): Promise<void> {
    await this.#wait();
    const image = decodeImage(Buffer.concat(this.#parts), this.#shard);
    if (image.applied.index !== this.#meta.index || image.applied.term !== this.#meta.term) {
      throw new VectorDbError('DATA_CORRUPT', 'the staged state is as of another entry');
    }
    this.#disk.staged.set(this.generation, image);
  }

  async discard(): Promise<void> {
    await this.#wait();
    this.#parts = [];
    this.#disk.staged.delete(this.generation);
  }
}

/** @throws {VectorDbError} DATA_CORRUPT where there is none of the generation */
export function activateStaged(disk: ShardDisk, generation: number): void {
  const image = disk.staged.get(generation);
  if (image === undefined) {
    throw new VectorDbError('DATA_CORRUPT', `there is no staged state ${generation}`);
  }
  disk.durable = image;
  disk.unsynced = [];
  disk.generation = generation;
  disk.staged.delete(generation);
}
