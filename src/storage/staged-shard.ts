import { assert } from '../base/assert.ts';
import type { KeyValueStore, StoreEntry } from './key-value-store.ts';
import { FORMAT_KEY, STATE_KEY, collectionOf, journalRange, replicatedKind } from './keyspace.ts';
import { checkRow } from './row-frame.ts';
import { decodeCount, encodeFormat, encodeState } from './shard-rows.ts';
import {
  FRAME_HEAD_BYTES,
  type SnapshotHead,
  decodeFrame,
  frameBytes,
  malformed,
} from './snapshot-frame.ts';

export interface StagedShardOptions {
  /** Empty, and of nobody else. */
  readonly store: KeyValueStore;
  readonly shard: number;
  readonly shardCount: number;
  /** Below 2^48; of no other store of the shard. */
  readonly lineage: number;
  /** The entry that the state has to be as of. */
  readonly last: { readonly term: number; readonly index: number };
}

/**
 * Takes the stream of a {@link ShardSnapshot} into a store, piece by piece, checking all of it. Until {@link finish} the store lacks the row that says what it is, so that
 * nobody takes half a state for a whole one.
 */
export class StagedShard {
  readonly #options: StagedShardOptions;
  /** Bytes of a frame that is not complete. */
  #parts: Buffer[] = [];
  #partBytes = 0;
  #size = 0;
  #head: SnapshotHead | undefined;
  #isEnded = false;
  #rows = 0;
  #lastKey: Uint8Array | undefined;
  /** Points by collection: as counted, and as said. */
  readonly #counted = new Map<number, number>();
  readonly #said = new Map<number, number>();

  constructor(options: StagedShardOptions) {
    this.#options = options;
  }

  /** Bytes taken so far. */
  get size(): number {
    return this.#size;
  }

  /** @throws {VectorDbError} DATA_CORRUPT, DISK_FULL, STORAGE_FAILED */
  async write(bytes: Uint8Array): Promise<void> {
    this.#size += bytes.byteLength;
    this.#parts.push(Buffer.from(bytes));
    this.#partBytes += bytes.byteLength;
    for (let frame = this.#takeFrame(); frame !== undefined; frame = this.#takeFrame()) {
      await this.#take(frame);
    }
  }

  /** Checks that all is there and makes it durable: an ordinary store of the shard. @throws {VectorDbError} DATA_CORRUPT, DISK_FULL, STORAGE_FAILED */
  async finish(): Promise<void> {
    const { store, shard, shardCount, lineage } = this.#options;
    if (this.#head === undefined || !this.#isEnded) throw malformed('it is cut short');
    for (const collection of new Set([...this.#counted.keys(), ...this.#said.keys()])) {
      const [counted, said] = [this.#counted.get(collection) ?? 0, this.#said.get(collection) ?? 0];
      if (counted !== said) {
        throw malformed(`it has ${counted} points of collection ${collection}, not ${said}`);
      }
    }
    // What was not synced is durable only once it has left LevelDB's log.
    await store.compact(journalRange(0, 1));
    const { term: appliedTerm, index: appliedIndex, epoch } = this.#head;
    const state = { appliedIndex, appliedTerm, journalStart: appliedIndex + 1, epoch };
    await store.write(
      [
        { type: 'put', key: FORMAT_KEY, value: encodeFormat({ shard, shardCount, lineage }) },
        { type: 'put', key: STATE_KEY, value: encodeState(state) },
      ],
      { sync: true },
    );
  }

  /** The next frame, if all of it is there. */
  #takeFrame(): Buffer | undefined {
    if (this.#partBytes < FRAME_HEAD_BYTES) return undefined;
    if ((this.#parts[0]?.length ?? 0) < FRAME_HEAD_BYTES)
      this.#parts = [Buffer.concat(this.#parts)];
    const first = this.#parts[0];
    assert(first !== undefined, 'there are bytes');
    const bytes = frameBytes(first);
    if (this.#partBytes < bytes) return undefined;
    const all = this.#parts.length === 1 ? first : Buffer.concat(this.#parts);
    const rest = all.subarray(bytes);
    this.#parts = rest.length > 0 ? [rest] : [];
    this.#partBytes = rest.length;
    return all.subarray(0, bytes);
  }

  async #take(bytes: Buffer): Promise<void> {
    const frame = decodeFrame(bytes);
    if (this.#isEnded) throw malformed('it goes on behind its end');
    if (frame.kind === 'head') return this.#begin(frame.head);
    if (this.#head === undefined) throw malformed('it does not begin with its head');
    if (frame.kind === 'end') {
      if (frame.rows !== this.#rows) throw malformed(`${this.#rows} rows came, not ${frame.rows}`);
      this.#isEnded = true;
      return undefined;
    }
    for (const row of frame.rows) this.#check(row);
    const operations = frame.rows.map(({ key, value }) => ({ type: 'put' as const, key, value }));
    await this.#options.store.write(operations, { sync: false });
    return undefined;
  }

  #begin(head: SnapshotHead): void {
    const { shard, shardCount, last } = this.#options;
    if (this.#head !== undefined) throw malformed('it has two heads');
    if (head.shard !== shard || head.shardCount !== shardCount) {
      throw malformed(`it is of shard ${head.shard} of ${head.shardCount}`);
    }
    if (head.index !== last.index || head.term !== last.term) {
      throw malformed(`it is as of entry ${head.index} of term ${head.term}`);
    }
    this.#head = head;
  }

  #check({ key, value }: StoreEntry): void {
    const { shard } = this.#options;
    const kind = replicatedKind(key);
    if (kind === undefined) throw malformed('it has a row of another kind');
    if (this.#lastKey !== undefined && Buffer.compare(this.#lastKey, key) >= 0) {
      throw malformed('its rows are not in order');
    }
    this.#lastKey = key;
    this.#rows += 1;
    checkRow(key, value, () => `a ${kind} row of shard ${shard}`);
    if (kind === 'count') {
      const collection = collectionOf(key);
      this.#said.set(collection, decodeCount(value, shard, collection));
    } else if (kind === 'record') {
      const collection = collectionOf(key);
      this.#counted.set(collection, (this.#counted.get(collection) ?? 0) + 1);
    }
  }
}
