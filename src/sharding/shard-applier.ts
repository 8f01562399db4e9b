import { must } from '../base/assert.ts';
import { type SerializedError, VectorDbError, serializeError } from '../base/error.ts';
import { pointKeyText } from '../base/point-id.ts';
import type { ShardStore } from '../storage/shard-store.ts';
import type { PointMutation } from './point-mutation.ts';
import type { RecordEdits } from './record-edits.ts';
import type { ApplyResult } from './shard-command.ts';
import { ShardCommandCodec } from './shard-command-codec.ts';
import { type LogEntry, ShardStateMachine } from './shard-state-machine.ts';

/** A command with its place in its shard's log. Plain data: it travels between threads. */
export interface ShardEntry extends LogEntry {
  readonly shard: number;
}

/**
 * What became of a proposal. `refused`: it took its log index and changed nothing. `failed`: the storage did not take it and its log index is free again;
 * a crash before the next successful probe may still bring it back. `skipped`: its log index was applied before.
 */
export type ProposalOutcome =
  | { readonly kind: 'applied'; readonly result: ApplyResult }
  | { readonly kind: 'refused' | 'failed'; readonly error: SerializedError }
  | { readonly kind: 'skipped' };

/** What became of a batch. Plain data: it travels between threads. */
export interface BatchOutcome {
  /** One for each entry of the batch, in its order. */
  readonly outcomes: readonly ProposalOutcome[];
  /** The applied index, by shard, of every shard that the batch touched. */
  readonly appliedIndexes: ReadonlyMap<number, number>;
}

/** A batch's outcome, and what the index has to do before anyone is told. */
export interface AppliedBatch extends BatchOutcome {
  /** Shard by shard; of each point its last state. */
  readonly mutations: readonly PointMutation[];
}

export interface ShardApplierOptions {
  /** The stores of the shards of this node, by shard. */
  readonly stores: ReadonlyMap<number, ShardStore>;
  readonly edits: RecordEdits;
  /** Told of commands that cannot be applied. */
  readonly onRefused: (shard: number, index: number, error: SerializedError) => void;
  /** Called before a batch is written. @throws {VectorDbError} DISK_FULL: nothing of the batch is written */
  readonly assertRoom: () => void;
  /** Told by a probe of points whose last write was reported as failed but is there: the index has to follow. */
  readonly onSurvived: (
    mutations: readonly PointMutation[],
    appliedIndexes: ReadonlyMap<number, number>,
  ) => Promise<void>;
}

/** Applies batches of commands to the shards of a node: all shards side by side, batches one after another. */
export class ShardApplier {
  readonly #options: ShardApplierOptions;
  readonly #machines = new Map<number, ShardStateMachine>();
  /** By shard, the log index up to which mutations were handed out. */
  readonly #told = new Map<number, number>();
  #tail: Promise<unknown> = Promise.resolve();

  constructor(options: ShardApplierOptions) {
    this.#options = options;
    const codec = new ShardCommandCodec();
    for (const [shard, records] of options.stores) {
      this.#told.set(shard, records.appliedIndex);
      const { edits, onRefused } = options;
      this.#machines.set(shard, new ShardStateMachine({ records, codec, edits, onRefused }));
    }
  }

