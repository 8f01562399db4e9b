import { assert, must } from '../../base/assert.ts';
import { pointKeyText, type PointKey } from '../../base/point-id.ts';
import type { CollectionSchema } from '../collection-schema.ts';
import { VectorArena } from '../vector-arena.ts';
import type { GrowingColumn, GrowingHandle } from './index-view.ts';

/** A point as the index takes it. */
export interface IndexedPoint {
  readonly key: PointKey;
  readonly shard: number;
  readonly version: number;
  /** By name; each of its schema's dimension. */
  readonly vectors: Readonly<Record<string, Float32Array>>;
  readonly payload: Uint8Array;
}

export interface GrowingSegmentOptions {
  readonly id: number;
  readonly schema: CollectionSchema;
  readonly capacity: number;
  /** Threads that score rows at once. */
  readonly lanes: number;
  /** The log index of each shard up to which older segments hold everything; absent: nothing is known. */
  readonly openedAt: ReadonlyMap<number, number>;
  /** Bytes of keys and payloads that there must be room for. */
  readonly bytesMin?: number;
}

const BYTES_AT_FIRST = 16 * 1024;
const BYTES_A_ROW = 8 * 1024;
const BYTES_MAX = 64 * 1024 * 1024;
/** int8 codes pay once a scan of the originals would take longer than about half a millisecond. */
const CODED_NUMBERS_MIN = 1_000_000;

/** The writer's side of a growing segment: the only one that changes what lies behind its handle. */
export class GrowingSegment {
  readonly handle: GrowingHandle;
  /** By shard: the log index up to which older segments hold everything; absent: nothing is known. */
  openedAt: ReadonlyMap<number, number>;
  rows = 0;
  deletedRows = 0;
  readonly #state: Int32Array;
  readonly #createdAt: Float64Array;
  readonly #deletedAt: Float64Array;
  readonly #shards: Uint16Array;
  readonly #versions: Float64Array;
  readonly #offsets: Uint32Array;
  readonly #bytes: Uint8Array;
  readonly #columns: ReadonlyMap<string, { arena: VectorArena; present: Uint8Array }>;
  readonly #live = new Map<string, number>();

  constructor(options: GrowingSegmentOptions) {
    const { capacity, schema } = options;
    const bytesMax = Math.max(
      Math.min(BYTES_MAX, capacity * BYTES_A_ROW),
      options.bytesMin ?? 0,
      BYTES_AT_FIRST,
    );
    const columns: Record<string, GrowingColumn> = {};
    const writers = new Map<string, { arena: VectorArena; present: Uint8Array }>();
    for (const [name, vector] of Object.entries(schema.vectors)) {
      const { dimension } = vector;
      const arena = VectorArena.create({
        dimension,
        capacity,
        lanes: options.lanes,
        codes: capacity * dimension >= CODED_NUMBERS_MIN,
      });
      const present = new SharedArrayBuffer(capacity);
      columns[name] = { arena: arena.handle, present };
      writers.set(name, { arena, present: new Uint8Array(present) });
    }
    this.handle = {
      kind: 'growing',
      id: options.id,
      capacity,
      state: new SharedArrayBuffer(4),
      createdAt: new SharedArrayBuffer(capacity * 8),
      deletedAt: new SharedArrayBuffer(capacity * 8),
      shards: new SharedArrayBuffer(capacity * 2),
      versions: new SharedArrayBuffer(capacity * 8),
      offsets: new SharedArrayBuffer((2 * capacity + 1) * 4),
      bytes: new SharedArrayBuffer(BYTES_AT_FIRST, { maxByteLength: bytesMax }),
      columns,
    };
    this.openedAt = options.openedAt;
    this.#state = new Int32Array(this.handle.state);
    this.#createdAt = new Float64Array(this.handle.createdAt);
    this.#deletedAt = new Float64Array(this.handle.deletedAt);
    this.#shards = new Uint16Array(this.handle.shards);
    this.#versions = new Float64Array(this.handle.versions);
    this.#offsets = new Uint32Array(this.handle.offsets);
    this.#bytes = new Uint8Array(this.handle.bytes);
    this.#columns = writers;
  }

  get id(): number {
    return this.handle.id;
  }

