import { must } from '../base/assert.ts';
import type { ShardStep, StepOutcome } from '../sharding/shard-step.ts';
import type { ApplyEngine, OpenedShard } from './apply-engine.ts';
import type { ShardCalls } from './shard-calls.ts';
import type { EntryPlace, ShardReplicas } from './shard-replicas.ts';

export interface LocalShardCallsOptions {
  readonly engine: ApplyEngine;
  readonly replicas: ShardReplicas;
}

/** Calls on the thread that writes the shards. */
export class LocalShardCalls implements ShardCalls {
  readonly #engine: ApplyEngine;
  readonly #replicas: ShardReplicas;

  constructor({ engine, replicas }: LocalShardCallsOptions) {
    this.#engine = engine;
    this.#replicas = replicas;
  }

  applySteps(steps: readonly ShardStep[]): Promise<readonly StepOutcome[]> {
    return this.#engine.applySteps(steps);
  }

  openShard(shard: number, generation: number): Promise<OpenedShard> {
    return this.#engine.openShard(shard, generation);
  }

  activateShard(shard: number, generation: number): Promise<OpenedShard> {
    return this.#engine.activateShard(shard, generation);
  }

  closeShard(shard: number): Promise<void> {
    return this.#engine.closeShard(shard);
  }

  destroyShard(shard: number): Promise<void> {
    return this.#engine.destroyShard(shard);
  }

  async hostRows(shard: number): Promise<ReadonlyMap<string, Uint8Array>> {
    return must(this.#replicas.stores.get(shard), `shard ${shard} is on this node`).hostRows();
  }

  takeSnapshot(shard: number): Promise<{ readonly id: number; readonly last: EntryPlace }> {
    return this.#replicas.snapshot(shard);
  }

  readSnapshot(id: number, offset: number, length: number): Promise<Uint8Array> {
    return this.#replicas.readSnapshot(id, offset, length);
  }

  closeSnapshot(id: number): Promise<void> {
    return this.#replicas.closeSnapshot(id);
  }

  stage(shard: number, last: EntryPlace): Promise<number> {
    return this.#replicas.stage(shard, last);
  }

  writeStaged(shard: number, generation: number, bytes: Uint8Array): Promise<void> {
    return this.#replicas.writeStaged(shard, generation, bytes);
  }

  finishStaged(shard: number, generation: number): Promise<void> {
    return this.#replicas.finishStaged(shard, generation);
  }

  discardStaged(shard: number, generation: number): Promise<void> {
    return this.#replicas.discardStaged(shard, generation);
  }

  digest(shard: number): Promise<string> {
    return this.#replicas.digest(shard);
  }
}