  /**
   * Resolves when all shards' parts are durable or have failed; a shard's part is one unit. It rejects only for a bug.
   *
   * @param batch - entries of a shard in log order
   */
  apply(batch: readonly ShardEntry[]): Promise<AppliedBatch> {
    const turn = this.#tail.then(() => this.#apply(batch));
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  /**
   * After a failure: finds out whether all shards can be written again. Where writes that were reported as failed have survived nevertheless, the
   * points they touched are handed to `onSurvived` first.
   *
   * @param reopen - whether stores that go on failing are opened again, which only helps where no other thread has them open
   * @returns the applied indexes, by shard
   * @throws {VectorDbError} DISK_FULL, STORAGE_FAILED, DATA_CORRUPT: they cannot
   */
  probe(reopen = true): Promise<ReadonlyMap<number, number>> {
    const turn = this.#tail.then(() => this.#probe(reopen));
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  async #probe(reopen: boolean): Promise<ReadonlyMap<number, number>> {
    this.#options.assertRoom();
    const stores = [...this.#options.stores];
    const probes = await Promise.allSettled(stores.map(([, store]) => store.probe(reopen)));
    for (const probe of probes) if (probe.status === 'rejected') throw probe.reason;
    const survived: PointMutation[] = [];
    for (const [shard, store] of stores) {
      const told = this.#told.get(shard) as number;
      if (store.appliedIndex > told) survived.push(...(await touchedSince(store, told + 1)));
    }
    const appliedIndexes = new Map(stores.map(([shard, store]) => [shard, store.appliedIndex]));
    if (survived.length > 0) await this.#options.onSurvived(survived, appliedIndexes);
    for (const [shard, index] of appliedIndexes) this.#told.set(shard, index);
    return appliedIndexes;
  }

  async #apply(batch: readonly ShardEntry[]): Promise<AppliedBatch> {
    const positions = new Map<number, number[]>();
    for (const [position, { shard }] of batch.entries()) {
      const found = positions.get(shard);
      if (found === undefined) positions.set(shard, [position]);
      else found.push(position);
    }
    const outcomes = new Array<ProposalOutcome>(batch.length);
    const parts = [...positions].map(async ([shard, places]) => {
      const entries = places.map((place) => batch[place] as ShardEntry);
      const part = await this.#applyShard(shard, entries);
      for (const [i, place] of places.entries()) {
        outcomes[place] = part.outcomes[i] as ProposalOutcome;
      }
      return part.mutations;
    });
    const mutations = (await Promise.all(parts)).flat();
    const appliedIndexes = new Map(
      [...positions.keys()].map((shard) => [shard, this.#store(shard).appliedIndex]),
    );
    return { outcomes, appliedIndexes, mutations };
  }

  async #applyShard(
    shard: number,
    entries: readonly ShardEntry[],
  ): Promise<{ outcomes: ProposalOutcome[]; mutations: readonly PointMutation[] }> {
    const store = this.#store(shard);
    const fresh = entries.filter(({ index }) => index > store.appliedIndex);
    const skipped = entries.length - fresh.length;
    const outcomes = new Array<ProposalOutcome>(skipped).fill({ kind: 'skipped' });
    const first = fresh[0];
    if (first === undefined) return { outcomes, mutations: [] };
    try {
      if (store.failure !== undefined) throw store.failure;
      if (first.index !== store.appliedIndex + 1) {
        throw new VectorDbError('STORAGE_FAILED', 'a write before this one failed');
      }
      this.#options.assertRoom();
      const machine = must(this.#machines.get(shard), 'each store has a state machine');
      const effects = machine.apply(fresh);
      await store.write(effects.batch);
      this.#told.set(shard, store.appliedIndex);
      outcomes.push(...effects.outcomes);
      return { outcomes, mutations: effects.mutations };
    } catch (thrown) {
      const error = serializeError(thrown);
      if (error.code === 'INTERNAL') throw thrown;
      for (const _ of fresh) outcomes.push({ kind: 'failed', error });
      return { outcomes, mutations: [] };
    }
  }

  #store(shard: number): ShardStore {
    return must(this.#options.stores.get(shard), `shard ${shard} is on this node`);
  }
}

/** The points that a shard's log touched from an index on, as they are now. */
async function touchedSince(store: ShardStore, from: number): Promise<PointMutation[]> {
  const mutations = new Map<string, PointMutation>();
  for await (const slice of store.journal(from)) {
    for (const { collection, keys } of slice) {
      for (const key of keys) {
        const record = store.get(collection, key);
        const text = `${collection}/${pointKeyText(key)}`;
        mutations.set(text, { collection, shard: store.shard, key, record });
      }
    }
  }
  return [...mutations.values()];
}
