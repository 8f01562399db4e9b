import { assert } from '../base/assert.ts';
import { type ArenaLayout, BLOCK_ROWS, META_BYTES } from './arena-layout.ts';
import type { Distance } from './distance.ts';
import { kernelsOver, type Kernels } from './kernels/kernels.ts';

/** One memory of an arena as one thread sees it: rows are counted from the chunk's first. */
export class ArenaChunk {
  readonly #layout: ArenaLayout;
  readonly #kernels: Kernels;
  readonly #numbers: Float32Array;
  readonly #queryAt: number;
  readonly #queryCodesAt: number;
  readonly #slotsAt: number;
  readonly #scoresAt: number;
  readonly #slots: Uint32Array;
  readonly #scores: Float32Array;

  constructor(memory: WebAssembly.Memory, layout: ArenaLayout, lane: number) {
    this.#layout = layout;
    this.#kernels = kernelsOver(memory);
    this.#numbers = new Float32Array(memory.buffer);
    this.#queryAt = layout.laneBytes * lane;
    this.#queryCodesAt = this.#queryAt + layout.rowBytes;
    this.#slotsAt = this.#queryCodesAt + layout.width;
    this.#scoresAt = this.#slotsAt + BLOCK_ROWS * 4;
    this.#slots = new Uint32Array(memory.buffer, this.#slotsAt, BLOCK_ROWS);
    this.#scores = new Float32Array(memory.buffer, this.#scoresAt, BLOCK_ROWS);
  }

  /** Rows of this call's block to score, counted from the chunk's first; filled before {@link scoreSlots}. */
  get slots(): Uint32Array {
    return this.#slots;
  }

  /** Scores of the last block. */
  get scores(): Float32Array {
    return this.#scores;
  }

  write(row: number, vector: Float32Array): void {
    this.#numbers.set(vector, this.#rowAt(row) >>> 2);
  }

  encode(row: number): void {
    const { width, codesAt, metaAt } = this.#layout;
    this.#kernels.encodeRow(
      this.#rowAt(row),
      width,
      codesAt + row * width,
      metaAt + row * META_BYTES,
    );
  }

  row(row: number, dimension: number): Float32Array {
    const start = this.#rowAt(row) >>> 2;
    return this.#numbers.subarray(start, start + dimension);
  }

  /** The query of the calls that follow. */
  setQuery(query: Float32Array): void {
    this.#numbers.set(query, this.#queryAt >>> 2);
  }

  /** Codes of the query set; the step between them. */
  encodeQuery(): number {
    return this.#kernels.encodeQuery(this.#queryAt, this.#layout.width, this.#queryCodesAt);
  }

  /** Scores the first `count` rows named in {@link slots}. */
  scoreSlots(distance: Distance, count: number): void {
    assert(count <= BLOCK_ROWS, 'a block has its bound');
    const { rowsAt, width } = this.#layout;
    const args = [rowsAt, this.#slotsAt, count, this.#queryAt, width, this.#scoresAt] as const;
    if (distance === 'euclid') this.#kernels.euclidSlots(...args);
    else if (distance === 'manhattan') this.#kernels.manhattanSlots(...args);
    else this.#kernels.dotSlots(...args);
  }

  /** Scores `count` rows from `first` on. */
  scoreRange(distance: Distance, first: number, count: number): void {
    assert(count <= BLOCK_ROWS, 'a block has its bound');
    const args = [
      this.#rowAt(first),
      count,
      this.#queryAt,
      this.#layout.width,
      this.#scoresAt,
    ] as const;
    if (distance === 'euclid') this.#kernels.euclidRange(...args);
    else if (distance === 'manhattan') this.#kernels.manhattanRange(...args);
    else this.#kernels.dotRange(...args);
  }

  /** Approximate scores of `count` rows from `first` on, larger is nearer: of `dot` and `cosine` the score, of `euclid` (|q|² - d²) / 2. */
  scanCodes(distance: Distance, first: number, count: number, queryStep: number): void {
    assert(count <= BLOCK_ROWS, 'a block has its bound');
    const { width, codesAt, metaAt } = this.#layout;
    this.#kernels.scanCodes(
      codesAt + first * width,
      metaAt + first * META_BYTES,
      count,
      this.#queryCodesAt,
      width,
      queryStep,
      distance === 'euclid' ? 1 : 0,
      this.#scoresAt,
    );
  }

  #rowAt(row: number): number {
    return this.#layout.rowsAt + row * this.#layout.rowBytes;
  }
}
