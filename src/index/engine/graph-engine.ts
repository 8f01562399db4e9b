import type { VectorSchema } from '../collection-schema.ts';

/**
 * A graph library behind one port: how a sealed segment's graph is built, extended and searched. A graph holds slots (row numbers of its segment),
 * not ids, and only finds candidates: the caller rescores them with the original vectors.
 */
export interface GraphEngine {
  readonly capabilities: {
    /** Threads that open the same file share its memory. */
    readonly sharedMapping: boolean;
  };
  /** A new, empty graph. `sample` (rows after one another, `dimension` numbers each, at most a few thousand) is what encodings are fitted to. */
  create(schema: VectorSchema, sample: Float32Array): GraphBuilder;
  /** A graph from a file, to be extended and saved elsewhere; `encoding` is what its builder returned. */
  extend(schema: VectorSchema, path: string, encoding: GraphEncoding): GraphBuilder;
  /** A graph from a file, to be searched. The file is not changed and may be unlinked afterwards. */
  open(schema: VectorSchema, path: string, encoding: GraphEncoding): GraphView;
}

/** How vectors became what the graph compares: small, plain and serializable; the same for the life of a graph. */
export interface GraphEncoding {
  readonly rotationSeed?: number;
  readonly scale?: number;
  readonly center?: readonly number[];
}

/** A graph that is being made; one thread has it. */
export interface GraphBuilder {
  readonly encoding: GraphEncoding;
  readonly size: number;
  /**
   * @param slots - one a row, none that is in the graph already
   * @param rows - the rows after one another, `dimension` numbers each
   */
  add(slots: Uint32Array, rows: Float32Array): void;
  /** Writes the graph; the caller fsyncs and renames. */
  save(path: string): void;
}

/** A finished graph in a mapped file; many threads may have one of the same file. */
export interface GraphView {
  readonly size: number;
  /**
   * The nearest slots, best first, by what the graph compares.
   *
   * @param query - `dimension` numbers
   * @param candidates - how many to return and to consider (both `k` and `ef`), at most `size`
   */
  search(query: Float32Array, candidates: number): Uint32Array;
}
