import type { ShardStep, StepOutcome } from '../sharding/shard-step.ts';
import type { OpenedShard } from './apply-engine.ts';
import type { EntryPlace } from './shard-replicas.ts';

/**
 * What is asked of the one who writes the shards of a node, in this thread or another; see `ApplyEngine` and `ShardReplicas`. Of one shard, a call follows the
 * end of the one before.
 */
export interface ShardCalls {
  /** @param steps - at most one a shard */
  applySteps(steps: readonly ShardStep[]): Promise<readonly StepOutcome[]>;
  /** @throws {VectorDbError} DATA_CORRUPT */
  openShard(shard: number, generation: number): Promise<OpenedShard>;
  activateShard(shard: number, generation: number): Promise<OpenedShard>;
  closeShard(shard: number): Promise<void>;
  destroyShard(shard: number): Promise<void>;
  hostRows(shard: number): Promise<ReadonlyMap<string, Uint8Array>>;
  takeSnapshot(shard: number): Promise<{ readonly id: number; readonly last: EntryPlace }>;
  readSnapshot(id: number, offset: number, length: number): Promise<Uint8Array>;
  closeSnapshot(id: number): Promise<void>;
  /** The generation of the new state. */
  stage(shard: number, last: EntryPlace): Promise<number>;
  writeStaged(shard: number, generation: number, bytes: Uint8Array): Promise<void>;
  finishStaged(shard: number, generation: number): Promise<void>;
  discardStaged(shard: number, generation: number): Promise<void>;
  digest(shard: number): Promise<string>;
}
