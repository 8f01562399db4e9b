import { type SerializedError, VectorDbError, serializeError } from '../base/error.ts';
import { type PointKey, pointKeyText } from '../base/point-id.ts';
import { unreachable } from '../base/unreachable.ts';
import { recordKey } from '../storage/keyspace.ts';
import type { PayloadJson, PointRecord } from '../storage/point-record.ts';
import { encodeRecord } from '../storage/record-codec.ts';
import type { JournalRow } from '../storage/shard-rows.ts';
import type { ShardBatch } from '../storage/shard-store.ts';
import type { PointMutation } from './point-mutation.ts';
import type { RecordEdits } from './record-edits.ts';
import { commandEpoch } from './command-epoch.ts';
import type { PointCommand } from './shard-command.ts';
import type { ShardCommandCodec } from './shard-command-codec.ts';
import type { ShardResult } from './shard-result-codec.ts';

/** What the state machine reads of its shard: the state before the batch. */
export interface ShardRecords {
  readonly shard: number;
  readonly appliedIndex: number;
  /** Commands of an epoch below are refused. */
  readonly epoch: number;
  isDropped(collection: number): boolean;
  has(collection: number, key: PointKey): boolean;
  get(collection: number, key: PointKey): PointRecord | undefined;
}

/** An encoded command and its log index. */
export interface LogEntry {
  readonly index: number;
  readonly command: Uint8Array;
}

/** What a run of log entries does to a shard; nothing is done yet. */
export interface ShardEffects {
  readonly batch: Omit<ShardBatch, 'last' | 'hostRows'>;
  /** The last state of each point that was touched, in the order of first touch. */
  readonly mutations: readonly PointMutation[];
  /** One for each entry that was not applied before. */
  readonly outcomes: readonly ShardResult[];
}

export interface ShardStateMachineOptions {
  readonly records: ShardRecords;
  readonly codec: ShardCommandCodec;
  readonly edits: RecordEdits;
  /** Told of commands that cannot be applied. */
  readonly onRefused: (shard: number, index: number, error: SerializedError) => void;
}

/** A point as the batch leaves it; `before` says whether the shard had it when the batch began. */
interface PendingPoint {
  readonly key: PointKey;
  readonly before: boolean;
  record: PointRecord | undefined;
}

/** A point's state after one command. */
type Change = readonly [key: PointKey, record: PointRecord | undefined];

/**
 * The shard could not be read: no verdict on the command, which another replica applies.
 */
export class ShardUnreadable extends Error {
  override readonly name = 'ShardUnreadable';
  override readonly cause: VectorDbError;

  constructor(cause: VectorDbError) {
    super(cause.message);
    this.cause = cause;
  }
}

/**
 * Turns commands into writes: a function of the shard's records and the entries. It never fails but where the shard cannot be read: an entry that cannot be
 * applied is refused, on every node alike, and changes nothing.
 */
export class ShardStateMachine {
  readonly #options: ShardStateMachineOptions;

  constructor(options: ShardStateMachineOptions) {
    this.#options = options;
  }

  /**
   * @param entries - in log order; those applied before are left out
   * @throws {ShardUnreadable}
   */
  apply(entries: readonly LogEntry[]): ShardEffects {
    const { records, onRefused } = this.#options;
    const run = new ShardRun(this.#options);
    const journal: JournalRow[] = [];
    const outcomes: ShardResult[] = [];
    for (const { index, command } of entries) {
      if (index <= records.appliedIndex) continue;
      try {
        const touched = run.carryOut(command, index);
        if (touched !== undefined) journal.push(touched);
        outcomes.push({
          kind: 'applied',
          result: { index, changed: touched?.keys.length ?? 0 },
        });
      } catch (thrown) {
        if (!(thrown instanceof VectorDbError)) throw thrown;
        const error = serializeError(thrown);
        onRefused(records.shard, index, error);
        outcomes.push({ kind: 'refused', error });
      }
    }
    return { ...run.effects(journal), outcomes };
  }
}

/** The writes of a batch that are still pending, over the shard's records. */
class ShardRun {
  readonly #options: ShardStateMachineOptions;
  readonly #pending = new Map<number, Map<string, PendingPoint>>();
  readonly #dropped = new Set<number>();
  #epoch: number;

  constructor(options: ShardStateMachineOptions) {
    this.#options = options;
    this.#epoch = options.records.epoch;
  }

  /**
   * Which points a command touched, if it is about points.
   *
   * @throws {VectorDbError} where it is refused: nothing has changed then
   */
  carryOut(bytes: Uint8Array, index: number): JournalRow | undefined {
    const command = this.#options.codec.decode(bytes);
    const epoch = commandEpoch(bytes);
    if (command.kind === 'fence') {
      this.#epoch = Math.max(this.#epoch, epoch);
      return undefined;
    }
    if (command.kind === 'drop') {
      this.#drop(command.collection);
      return undefined;
    }
    if (epoch < this.#epoch) {
      throw new VectorDbError('STALE_EPOCH', `epoch ${epoch} of the command is over`);
    }
    const { collection } = command;
    if (this.#dropped.has(collection) || this.#options.records.isDropped(collection)) {
      throw new VectorDbError('COLLECTION_NOT_FOUND', 'the collection was dropped', {
        field: 'collection',
      });
    }
    const changes = this.#changes(command, index);
    this.#accept(collection, changes);
    return { index, collection, keys: changes.map(([key]) => key) };
  }

