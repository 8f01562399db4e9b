import type { EntryId, LogIndex } from '../raft/core/entry.ts';
import type { SnapshotMeta } from '../raft/core/snapshot-meta.ts';
import type {
  ApplyBatch,
  StagedState,
  StateMachine,
  StateSnapshot,
} from '../raft/host/state-machine.ts';
import type { OpenedShard } from './apply-engine.ts';
import type { ShardCalls } from './shard-calls.ts';
import type { StepQueue } from './step-queue.ts';

export interface ShardMachineOptions {
  readonly shard: number;
  /** As it was opened. */
  readonly opened: OpenedShard;
  readonly calls: ShardCalls;
  readonly steps: Pick<StepQueue, 'submit'>;
  /** Puts a staged state in the place of the open one, for all who read it. */
  readonly activate: (generation: number) => Promise<OpenedShard>;
  readonly close: () => Promise<void>;
}

/** A shard of this node as replicated state. What it has applied is durable at once. */
export class ShardMachine implements StateMachine {
  readonly #options: ShardMachineOptions;
  #applied: EntryId;

  constructor(options: ShardMachineOptions) {
    this.#options = options;
    this.#applied = options.opened.applied;
  }

  get applied(): EntryId {
    return this.#applied;
  }

  hostRows(): Promise<ReadonlyMap<string, Uint8Array>> {
    return this.#options.calls.hostRows(this.#options.shard);
  }

  async apply({ commands, last, rows }: ApplyBatch): Promise<readonly Uint8Array[]> {
    const { shard, steps } = this.#options;
    const previous = this.#applied.index;
    const results = await steps.submit({ shard, previous, commands, last, rows });
    this.#applied = last;
    return results;
  }

  flush(): Promise<LogIndex> {
    return Promise.resolve(this.#applied.index);
  }

  async snapshot(): Promise<StateSnapshot> {
    const { calls, shard } = this.#options;
    const { id, last } = await calls.takeSnapshot(shard);
    return {
      last,
      read: (offset, length) => calls.readSnapshot(id, offset, length),
      [Symbol.asyncDispose]: () => calls.closeSnapshot(id),
    };
  }

  async stage({ term, index }: SnapshotMeta): Promise<StagedState> {
    const { calls, shard } = this.#options;
    const generation = await calls.stage(shard, { term, index });
    return new StagedShardState(calls, shard, generation);
  }

  async activate(generation: number): Promise<void> {
    const { applied } = await this.#options.activate(generation);
    this.#applied = applied;
  }

  digest(): Promise<string> {
    return this.#options.calls.digest(this.#options.shard);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#options.close();
  }
}

class StagedShardState implements StagedState {
  readonly generation: number;
  readonly #calls: ShardCalls;
  readonly #shard: number;
  #size = 0;

  constructor(calls: ShardCalls, shard: number, generation: number) {
    this.#calls = calls;
    this.#shard = shard;
    this.generation = generation;
  }

  get size(): number {
    return this.#size;
  }

  async write(bytes: Uint8Array): Promise<void> {
    const { byteLength } = bytes;
    await this.#calls.writeStaged(this.#shard, this.generation, bytes);
    this.#size += byteLength;
  }

  finish(): Promise<void> {
    return this.#calls.finishStaged(this.#shard, this.generation);
  }

  discard(): Promise<void> {
    return this.#calls.discardStaged(this.#shard, this.generation);
  }
}
