import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { systemClock } from '../../src/base/clock.ts';
import { encodePointId, type PointId } from '../../src/base/point-id.ts';
import type { CollectionSchema, VectorSchema } from '../../src/index/collection-schema.ts';
import { CollectionSearcher } from '../../src/index/search/collection-searcher.ts';
import type { VectorQuery } from '../../src/index/search/vector-query.ts';
import type { CollectionIndexOptions } from '../../src/index/segment/collection-index-options.ts';
import { CollectionIndex } from '../../src/index/segment/collection-index.ts';
import type { IndexEvent } from '../../src/index/segment/index-event.ts';
import type { IndexView } from '../../src/index/segment/index-view.ts';
import type { BuildJob, BuiltSegment } from '../../src/index/segment/build-job.ts';
import { buildSegment } from '../../src/index/segment/segment-builder.ts';

/** A vector's schema for tests. */
export function vectorSchema(overrides: Partial<VectorSchema> = {}): VectorSchema {
  return {
    dimension: 4,
    distance: 'euclid',
    quantization: 'int8',
    m: 16,
    efConstruction: 100,
    efSearch: 64,
    ...overrides,
  };
}

/** A collection's schema for tests. */
export function collectionSchema(overrides: Partial<CollectionSchema> = {}): CollectionSchema {
  return {
    number: 1,
    name: 'c',
    vectors: { '': vectorSchema() },
    payloadIndexes: {},
    ...overrides,
  };
}

/** A point's key. */
export const keyOf = (id: PointId): Uint8Array => encodePointId(id, 'id', 512);

/** A search with defaults. */
export function vectorQuery(
  vector: readonly number[],
  overrides: Partial<VectorQuery> = {},
): VectorQuery {
  return {
    using: '',
    vector: Float32Array.from(vector),
    limit: 10,
    offset: 0,
    ef: 64,
    exact: false,
    filter: undefined,
    scoreThreshold: undefined,
    select: { payload: true, vectors: false },
    explain: false,
    ...overrides,
  };
}

export interface LocalIndexOptions extends Partial<CollectionIndexOptions> {
  /** Shards that are taken without a lineage whenever the index is opened; 0 to 2 unless told. */
  readonly shards?: readonly number[];
}

/** A collection's index and a searcher of it on this one thread, in a temporary directory. */
export class LocalIndex implements AsyncDisposable {
  readonly directory: string;
  readonly events: IndexEvent[] = [];
  searcher = new CollectionSearcher({ lane: 0 });
  readonly views: IndexView[] = [];
  readonly #options: LocalIndexOptions;
  readonly #schema: CollectionSchema;
  #index: CollectionIndex | undefined;
  #life = new AbortController();
  #build: Promise<unknown> = Promise.resolve();

  private constructor(schema: CollectionSchema, options: LocalIndexOptions) {
    this.#schema = schema;
    this.#options = options;
    this.directory = mkdtempSync(join(tmpdir(), 'grape-index-'));
  }

  static async open(
    schema: CollectionSchema = collectionSchema(),
    options: LocalIndexOptions = {},
  ): Promise<LocalIndex> {
    const local = new LocalIndex(schema, options);
    await local.reopen();
    return local;
  }

  get index(): CollectionIndex {
    if (this.#index === undefined) throw new Error('the index is open');
    return this.#index;
  }

  get view(): IndexView {
    const view = this.views.at(-1);
    if (view === undefined) throw new Error('a view was published');
    return view;
  }

  /** Closes the index (or leaves it as a crash does) and opens it again. */
  async reopen(how: 'close' | 'crash' = 'close'): Promise<void> {
    if (how === 'close') await this.#index?.[Symbol.asyncDispose]();
    this.#life.abort();
    await this.#build.catch(() => undefined);
    this.searcher[Symbol.dispose]();
    this.searcher = new CollectionSearcher({ lane: 0 });
    const { shards = [0, 1, 2], ...options } = this.#options;
    const life = new AbortController();
    this.#life = life;
    this.#index = await CollectionIndex.open({
      schema: this.#schema,
      directory: this.directory,
      lanes: 1,
      idleOptimizeMs: 0,
      clock: systemClock,
      publish: (view) => {
        this.views.push(view);
        this.searcher.adopt(view);
      },
      build: (job) => this.build(job, life.signal),
      log: (event) => this.events.push(event),
      ...options,
    });
    for (const shard of shards) {
      this.index.completeShard(shard, this.index.admitShard(shard, 0));
    }
    this.index.commit([]);
  }

  /** A build whose end nobody hears of after a crash. */
  build(job: BuildJob, signal: AbortSignal = this.#life.signal): Promise<BuiltSegment> {
    const breathe = (): Promise<void> => Promise.resolve();
    const build = buildSegment(job, { lane: 0, signal, breathe });
    this.#build = build;
    const { promise, resolve, reject } = Promise.withResolvers<BuiltSegment>();
    build.then(
      (built) => {
        if (!signal.aborted) resolve(built);
      },
      (error: unknown) => {
        if (!signal.aborted) reject(error);
      },
    );
    return promise;
  }

  /** Stages a point with the unnamed vector. */
  put(id: PointId, vector: readonly number[], payload?: unknown, version = 1): void {
    this.index.upsert({
      key: keyOf(id),
      shard: 0,
      version,
      vectors: { '': Float32Array.from(vector) },
      payload: Buffer.from(payload === undefined ? '' : JSON.stringify(payload)),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#index?.[Symbol.asyncDispose]();
    this.searcher[Symbol.dispose]();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
