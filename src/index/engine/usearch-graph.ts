import { Index, MetricKind, ScalarKind } from 'usearch';
import { assert } from '../../base/assert.ts';
import { VectorDbError } from '../../base/error.ts';
import { checkUsearchFile } from './usearch-file.ts';

/** What the graph keeps of a vector, and how it compares. */
export type GraphScalar = 'b1' | 'i8' | 'f16';
/** What a graph compares rows by. */
export type GraphMetric = 'hamming' | 'cos' | 'ip' | 'l2sq';

export interface UsearchGraphOptions {
  /** Numbers of each vector, bits for `b1`. */
  readonly dimension: number;
  readonly scalar: GraphScalar;
  readonly metric: GraphMetric;
  readonly m: number;
  readonly efConstruction: number;
}

const SCALARS = { b1: ScalarKind.B1, i8: ScalarKind.I8, f16: ScalarKind.F16 } as const;
const METRICS = {
  hamming: MetricKind.Hamming,
  cos: MetricKind.Cos,
  ip: MetricKind.IP,
  l2sq: MetricKind.L2sq,
} as const;

/**
 * Codes that reach the library as they are. Its JavaScript half turns every array whose constructor is not Float32Array into one, and its native half
 * would then squeeze those into very few levels; it does take int8 where the JavaScript half lets it pass.
 */
class PassedCodes extends Int8Array {}
Object.defineProperty(PassedCodes.prototype, 'constructor', { value: Float32Array });

/** A usearch graph over slots: the one place that knows the library. One thread at a time. */
export class UsearchGraph {
  readonly #index: Index;
  readonly #dimension: number;

  constructor(options: UsearchGraphOptions) {
    this.#dimension = options.dimension;
    this.#index = new Index({
      dimensions: options.dimension,
      metric: METRICS[options.metric],
      quantization: SCALARS[options.scalar],
      connectivity: options.m,
      expansion_add: options.efConstruction,
      // A search considers the larger of this and its `k`; `k` is what callers choose.
      expansion_search: 16,
      multi: false,
    });
  }

  get size(): number {
    return this.#index.size();
  }

  /** @param rows - `dimension` numbers for each slot, one after another; positive is 1 for `b1` */
  add(slots: Uint32Array, rows: Float32Array | Int8Array): void {
    assert(rows.length === slots.length * this.#dimension, 'a row for each slot');
    if (slots.length === 0) return;
    this.#index.add(BigUint64Array.from(slots, BigInt), passed(rows), 1);
  }

  /** The nearest slots, best first, `candidates` of them or all there are. */
  search(query: Float32Array | Int8Array, candidates: number): Uint32Array {
    const count = Math.min(candidates, this.size);
    if (count <= 0) return new Uint32Array(0);
    const { keys } = this.#index.search(passed(query), count, 1);
    const halves = new Uint32Array(keys.buffer, keys.byteOffset, keys.length * 2);
    const slots = new Uint32Array(keys.length);
    for (let i = 0; i < slots.length; i += 1) slots[i] = halves[2 * i] as number;
    return slots;
  }

  /** @throws {VectorDbError} STORAGE_FAILED when the file cannot be written */
  save(path: string): void {
    try {
      this.#index.save(path);
    } catch (cause) {
      throw new VectorDbError('STORAGE_FAILED', `${path}: the graph was not written`, { cause });
    }
  }

  /**
   * Reads a graph into memory, so that it can grow.
   *
   * @throws {VectorDbError} DATA_CORRUPT when the file is not a graph; damage behind its heads is not noticed and may end the process
   */
  load(path: string): void {
    this.#read(path, () => this.#index.load(path));
  }

  /** Maps a graph; otherwise as {@link load}. */
  view(path: string): void {
    this.#read(path, () => this.#index.view(path));
  }

  #read(path: string, read: () => void): void {
    checkUsearchFile(path);
    try {
      read();
    } catch (cause) {
      throw new VectorDbError('DATA_CORRUPT', `${path}: not a graph`, { cause });
    }
    assert(this.#index.dimensions() === this.#dimension, 'a graph keeps its dimension');
  }
}

function passed(rows: Float32Array | Int8Array): Float32Array | Int8Array {
  if (rows instanceof Float32Array) return rows;
  return new PassedCodes(rows.buffer as ArrayBuffer, rows.byteOffset, rows.length);
}
