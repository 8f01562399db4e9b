import { assert, must } from '../base/assert.ts';
import { ArenaChunk } from './arena-chunk.ts';
import { readRows, writeRows } from './arena-file.ts';
import {
  type ArenaLayout,
  arenaLayout,
  BLOCK_ROWS,
  CHUNK_BYTES_MAX,
  chunkBytes,
  rowsPerChunk,
} from './arena-layout.ts';
import type { Bitset } from './bitset.ts';
import { type Distance, largerIsNearer } from './distance.ts';
import { PAGE_BYTES } from './kernels/kernels.ts';
import { type RankedSlots, TopRows } from './top-rows.ts';

/** A {@link VectorArena} as a message: the shared memories of its chunks. */
export interface ArenaHandle {
  readonly dimension: number;
  readonly capacity: number;
  readonly lanes: number;
  /** Whether an int8 code is kept beside each row. */
  readonly codes: boolean;
  readonly rowsPerChunk: number;
  readonly chunks: readonly WebAssembly.Memory[];
}

/** Bytes from which on an arena is told to the garbage collector. */
const WEIGHED_BYTES_MIN = 4 * 1024 * 1024;

export interface ArenaOptions {
  /** Numbers in each row. */
  readonly dimension: number;
  /** Rows that fit; memory is only taken for those written. */
  readonly capacity: number;
  /** Threads that may score at the same time, this one (lane 0) included. */
  readonly lanes: number;
  /** Keeps an int8 code beside each row, for {@link VectorArena.nearestByCodes}. */
  readonly codes?: boolean;
  /** Most bytes of one shared memory. */
  readonly chunkBytesMax?: number;
}

/** Which rows of a scan count. */
export type RowFilter = Bitset | ((slot: number) => boolean);

/**
 * Rows of float32 vectors in memory that all threads share, with the loops that score them. One thread writes; a row may be read once the reader
 * has learnt in an ordered way (`Atomics`, a message) that it was written. Each thread attaches with a lane of its own. Scores are those of
 * `distance.ts`: dot product for cosine and dot, the distance itself for euclid and manhattan.
 */
export class VectorArena {
  readonly handle: ArenaHandle;
  readonly #layout: ArenaLayout;
  readonly #lane: number;
  readonly #chunks: (ArenaChunk | undefined)[];
  /**
   * As many bytes as a large arena has, never touched, so that they take no memory. The garbage collector does not count shared memories; it would let
   * those of dropped arenas pile up. It counts this. (A resizable buffer is taken from the system, zeroed; another may be filled with zeros.)
   */
  readonly weight: ArrayBuffer;

  private constructor(handle: ArenaHandle, layout: ArenaLayout, lane: number) {
    assert(lane >= 0 && lane < handle.lanes, 'the arena has a lane for the thread');
    this.handle = handle;
    this.#layout = layout;
    this.#lane = lane;
    this.#chunks = handle.chunks.map(() => undefined);
    const weight = this.byteLength < WEIGHED_BYTES_MIN ? 0 : this.byteLength;
    this.weight = new ArrayBuffer(weight, { maxByteLength: weight });
  }