  /** What a command does, each point once; nothing is done yet. */
  #changes(command: PointCommand, index: number): Change[] {
    const { edits } = this.#options;
    switch (command.kind) {
      case 'upsert': {
        const last = new Map<string, Change>();
        for (const { key, vectors, payload } of command.points) {
          last.set(pointKeyText(key), [key, { version: index, vectors, payload }]);
        }
        return [...last.values()];
      }
      case 'delete':
        return this.#select(command, () => undefined);
      case 'setPayload':
        return this.#select(command, (record) => ({
          version: index,
          vectors: record.vectors,
          payload: bounded(
            edits.mergePayload(record.payload, command.payload),
            command.payloadBytesMax,
          ),
        }));
      case 'overwritePayload':
        return this.#select(command, (record) => ({
          version: index,
          vectors: record.vectors,
          payload: command.payload,
        }));
      case 'deletePayload':
        return this.#select(command, (record) => ({
          version: index,
          vectors: record.vectors,
          payload: edits.deletePayloadPaths(record.payload, command.paths),
        }));
      default:
        return unreachable(command);
    }
  }

  #accept(collection: number, changes: readonly Change[]): void {
    let points = this.#pending.get(collection);
    if (points === undefined) {
      points = new Map();
      this.#pending.set(collection, points);
    }
    for (const [key, record] of changes) {
      const text = pointKeyText(key);
      const pending = points.get(text);
      if (pending === undefined) {
        const before = this.#read((records) => records.has(collection, key));
        points.set(text, { key, before, record });
      } else {
        pending.record = record;
      }
    }
  }

  effects(journal: readonly JournalRow[]): Omit<ShardEffects, 'outcomes'> {
    const { shard } = this.#options.records;
    const rows: { key: Uint8Array; row: Uint8Array | undefined }[] = [];
    const countDeltas = new Map<number, number>();
    const mutations: PointMutation[] = [];
    for (const [collection, points] of this.#pending) {
      let delta = 0;
      for (const { key, before, record } of points.values()) {
        delta += Number(record !== undefined) - Number(before);
        const rowKey = recordKey(collection, key);
        rows.push({
          key: rowKey,
          row: record === undefined ? undefined : encodeRecord(rowKey, record),
        });
        mutations.push({ collection, shard, key, record });
      }
      countDeltas.set(collection, delta);
    }
    const dropped = [...this.#dropped];
    const batch = { journal, records: rows, countDeltas, dropped, epoch: this.#epoch };
    return { batch, mutations };
  }

  /** What the batch has done to the collection's points is of no account any more. */
  #drop(collection: number): void {
    if (this.#options.records.isDropped(collection)) return;
    this.#dropped.add(collection);
    this.#pending.delete(collection);
  }

  /** Points of a command that are there and match its filter, each once. */
  #select(
    command: Exclude<PointCommand, { kind: 'upsert' }>,
    edit: (record: PointRecord) => PointRecord | undefined,
  ): Change[] {
    const { collection, filter, textIndexes } = command;
    const { edits } = this.#options;
    const seen = new Set<string>();
    const changes: Change[] = [];
    for (const key of command.keys) {
      const text = pointKeyText(key);
      if (seen.has(text)) continue;
      seen.add(text);
      if (command.kind === 'delete' && filter === undefined) {
        if (this.#has(collection, key, text)) changes.push([key, undefined]);
        continue;
      }
      const record = this.#get(collection, key, text);
      if (record === undefined) continue;
      if (filter !== undefined && !edits.matches(filter, record, key, textIndexes)) continue;
      changes.push([key, edit(record)]);
    }
    return changes;
  }

  #has(collection: number, key: PointKey, text: string): boolean {
    const pending = this.#pending.get(collection)?.get(text);
    return pending === undefined
      ? this.#read((records) => records.has(collection, key))
      : pending.record !== undefined;
  }

  #get(collection: number, key: PointKey, text: string): PointRecord | undefined {
    const pending = this.#pending.get(collection)?.get(text);
    return pending === undefined
      ? this.#read((records) => records.get(collection, key))
      : pending.record;
  }

  /** A record that is damaged here is whole on other replicas, so that it is no reason to refuse a command. */
  #read<T>(read: (records: ShardRecords) => T): T {
    try {
      return read(this.#options.records);
    } catch (thrown) {
      throw thrown instanceof VectorDbError ? new ShardUnreadable(thrown) : thrown;
    }
  }
}

function bounded(payload: PayloadJson, bytesMax = Infinity): PayloadJson {
  if (payload.length <= bytesMax) return payload;
  throw new VectorDbError(
    'LIMIT_EXCEEDED',
    `payload: a point would have a payload of ${payload.length} bytes; ${bytesMax} are permitted`,
    { field: 'payload' },
  );
}
