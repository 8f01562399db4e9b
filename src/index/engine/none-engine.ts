import hnswlib from 'hnswlib-node';
import { assert } from '../../base/assert.ts';
import { VectorDbError } from '../../base/error.ts';
import type { VectorSchema } from '../collection-schema.ts';
import type { GraphBuilder, GraphEncoding, GraphEngine, GraphView } from './graph-engine.ts';

type HnswIndex = InstanceType<typeof hnswlib.HierarchicalNSW>;

/** Unchanged float32 vectors in a hnswlib graph: the one place that knows the library. Each thread reads a copy of its own. Manhattan's candidates are found by euclid's. */
export const noneEngine: GraphEngine = {
  capabilities: { sharedMapping: false },
  create: (schema) => new HnswlibBuilder(schema, undefined),
  extend: (schema, path) => new HnswlibBuilder(schema, path),
  open: (schema, path) => new HnswlibView(schema, path),
};

class HnswlibBuilder implements GraphBuilder {
  readonly encoding: GraphEncoding = {};
  readonly #schema: VectorSchema;
  readonly #index: HnswIndex;

  constructor(schema: VectorSchema, path: string | undefined) {
    this.#schema = schema;
    this.#index = path === undefined ? emptyIndex(schema) : readIndex(schema, path);
  }

  get size(): number {
    return this.#index.getCurrentCount();
  }

  add(slots: Uint32Array, rows: Float32Array): void {
    const { dimension } = this.#schema;
    assert(rows.length === slots.length * dimension, 'a row for each slot');
    const needed = this.size + slots.length;
    if (needed > this.#index.getMaxElements()) {
      this.#index.resizeIndex(Math.max(needed, 2 * this.size));
    }
    for (let i = 0; i < slots.length; i += 1) {
      const row = Array.from(rows.subarray(i * dimension, (i + 1) * dimension));
      this.#index.addPoint(row, slots[i] as number);
    }
  }

  save(path: string): void {
    try {
      this.#index.writeIndexSync(path);
    } catch (cause) {
      throw new VectorDbError('STORAGE_FAILED', `${path}: the graph was not written`, { cause });
    }
  }
}

class HnswlibView implements GraphView {
  readonly size: number;
  readonly #schema: VectorSchema;
  readonly #index: HnswIndex;

  constructor(schema: VectorSchema, path: string) {
    this.#schema = schema;
    this.#index = readIndex(schema, path);
    this.size = this.#index.getCurrentCount();
  }

  search(query: Float32Array, candidates: number): Uint32Array {
    assert(query.length === this.#schema.dimension, 'a query has the schema’s dimension');
    const count = Math.min(candidates, this.size);
    if (count <= 0) return new Uint32Array(0);
    this.#index.setEf(count);
    return Uint32Array.from(this.#index.searchKnn(Array.from(query), count).neighbors);
  }
}

function libraryIndex({ dimension, distance }: VectorSchema): HnswIndex {
  const space = distance === 'cosine' || distance === 'dot' ? 'ip' : 'l2';
  return new hnswlib.HierarchicalNSW(space, dimension);
}

function emptyIndex(schema: VectorSchema): HnswIndex {
  const index = libraryIndex(schema);
  index.initIndex({ maxElements: 1024, m: schema.m, efConstruction: schema.efConstruction });
  return index;
}

/** @throws {VectorDbError} DATA_CORRUPT when the file is not a graph; not every damage is noticed */
function readIndex(schema: VectorSchema, path: string): HnswIndex {
  const index = libraryIndex(schema);
  try {
    index.readIndexSync(path);
  } catch (cause) {
    throw new VectorDbError('DATA_CORRUPT', `${path}: not a graph`, { cause });
  }
  return index;
}