  /** An arena of zeros; the caller has lane 0. */
  static create(options: ArenaOptions): VectorArena {
    const { dimension, capacity, lanes, codes = false, chunkBytesMax = CHUNK_BYTES_MAX } = options;
    assert(dimension > 0 && capacity >= 0 && lanes > 0, 'an arena has a size');
    const shape = { dimension, capacity, lanes, codes };
    const chunkRows = rowsPerChunk(shape, chunkBytesMax);
    const layout = arenaLayout(shape, chunkRows);
    const chunks: WebAssembly.Memory[] = [];
    for (let first = 0; first < capacity; first += chunkRows) {
      const rows = Math.min(chunkRows, capacity - first);
      const pages = chunkBytes(layout, rows, codes) / PAGE_BYTES;
      chunks.push(new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true }));
    }
    return new VectorArena({ ...shape, rowsPerChunk: chunkRows, chunks }, layout, 0);
  }

  /** The arena of another thread; `lane` is this thread's own. */
  static attach(handle: ArenaHandle, lane: number): VectorArena {
    return new VectorArena(handle, arenaLayout(handle, handle.rowsPerChunk), lane);
  }

  /**
   * An arena of `rows` rows from a file that {@link writeFile} wrote.
   *
   * @throws {VectorDbError} DATA_CORRUPT when the file is too short
   */
  static async fromFile(options: {
    readonly path: string;
    readonly dimension: number;
    readonly rows: number;
    readonly lanes: number;
  }): Promise<{ arena: VectorArena; crc: number }> {
    const { path, dimension, rows, lanes } = options;
    const arena = VectorArena.create({ dimension, capacity: rows, lanes });
    const crc = await readRows(path, dimension, rows, (first, last) => arena.#span(first, last));
    return { arena, crc };
  }

  get dimension(): number {
    return this.handle.dimension;
  }

  get capacity(): number {
    return this.handle.capacity;
  }

  /** Bytes of address space; memory is taken for the rows written only. */
  get byteLength(): number {
    return this.handle.chunks.reduce((total, { buffer }) => total + buffer.byteLength, 0);
  }

  write(slot: number, vector: Float32Array): void {
    assert(vector.length === this.dimension, 'a row has the arena’s dimension');
    const chunk = this.#chunkOf(slot);
    const row = slot % this.handle.rowsPerChunk;
    chunk.write(row, vector);
    if (this.handle.codes) chunk.encode(row);
  }

  /** The row itself, not a copy: `dimension` numbers in shared memory. */
  row(slot: number): Float32Array {
    return this.#chunkOf(slot).row(slot % this.handle.rowsPerChunk, this.dimension);
  }

  /** The rows one after another, without padding: `dimension` numbers each. */
  copyRows(slots: ArrayLike<number>): Float32Array {
    const { dimension } = this;
    const copy = new Float32Array(slots.length * dimension);
    for (let i = 0; i < slots.length; i += 1) {
      copy.set(this.row(slots[i] as number), i * dimension);
    }
    return copy;
  }

  /** Rows `from` up to, not including, `to`, one after another. */
  copyRange(from: number, to: number): Float32Array {
    const { dimension } = this;
    const copy = new Float32Array((to - from) * dimension);
    for (let slot = from; slot < to; slot += 1) {
      copy.set(this.row(slot), (slot - from) * dimension);
    }
    return copy;
  }

  /**
   * Scores rows anywhere in the arena.
   *
   * @param query - `dimension` numbers
   * @param slots - the first `count` are scored
   * @param scores - takes the score of `slots[i]` at `i`
   */
  score(
    distance: Distance,
    query: Float32Array,
    slots: Uint32Array,
    count: number,
    scores: Float32Array,
  ): void {
    this.#checkQuery(query);
    const chunkRows = this.handle.rowsPerChunk;
    if (this.#chunks.length === 1) {
      const chunk = this.#chunkAt(0);
      chunk.setQuery(query);
      for (let first = 0; first < count; first += BLOCK_ROWS) {
        const block = Math.min(BLOCK_ROWS, count - first);
        for (let i = 0; i < block; i += 1) {
          const slot = slots[first + i] as number;
          assert(slot < chunkRows, 'a slot lies inside its arena');
          chunk.slots[i] = slot;
        }
        chunk.scoreSlots(distance, block);
        for (let i = 0; i < block; i += 1) scores[first + i] = chunk.scores[i] as number;
      }
      return;
    }
    for (let c = 0; c < this.#chunks.length; c += 1) {
      this.#scoreInChunk(c, distance, query, slots, count, scores);
    }
  }

  /** The part of {@link score} that lies in one chunk of several. */
  #scoreInChunk(
    index: number,
    distance: Distance,
    query: Float32Array,
    slots: Uint32Array,
    count: number,
    scores: Float32Array,
  ): void {
    const low = index * this.handle.rowsPerChunk;
    const high = low + this.handle.rowsPerChunk;
    const places = new Uint32Array(BLOCK_ROWS);
    let chunk: ArenaChunk | undefined;
    let block = 0;
    for (let i = 0; i <= count; i += 1) {
      if (block === BLOCK_ROWS || (i === count && block > 0)) {
        const scored = must(chunk, 'a block has its chunk');
        scored.scoreSlots(distance, block);
        for (let b = 0; b < block; b += 1) {
          scores[places[b] as number] = scored.scores[b] as number;
        }
        block = 0;
      }
      const slot = i < count ? (slots[i] as number) : -1;
      if (slot < low || slot >= high) continue;
      if (chunk === undefined) {
        chunk = this.#chunkAt(index);
        chunk.setQuery(query);
      }
      chunk.slots[block] = slot - low;
      places[block] = i;
      block += 1;
    }
  }

  /**
   * The nearest rows of `from` up to, not including, `to`, by looking at all of them. Of equal scores the lower slot is nearer.
   *
   * @param limit - most rows to return
   * @param accept - which rows count; all, where it is left out
   */
  nearest(
    distance: Distance,
    query: Float32Array,
    from: number,
    to: number,
    limit: number,
    accept?: RowFilter,
  ): RankedSlots {
    this.#checkQuery(query);
    const top = new TopRows(Math.min(limit, Math.max(0, to - from)), largerIsNearer(distance));
    this.#forEachBlock(from, to, (chunk, row, count, slot, isFirst) => {
      if (isFirst) chunk.setQuery(query);
      chunk.scoreRange(distance, row, count);
      offerBlock(top, chunk.scores, count, slot, largerIsNearer(distance), accept);
    });
    return top.ranked();
  }

  /**
   * The nearest rows by int8 codes first, the best of them rescored exactly: about ten times as fast as {@link nearest} and, as the scan checks its
   * own error, all but as good. Manhattan distance has no such shortcut and is scanned exactly.
   */
  nearestByCodes(
    distance: Distance,
    query: Float32Array,
    from: number,
    to: number,
    limit: number,
    accept?: RowFilter,
  ): RankedSlots {
    assert(this.handle.codes, 'the arena keeps codes');
    const kept = Math.max(4 * limit, 200);
    if (distance === 'manhattan' || to - from <= kept) {
      return this.nearest(distance, query, from, to, limit, accept);
    }
    this.#checkQuery(query);
    const top = new TopRows(kept, true);
    let step = 0;
    this.#forEachBlock(from, to, (chunk, row, count, slot, isFirst) => {
      if (isFirst) {
        chunk.setQuery(query);
        step = chunk.encodeQuery();
      }
      chunk.scanCodes(distance, row, count, step);
      offerBlock(top, chunk.scores, count, slot, true, accept);
    });
    const approximate = top.ranked();
    const scores = new Float32Array(approximate.count);
    this.score(distance, query, approximate.slots, approximate.count, scores);
    const best = new TopRows(limit, largerIsNearer(distance));
    for (let i = 0; i < approximate.count; i += 1) {
      best.offer(approximate.slots[i] as number, scores[i] as number);
    }
    const found = best.ranked();
    if (approximate.count === kept && !isBeyondError(distance, query, approximate, scores, found)) {
      return this.nearest(distance, query, from, to, limit, accept);
    }
    return found;
  }

  /**
   * Writes rows 0 up to, not including, `rows` at `position` of an open file: float32, little-endian, without padding.
   *
   * @returns the CRC-32 of what was written
   */
  writeFile(fd: number, position: number, rows: number): number {
    return writeRows(fd, position, this.dimension, rows, (first, last) => this.#span(first, last));
  }

  /** Rows of one chunk as they lie in memory, padding included; fewer than asked for where the chunk ends. */
  #span(first: number, last: number): { numbers: Float32Array; width: number } {
    const chunkRows = this.handle.rowsPerChunk;
    const row = first % chunkRows;
    const rows = Math.min(last - first, chunkRows - row);
    const { width } = this.#layout;
    const start = this.#chunkOf(first).row(row, width);
    return {
      numbers: new Float32Array(start.buffer, start.byteOffset, rows * width),
      width,
    };
  }

  #forEachBlock(
    from: number,
    to: number,
    visit: (chunk: ArenaChunk, row: number, count: number, slot: number, isFirst: boolean) => void,
  ): void {
    assert(from >= 0 && to <= this.handle.capacity, 'a range lies inside its arena');
    const chunkRows = this.handle.rowsPerChunk;
    let slot = from;
    let previous: ArenaChunk | undefined;
    while (slot < to) {
      const chunk = this.#chunkOf(slot);
      const row = slot % chunkRows;
      const count = Math.min(BLOCK_ROWS, to - slot, chunkRows - row);
      visit(chunk, row, count, slot, chunk !== previous);
      previous = chunk;
      slot += count;
    }
  }

  #chunkOf(slot: number): ArenaChunk {
    assert(slot >= 0 && slot < this.handle.capacity, 'a slot lies inside its arena');
    return this.#chunkAt(Math.floor(slot / this.handle.rowsPerChunk));
  }

  #chunkAt(index: number): ArenaChunk {
    const known = this.#chunks[index];
    if (known !== undefined) return known;
    const memory = must(this.handle.chunks[index], 'a chunk has its memory');
    const chunk = new ArenaChunk(memory, this.#layout, this.#lane);
    this.#chunks[index] = chunk;
    return chunk;
  }

  #checkQuery(query: Float32Array): void {
    assert(query.length === this.dimension, 'a query has the arena’s dimension');
  }
}

