import hnswlib from 'hnswlib-node';
import { Index, MetricKind, ScalarKind } from 'usearch';

import type { VectorSchema } from '../src/index/collection-schema.ts';
import { binaryEncoding } from '../src/index/engine/binary-engine.ts';
import type { VectorEncoder } from '../src/index/engine/usearch-engine.ts';
import type { VectorArena } from '../src/index/vector-arena.ts';
import { RECALL_LIMIT } from './truth.ts';
import { countOf, vectorOf, type VectorSet } from './vector-set.ts';

/** The libraries below the engines, as a program that has nothing else would call them. */
export const RAW_KINDS = [
  'usearch b1',
  'usearch i8',
  'usearch f16',
  'usearch f32',
  'hnswlib',
] as const;
export type RawKind = (typeof RAW_KINDS)[number];

/** How candidates get their order: as the graph gave them, or by the original vectors, compared by plain JavaScript or by the project's kernels. */
export type Rescoring = 'none' | 'plain' | 'kernel';

/** How a graph is built. */
export interface GraphShape {
  readonly m: number;
  readonly efConstruction: number;
}

export const M = 32;
export const EF_CONSTRUCTION = 400;
/** As every collection here has it. */
export const SAME_SHAPE: GraphShape = { m: M, efConstruction: EF_CONSTRUCTION };
/** For libraries that are shown for reference over many rows: with the full shape, building takes them a quarter of an hour. */
export const REFERENCE_SHAPE: GraphShape = { m: 16, efConstruction: 100 };
const SAMPLE_ROWS = 2000;

/** A graph of one library, used by one thread. */
export interface RawGraph {
  /** Rows `from` up to, not including, `to`, in one call where the library has such. */
  add(set: VectorSet, from: number, to: number): void;
  /** The nearest rows, `candidates` of them, nearest first. */
  search(query: Float32Array, candidates: number): ArrayLike<number | bigint>;
  /** As {@link search}, of rows that pass; absent where the library has no such thing. */
  filtered?(
    query: Float32Array,
    candidates: number,
    accept: (row: number) => boolean,
  ): readonly number[];
  save(path: string): void;
  load(path: string): void;
}

/** An empty graph for cosine. */
export function rawGraph(kind: RawKind, set: VectorSet, shape: GraphShape = SAME_SHAPE): RawGraph {
  switch (kind) {
    case 'hnswlib':
      return new HnswlibGraph(set.dimension, countOf(set, 'rows'), shape);
    case 'usearch b1':
      return new RotatedGraph(set);
    case 'usearch i8':
      return new UsearchGraph(set.dimension, MetricKind.Cos, ScalarKind.I8, shape);
    case 'usearch f16':
      return new UsearchGraph(set.dimension, MetricKind.Cos, ScalarKind.F16, shape);
    case 'usearch f32':
      return new UsearchGraph(set.dimension, MetricKind.Cos, ScalarKind.F32, shape);
  }
}

class UsearchGraph implements RawGraph {
  readonly #index: Index;

  constructor(dimensions: number, metric: MetricKind, quantization: ScalarKind, shape: GraphShape) {
    this.#index = new Index({
      ...{ dimensions, metric, quantization, multi: false },
      ...{ connectivity: shape.m, expansion_add: shape.efConstruction },
      expansion_search: RECALL_LIMIT,
    });
  }

  add(set: VectorSet, from: number, to: number): void {
    this.addRows(from, to, set.rows.subarray(from * set.dimension, to * set.dimension));
  }

  addRows(from: number, to: number, rows: Float32Array): void {
    const keys = BigUint64Array.from({ length: to - from }, (_, i) => BigInt(from + i));
    this.#index.add(keys, rows, 1);
  }

  /** The library considers as many as are asked for. */
  search(query: Float32Array, candidates: number): BigUint64Array {
    return this.#index.search(query, candidates, 1).keys;
  }

  save(path: string): void {
    this.#index.save(path);
  }

  load(path: string): void {
    this.#index.load(path);
  }
}

/** Bits of the same rotation as the binary engine's, which without one finds little. */
class RotatedGraph implements RawGraph {
  readonly #encoder: VectorEncoder;
  readonly #graph: UsearchGraph;

