import { assert } from '../../base/assert.ts';
import type { VectorSchema } from '../collection-schema.ts';
import type { GraphBuilder, GraphEncoding, GraphEngine, GraphView } from './graph-engine.ts';
import { type GraphMetric, type GraphScalar, UsearchGraph } from './usearch-graph.ts';

/** Turns vectors into what the graph compares; holds scratch memory, so one thread and one call at a time. */
export interface VectorEncoder {
  /** Numbers (bits, for a binary graph) of an encoded vector. */
  readonly dimension: number;
  /** Rows taken by one call at most. */
  readonly rowsMax: number;
  /**
   * @param rows - `count` vectors one after another
   * @param role - an encoding may treat the rows of the graph and what is looked for unlike
   * @returns the encoded vectors, valid until the next call
   */
  encode(rows: Float32Array, count: number, role: 'row' | 'query'): Float32Array | Int8Array;
}

/** How one quantization makes use of usearch. */
export interface UsearchEncoding {
  readonly scalar: GraphScalar;
  metric(schema: VectorSchema): GraphMetric;
  /** Fits the encoding to a sample, which may be empty. */
  fit(schema: VectorSchema, sample: Float32Array): GraphEncoding;
  encoder(schema: VectorSchema, encoding: GraphEncoding): VectorEncoder;
}

/** A {@link GraphEngine} of usearch graphs over encoded vectors. */
export function usearchEngine(kind: UsearchEncoding): GraphEngine {
  const empty = (schema: VectorSchema, encoder: VectorEncoder): UsearchGraph =>
    new UsearchGraph({
      dimension: encoder.dimension,
      scalar: kind.scalar,
      metric: kind.metric(schema),
      m: schema.m,
      efConstruction: schema.efConstruction,
    });
  return {
    capabilities: { sharedMapping: true },
    create(schema, sample) {
      const encoding = kind.fit(schema, sample);
      const encoder = kind.encoder(schema, encoding);
      return new UsearchBuilder(schema, empty(schema, encoder), encoder, encoding);
    },
    extend(schema, path, encoding) {
      const encoder = kind.encoder(schema, encoding);
      const graph = empty(schema, encoder);
      graph.load(path);
      return new UsearchBuilder(schema, graph, encoder, encoding);
    },
    open(schema, path, encoding) {
      const encoder = kind.encoder(schema, encoding);
      const graph = empty(schema, encoder);
      graph.view(path);
      return new UsearchView(schema, graph, encoder);
    },
  };
}

class UsearchBuilder implements GraphBuilder {
  readonly encoding: GraphEncoding;
  readonly #schema: VectorSchema;
  readonly #graph: UsearchGraph;
  readonly #encoder: VectorEncoder;

  constructor(
    schema: VectorSchema,
    graph: UsearchGraph,
    encoder: VectorEncoder,
    encoding: GraphEncoding,
  ) {
    this.encoding = encoding;
    this.#schema = schema;
    this.#graph = graph;
    this.#encoder = encoder;
  }

  get size(): number {
    return this.#graph.size;
  }

  add(slots: Uint32Array, rows: Float32Array): void {
    const { dimension } = this.#schema;
    assert(rows.length === slots.length * dimension, 'a row for each slot');
    const { rowsMax } = this.#encoder;
    for (let first = 0; first < slots.length; first += rowsMax) {
      const last = Math.min(slots.length, first + rowsMax);
      const block = rows.subarray(first * dimension, last * dimension);
      const encoded = this.#encoder.encode(block, last - first, 'row');
      this.#graph.add(slots.subarray(first, last), encoded);
    }
  }

  save(path: string): void {
    this.#graph.save(path);
  }
}

class UsearchView implements GraphView {
  readonly #schema: VectorSchema;
  readonly #graph: UsearchGraph;
  readonly #encoder: VectorEncoder;

  constructor(schema: VectorSchema, graph: UsearchGraph, encoder: VectorEncoder) {
    this.#schema = schema;
    this.#graph = graph;
    this.#encoder = encoder;
  }

  get size(): number {
    return this.#graph.size;
  }

  search(query: Float32Array, candidates: number): Uint32Array {
    assert(query.length === this.#schema.dimension, 'a query has the schema’s dimension');
    return this.#graph.search(this.#encoder.encode(query, 1, 'query'), candidates);
  }
}