  /** Bytes that its rows take, about. */
  get bytes(): number {
    let numbers = 0;
    for (const { arena } of this.#columns.values()) numbers += arena.dimension;
    return this.rows * (numbers * 4 + 40) + this.#used;
  }

  get payloadBytes(): number {
    return this.#used;
  }

  hasRoomFor(point: IndexedPoint): boolean {
    const end = this.#used + point.key.length + point.payload.length;
    return this.rows < this.handle.capacity && end <= this.handle.bytes.maxByteLength;
  }

  /** Adds a row that becomes visible at `sequence`; the caller has checked that there is room, and that no row with its key is live. */
  append(point: IndexedPoint, sequence: number): void {
    const slot = this.rows;
    for (const [name, column] of this.#columns) {
      const vector = point.vectors[name];
      if (vector === undefined) continue;
      column.arena.write(slot, vector);
      column.present[slot] = 1;
    }
    const keyStart = this.#used;
    const payloadStart = keyStart + point.key.length;
    const end = payloadStart + point.payload.length;
    this.#reserve(end);
    this.#bytes.set(point.key, keyStart);
    this.#bytes.set(point.payload, payloadStart);
    this.#offsets[2 * slot + 1] = payloadStart;
    this.#offsets[2 * slot + 2] = end;
    this.#shards[slot] = point.shard;
    this.#versions[slot] = point.version;
    this.#createdAt[slot] = sequence;
    this.#live.set(pointKeyText(point.key), slot);
    this.rows += 1;
    Atomics.store(this.#state, 0, this.rows);
  }

  /** The slot of the row with this key, where there is one that is not deleted. */
  find(key: PointKey): number | undefined {
    return this.#live.get(pointKeyText(key));
  }

  version(slot: number): number {
    return this.#versions[slot] as number;
  }

  shard(slot: number): number {
    return this.#shards[slot] as number;
  }

  deletedAt(slot: number): number {
    return this.#deletedAt[slot] as number;
  }

  delete(key: PointKey, sequence: number): void {
    const text = pointKeyText(key);
    const slot = must(this.#live.get(text), 'a row is deleted once');
    this.#live.delete(text);
    this.#deletedAt[slot] = sequence;
    this.deletedRows += 1;
  }

  /** Deletes all rows of these shards that there still are. */
  deleteShards(shards: ReadonlySet<number>, sequence: number): void {
    for (const [text, slot] of this.#live) {
      if (!shards.has(this.shard(slot))) continue;
      this.#live.delete(text);
      this.#deletedAt[slot] = sequence;
      this.deletedRows += 1;
    }
  }

  /** Keys of a shard's rows that are not deleted, with their slots. */
  *liveKeys(shard: number): Generator<[PointKey, number]> {
    for (const [text, slot] of this.#live) {
      if (this.shard(slot) === shard) yield [Buffer.from(text, 'latin1'), slot];
    }
  }

  /** The rows of `other` that are not deleted, as they are; this segment is empty and has room. */
  adopt(other: GrowingSegment): void {
    assert(this.rows === 0, 'rows are adopted by an empty segment');
    for (let slot = 0; slot < other.rows; slot += 1) {
      if (other.#deletedAt[slot] !== 0) continue;
      const vectors: Record<string, Float32Array> = {};
      for (const [name, column] of other.#columns) {
        if (column.present[slot] === 1) vectors[name] = column.arena.row(slot);
      }
      const start = other.#offsets[2 * slot] as number;
      const payload = other.#offsets[2 * slot + 1] as number;
      const end = other.#offsets[2 * slot + 2] as number;
      const point = {
        key: other.#bytes.subarray(start, payload),
        shard: other.shard(slot),
        version: other.version(slot),
        vectors,
        payload: other.#bytes.subarray(payload, end),
      };
      this.append(point, other.#createdAt[slot] as number);
    }
  }

  get #used(): number {
    return this.#offsets[2 * this.rows] as number;
  }

  #reserve(bytes: number): void {
    const { bytes: memory } = this.handle;
    if (bytes <= memory.byteLength) return;
    memory.grow(Math.min(memory.maxByteLength, Math.max(bytes, memory.byteLength * 2)));
  }
}