  constructor(set: VectorSet) {
    const schema: VectorSchema = {
      ...{ dimension: set.dimension, distance: 'cosine', quantization: 'binary' },
      ...{ m: M, efConstruction: EF_CONSTRUCTION, efSearch: 200 },
    };
    const sample = set.rows.subarray(0, SAMPLE_ROWS * set.dimension);
    this.#encoder = binaryEncoding.encoder(schema, binaryEncoding.fit(schema, sample));
    this.#graph = new UsearchGraph(
      this.#encoder.dimension,
      MetricKind.Hamming,
      ScalarKind.B1,
      SAME_SHAPE,
    );
  }

  add(set: VectorSet, from: number, to: number): void {
    const { rowsMax } = this.#encoder;
    const { dimension } = set;
    for (let first = from; first < to; first += rowsMax) {
      const last = Math.min(to, first + rowsMax);
      const rows = set.rows.subarray(first * dimension, last * dimension);
      const bits = this.#encoder.encode(rows, last - first, 'row');
      this.#graph.addRows(first, last, bits as Float32Array);
    }
  }

  search(query: Float32Array, candidates: number): BigUint64Array {
    return this.#graph.search(this.#encoder.encode(query, 1, 'query') as Float32Array, candidates);
  }

  save(path: string): void {
    this.#graph.save(path);
  }

  load(path: string): void {
    this.#graph.load(path);
  }
}

class HnswlibGraph implements RawGraph {
  readonly #index: InstanceType<typeof hnswlib.HierarchicalNSW>;

  constructor(dimension: number, rows: number, shape: GraphShape) {
    this.#index = new hnswlib.HierarchicalNSW('cosine', dimension);
    this.#index.initIndex(rows, shape.m, shape.efConstruction);
  }

  add(set: VectorSet, from: number, to: number): void {
    for (let row = from; row < to; row += 1) {
      this.#index.addPoint(Array.from(vectorOf(set, 'rows', row)), row);
    }
  }

  search(query: Float32Array, candidates: number): readonly number[] {
    this.#index.setEf(candidates);
    return this.#index.searchKnn(Array.from(query), RECALL_LIMIT).neighbors;
  }

  filtered(
    query: Float32Array,
    candidates: number,
    accept: (row: number) => boolean,
  ): readonly number[] {
    this.#index.setEf(candidates);
    return this.#index.searchKnn(Array.from(query), RECALL_LIMIT, accept).neighbors;
  }

  save(path: string): void {
    this.#index.writeIndexSync(path);
  }

  load(path: string): void {
    this.#index.readIndexSync(path);
  }
}

/** Puts candidates into the order of their original vectors. */
export class Rescorer {
  readonly #set: VectorSet;
  readonly #arena: VectorArena | undefined;
  #slots = new Uint32Array(0);
  #scores = new Float32Array(0);

  /** @param arena - of the set's rows, where the kernels are to be used */
  constructor(set: VectorSet, arena?: VectorArena) {
    this.#set = set;
    this.#arena = arena;
  }

  /** The ten best of the candidates, best first. */
  best(query: Float32Array, candidates: ArrayLike<number | bigint>, how: Rescoring): number[] {
    const count = candidates.length;
    if (this.#slots.length < count) {
      this.#slots = new Uint32Array(count);
      this.#scores = new Float32Array(count);
    }
    const slots = this.#slots;
    for (let i = 0; i < count; i += 1) slots[i] = Number(candidates[i]);
    if (how === 'none') return [...slots.subarray(0, Math.min(count, RECALL_LIMIT))];
    const scores = this.#scores;
    if (how === 'kernel' && this.#arena !== undefined) {
      this.#arena.score('cosine', query, slots, count, scores);
    } else {
      plainScores(query, this.#set.rows, slots, count, scores);
    }
    const order = Array.from({ length: count }, (_, i) => i);
    order.sort((a, b) => (scores[b] as number) - (scores[a] as number));
    return order.slice(0, RECALL_LIMIT).map((i) => slots[i] as number);
  }
}

function plainScores(
  query: Float32Array,
  rows: Float32Array,
  slots: Uint32Array,
  count: number,
  scores: Float32Array,
): void {
  const dimension = query.length;
  for (let candidate = 0; candidate < count; candidate += 1) {
    const start = (slots[candidate] as number) * dimension;
    let sum = 0;
    for (let i = 0; i < dimension; i += 1) {
      sum += (query[i] as number) * (rows[start + i] as number);
    }
    scores[candidate] = sum;
  }
}
