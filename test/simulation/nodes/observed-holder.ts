import type { ShardHolder } from '../../../src/cluster/shard/shard-holder.ts';
import { shardOfGroup } from '../../../src/cluster/catalog/cluster-state.ts';
import type { CollectionSchema } from '../../../src/index/collection-schema.ts';
import type { LogIndex } from '../../../src/raft/core/entry.ts';
import type {
  CommittedCommand,
  StateMachine,
  StateMachineFactory,
} from '../../../src/raft/host/state-machine.ts';
import type { ReadRequest, ReadResponses } from '../../../src/worker/read-messages.ts';
import type { MemoryShardHolder } from '../../support/cluster/memory-shard-holder.ts';
import { encodeImage } from '../../support/cluster/memory-shard-image.ts';
import { crc32 } from 'node:zlib';

/** Hears what shards do. */
export interface ShardObserver {
  applied(group: number, command: CommittedCommand, result: Uint8Array): void;
  digest(group: number, index: LogIndex, digest: string): void;
  installed(group: number): void;
}

/** A node's shards; whoever watches hears what they do, and a shard that came is not in the indexes at once. */
export class ObservedHolder implements ShardHolder {
  readonly machines: StateMachineFactory;
  readonly #holder: MemoryShardHolder;
  readonly #observer: ShardObserver;
  readonly #indexed: (then: () => void) => void;

  /** @param indexed - calls back when a shard's points are in the indexes */
  constructor(
    holder: MemoryShardHolder,
    observer: ShardObserver,
    indexed: (then: () => void) => void,
  ) {
    this.#holder = holder;
    this.#observer = observer;
    this.#indexed = indexed;
    this.machines = {
      open: async (group, generation) => {
        const machine = await holder.machines.open(group, generation);
        this.#index(group);
        return this.#observed(group, machine);
      },
      destroy: (group) => holder.machines.destroy(group),
    };
  }

  get readable(): ReadonlySet<number> {
    return this.#holder.readable;
  }

  read<R extends ReadRequest>(request: R, signal?: AbortSignal): Promise<ReadResponses[R['kind']]> {
    return this.#holder.read(request, signal);
  }

  adopt(schema: CollectionSchema): Promise<void> {
    return this.#holder.adopt(schema);
  }

  drop(collection: number): Promise<void> {
    return this.#holder.drop(collection);
  }

  adoptedAll(): Promise<void> {
    return this.#holder.adoptedAll();
  }

  optimize(): Promise<void> {
    return this.#holder.optimize();
  }

  describe(collection: number): ReturnType<ShardHolder['describe']> {
    return this.#holder.describe(collection);
  }

  shards(): ReturnType<ShardHolder['shards']> {
    return this.#holder.shards();
  }

  swept(collections: readonly number[]): Promise<readonly number[]> {
    return this.#holder.swept(collections);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  #index(group: number): void {
    const shard = shardOfGroup(group);
    const machine = this.#holder.machine(shard);
    this.#holder.setReadable(shard, false);
    this.#indexed(() => {
      if (machine !== undefined && this.#holder.machine(shard) === machine) {
        this.#holder.setReadable(shard, true);
      }
    });
  }

  #observed(group: number, machine: StateMachine): StateMachine {
    const observer = this.#observer;
    const digest = (): void => {
      const image = this.#holder.machine(shardOfGroup(group))?.image;
      if (image === undefined) return;
      observer.digest(group, image.applied.index, crc32(encodeImage(image)).toString(16));
    };
    return {
      get applied() {
        return machine.applied;
      },
      hostRows: () => machine.hostRows(),
      apply: async (batch) => {
        const results = await machine.apply(batch);
        for (const [at, command] of batch.commands.entries()) {
          observer.applied(group, command, results[at] ?? new Uint8Array(0));
        }
        digest();
        return results;
      },
      flush: () => machine.flush(),
      snapshot: () => machine.snapshot(),
      stage: (meta) => machine.stage(meta),
      activate: async (generation) => {
        await machine.activate(generation);
        observer.installed(group);
        this.#index(group);
        digest();
      },
      digest: () => machine.digest(),
      [Symbol.asyncDispose]: () => machine[Symbol.asyncDispose](),
    };
  }
}
