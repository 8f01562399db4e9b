import { assert, must } from '../base/assert.ts';
import { type SerializedError, VectorDbError, serializeError } from '../base/error.ts';
import { pointKeyText } from '../base/point-id.ts';
import type { ShardStore } from '../storage/shard-store.ts';
import type { PointMutation } from './point-mutation.ts';
import type { RecordEdits } from './record-edits.ts';
import { ShardCommandCodec } from './shard-command-codec.ts';
import { encodeShardResult } from './shard-result-codec.ts';
import { ShardStateMachine, ShardUnreadable } from './shard-state-machine.ts';
import type { ShardStep, StepOutcome } from './shard-step.ts';

/** What became of some steps, and what the index has to do before anyone is told. */
export interface AppliedSteps {
  /** One for each step, in their order. */
  readonly outcomes: readonly StepOutcome[];
  /** The applied index, by shard, of every shard that the steps touched. */
  readonly appliedIndexes: ReadonlyMap<number, number>;
  /** Shard by shard; of each point its last state. */
  readonly mutations: readonly PointMutation[];
  /** Collections that were dropped, of all shards. */
  readonly dropped: readonly number[];
}

export interface ShardApplierOptions {
  readonly edits: RecordEdits;
  /** Told of commands that cannot be applied. */
  readonly onRefused: (shard: number, index: number, error: SerializedError) => void;
  /** Called before a step is written. @throws {VectorDbError} DISK_FULL: nothing of the step is written */
  readonly assertRoom: () => void;
  /** Told by a probe of points whose last write was reported as failed but is there: the index has to follow. */
  readonly onSurvived: (
    mutations: readonly PointMutation[],
    appliedIndexes: ReadonlyMap<number, number>,
  ) => Promise<void>;
}

/** A shard that is written here. */
interface OpenShard {
  readonly store: ShardStore;
  readonly machine: ShardStateMachine;
  /** The log index up to which mutations were handed out. */
  told: number;
  /** Of a step whose write failed, but may have arrived all the same. */
  unsure: { readonly index: number; readonly results: readonly Uint8Array[] } | undefined;
  /** What was found wrong with it. */
  damage: Error | undefined;
}

interface AppliedStep {
  readonly outcome: StepOutcome;
  readonly mutations: readonly PointMutation[];
  readonly dropped: readonly number[];
}

/** Applies steps to the shards of a node: all shards side by side, calls one after another. */
export class ShardApplier {
  readonly #options: ShardApplierOptions;
  readonly #codec = new ShardCommandCodec();
  readonly #shards = new Map<number, OpenShard>();
  #tail: Promise<unknown> = Promise.resolve();

  constructor(options: ShardApplierOptions) {
    this.#options = options;
  }

  /** Takes a shard's store; one that was there before is forgotten. */
  open(store: ShardStore): void {
    const { edits, onRefused } = this.#options;
    const machine = new ShardStateMachine({
      records: store,
      codec: this.#codec,
      edits,
      onRefused,
    });
    const { shard, appliedIndex: told } = store;
    this.#shards.set(shard, { store, machine, told, unsure: undefined, damage: undefined });
  }

  /** Forgets a shard's store; no step of it is under way. */
  close(shard: number): void {
    this.#shards.delete(shard);
  }

  /** Refuses all steps of a shard from now on: `error` has the code DATA_CORRUPT. */
  declareDamaged(shard: number, error: Error): void {
    const open = this.#shards.get(shard);
    if (open !== undefined) open.damage = error;
  }

  /**
   * Resolves when all shards' steps are durable or have failed. It rejects only for a bug.
   *
   * @param steps - at most one a shard
   */
  apply(steps: readonly ShardStep[]): Promise<AppliedSteps> {
    const turn = this.#tail.then(() => this.#apply(steps));
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
    const shards = [...this.#shards.values()];
    const probes = await Promise.allSettled(shards.map(({ store }) => store.probe(reopen)));
    for (const probe of probes) if (probe.status === 'rejected') throw probe.reason;
    const survived: PointMutation[] = [];
    for (const { store, told } of shards) {
      if (store.appliedIndex > told) survived.push(...(await touchedSince(store, told + 1)));
    }
    const appliedIndexes = new Map(shards.map(({ store }) => [store.shard, store.appliedIndex]));
    if (survived.length > 0) await this.#options.onSurvived(survived, appliedIndexes);
    for (const shard of shards) shard.told = shard.store.appliedIndex;
    return appliedIndexes;
  }

  async #apply(steps: readonly ShardStep[]): Promise<AppliedSteps> {
    const shards = new Set(steps.map(({ shard }) => shard));
    assert(shards.size === steps.length, 'a shard has one step at a time');
    const applied = await Promise.all(steps.map((step) => this.#applyStep(step)));
    return {
      outcomes: applied.map(({ outcome }) => outcome),
      appliedIndexes: new Map(
        [...shards].map((shard) => [shard, this.#shard(shard).store.appliedIndex]),
      ),
      mutations: applied.flatMap(({ mutations }) => mutations),
      dropped: applied.flatMap(({ dropped }) => dropped),
    };
  }

  async #applyStep(step: ShardStep): Promise<AppliedStep> {
    const shard = this.#shard(step.shard);
    try {
      return await this.#write(shard, step);
    } catch (thrown) {
      const known = thrown instanceof ShardUnreadable ? thrown.cause : thrown;
      const error = serializeError(known);
      if (error.code === 'INTERNAL') throw thrown;
      return { outcome: { kind: 'failed', error }, mutations: [], dropped: [] };
    }
  }

  async #write(shard: OpenShard, step: ShardStep): Promise<AppliedStep> {
    const { store, machine, unsure } = shard;
    const { last, rows, commands, previous } = step;
    if (shard.damage !== undefined) throw shard.damage;
    if (store.failure !== undefined) throw store.failure;
    if (unsure?.index === last.index && store.appliedIndex === last.index) {
      // It was told as failed, and a probe found it: its points are in the index by now.
      shard.unsure = undefined;
      return { outcome: { kind: 'applied', results: unsure.results }, mutations: [], dropped: [] };
    }
    if (store.appliedIndex !== previous) {
      throw new VectorDbError('STORAGE_FAILED', 'a write before this one failed');
    }
    this.#options.assertRoom();
    const { outcomes, mutations, batch } = machine.apply(commands);
    const results = outcomes.map(encodeShardResult);
    const hostRows = rows.map(({ key, value }) => {
      if (value === undefined || value instanceof Uint8Array) return { key, value };
      return { key, value: must(results[value.resultOf], 'a row names a command of its step') };
    });
    shard.unsure = { index: last.index, results };
    await store.write({ ...batch, last, hostRows });
    shard.unsure = undefined;
    shard.told = store.appliedIndex;
    return { outcome: { kind: 'applied', results }, mutations, dropped: batch.dropped ?? [] };
  }

  #shard(shard: number): OpenShard {
    return must(this.#shards.get(shard), `shard ${shard} is on this node`);
  }
}

/** The points that a shard's log touched from an index on, as they are now. */
async function touchedSince(store: ShardStore, from: number): Promise<PointMutation[]> {
  const mutations = new Map<string, PointMutation>();
  // Trimmed further than was told: there was no index that could lack it.
  for await (const slice of (await store.journal(from)) ?? []) {
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