/** Offers a block's rows; those that do not beat the worst one kept are passed over without a call. */
function offerBlock(
  top: TopRows,
  scores: Float32Array,
  count: number,
  slot: number,
  isLargerNearer: boolean,
  accept: RowFilter | undefined,
): void {
  for (let i = 0; i < count; i += 1) {
    const score = scores[i] as number;
    if (top.full && (isLargerNearer ? score <= top.worst : score >= top.worst)) continue;
    const isAccepted =
      accept === undefined ||
      (typeof accept === 'function' ? accept(slot + i) : accept.has(slot + i));
    if (isAccepted) top.offer(slot + i, score);
  }
}

/**
 * Whether the rows left out are safely farther than the rows found: the worst approximate score kept, were it off by as much as the worst of
 * the rescored ones is, must still lie behind the last row found.
 */
function isBeyondError(
  distance: Distance,
  query: Float32Array,
  approximate: RankedSlots,
  scores: Float32Array,
  found: RankedSlots,
): boolean {
  let squares = 0;
  for (const x of query) squares += x * x;
  const comparable = (score: number): number =>
    distance === 'euclid' ? (squares - score * score) / 2 : score;
  let error = 0;
  for (let i = 0; i < approximate.count; i += 1) {
    const difference = comparable(scores[i] as number) - (approximate.scores[i] as number);
    error = Math.max(error, Math.abs(difference));
  }
  const cutoff = approximate.scores[approximate.count - 1] as number;
  return cutoff + error <= comparable(found.scores[found.count - 1] as number);
}
