import { must } from '../../base/assert.ts';
import type { PointKey } from '../../base/point-id.ts';
import { compareScores, type Distance } from '../distance.ts';
import type { Filter } from '../filter/filter.ts';
import { compileProjection } from '../payload/payload-projection.ts';
import type { SegmentExplanation } from '../search-explanation.ts';
import type { Selectors } from '../selectors.ts';
import { CommittedSequence } from '../segment/committed-sequence.ts';
import type { IndexView } from '../segment/index-view.ts';
import { prepareFilter } from './filter-query.ts';
import { GrowingReader } from './growing-reader.ts';
import { SealedReader } from './sealed-reader.ts';
import type { ReaderThread, SegmentReader } from './segment-reader.ts';
import { ShardSelection } from './shard-selection.ts';
import { inStage } from './stage-timer.ts';
import type { SearchHit, VectorQuery, VectorQueryResult } from './vector-query.ts';

/** A view with a reader for each of its segments. */
interface OpenView {
  readonly view: IndexView;
  readonly committed: CommittedSequence;
  readonly readers: ReadonlyMap<number, SegmentReader>;
}

interface Candidate {
  readonly reader: SegmentReader;
  readonly slot: number;
  readonly score: number;
  key: PointKey | undefined;
}

/** Searches the collections of this node on one thread, by the views it was given. */
export class CollectionSearcher implements Disposable {
  readonly #thread: ReaderThread;
  readonly #views = new Map<number, OpenView>();

  constructor(thread: ReaderThread) {
    this.#thread = thread;
  }

  /**
   * Opens what is new in a view and closes what it does not have any more; the files of a view exist at least until every thread has adopted the
   * next one.
   */
  adopt(view: IndexView): void {
    const before = this.#views.get(view.schema.number);
    const readers = new Map<number, SegmentReader>();
    for (const handle of [...view.sealed, ...view.growing]) {
      const known = before?.readers.get(handle.id);
      if (handle.kind === 'sealed' && known instanceof SealedReader) known.update(handle);
      readers.set(
        handle.id,
        known ??
          (handle.kind === 'sealed'
            ? new SealedReader(handle, view.schema, this.#thread)
            : new GrowingReader(handle, view.schema, this.#thread)),
      );
    }
    for (const [id, reader] of before?.readers ?? []) {
      if (readers.get(id) !== reader) reader[Symbol.dispose]();
    }
    const committed = new CommittedSequence(view.committed);
    this.#views.set(view.schema.number, { view, committed, readers });
  }

  /** Closes a collection's segments. */
  drop(collection: number): void {
    for (const reader of this.#views.get(collection)?.readers.values() ?? []) {
      reader[Symbol.dispose]();
    }
    this.#views.delete(collection);
  }

  /**
   * The nearest points at one moment: that of the call.
   *
   * @throws {VectorDbError} INVALID_FILTER, INVALID_ARGUMENT
   */
  search(view: IndexView, query: VectorQuery): VectorQueryResult {
    const { readers, committed } = this.#open(view);
    const sequence = committed.load();
    const { distance } = must(view.schema.vectors[query.using], 'the vector is of the schema');
    const filter = query.filter && prepareFilter(query.filter, view.schema);
    const selection = { filter, shards: ShardSelection.within(view, query.shards) };
    const explanations: SegmentExplanation[] = [];
    const candidates: Candidate[] = [];
    for (const reader of readers.values()) {
      const { ranked, explanation } = reader.search(query, selection, sequence);
      if (query.explain) explanations.push(explanation);
      for (let i = 0; i < ranked.count; i += 1) {
        const score = ranked.scores[i] as number;
        const slot = ranked.slots[i] as number;
        candidates.push({ reader, slot, score, key: undefined });
      }
    }
    const nearest = best(candidates, distance, query);
    const toHit = hitOf(query.select);
    return {
      hits: inStage(query.timer, 'fetch', () => nearest.map(toHit)),
      explanation: query.explain ? { segments: explanations } : undefined,
    };
  }

  /**
   * How many points pass the filter, exactly.
   *
   * @param shards - only points of these, ascending; absent: all that are here
   * @throws {VectorDbError} as {@link search}
   */
  count(view: IndexView, filter: Filter, shards?: Uint16Array): number {
    const { readers, committed } = this.#open(view);
    const sequence = committed.load();
    const selection = {
      filter: prepareFilter(filter, view.schema),
      shards: ShardSelection.within(view, shards),
    };
    let count = 0;
    for (const reader of readers.values()) {
      reader.forEachMatch(selection, sequence, () => {
        count += 1;
      });
    }
    return count;
  }

  /**
   * Keys of points that pass the filter, ascending.
   *
   * @param page - `from`: the first key that counts; at most `limit` keys are returned, of points of `shards` (ascending; absent: all that are here)
   * @throws {VectorDbError} as {@link search}
   */
  matching(
    view: IndexView,
    filter: Filter,
    page: {
      readonly from?: PointKey | undefined;
      readonly limit: number;
      readonly shards?: Uint16Array | undefined;
    },
  ): PointKey[] {
    const { readers, committed } = this.#open(view);
    const sequence = committed.load();
    const selection = {
      filter: prepareFilter(filter, view.schema),
      shards: ShardSelection.within(view, page.shards),
    };
    const keys: PointKey[] = [];
    for (const reader of readers.values()) {
      reader.forEachMatch(selection, sequence, (slot) => {
        const key = reader.key(slot);
        if (page.from === undefined || Buffer.compare(key, page.from) >= 0) keys.push(key);
      });
    }
    return keys.toSorted((a, b) => Buffer.compare(a, b)).slice(0, page.limit);
  }

  [Symbol.dispose](): void {
    for (const collection of [...this.#views.keys()]) this.drop(collection);
  }

  #open(view: IndexView): OpenView {
    const known = this.#views.get(view.schema.number);
    if (known?.view === view) return known;
    this.adopt(view);
    return must(this.#views.get(view.schema.number), 'a view was adopted');
  }
}

/** The page of candidates that the query asks for, nearest first; equal scores by key, which is only read where scores are equal. */
function best(candidates: Candidate[], distance: Distance, query: VectorQuery): Candidate[] {
  candidates.sort((a, b) => compareScores(distance, a.score, b.score) || compareKeys(a, b));
  const page = candidates.slice(query.offset, query.offset + query.limit);
  const threshold = query.scoreThreshold;
  if (threshold === undefined) return page;
  return page.filter(({ score }) => compareScores(distance, score, threshold) < 0);
}

function compareKeys(a: Candidate, b: Candidate): number {
  a.key ??= a.reader.key(a.slot);
  b.key ??= b.reader.key(b.slot);
  return Buffer.compare(a.key, b.key);
}

const NO_PAYLOAD = new Uint8Array(0);

function hitOf(select: Selectors): (candidate: Candidate) => SearchHit {
  const project = compileProjection(select.payload);
  return ({ reader, slot, score, key }) => {
    const isPayloadWanted = select.payload !== false;
    const row = isPayloadWanted
      ? reader.row(slot)
      : { key: key ?? reader.key(slot), payload: NO_PAYLOAD };
    return {
      key: row.key,
      shard: reader.shard(slot),
      version: reader.version(slot),
      score,
      payload: isPayloadWanted ? project(row.payload) : row.payload,
      vectors: select.vectors === false ? undefined : vectorsOf(reader, slot, select.vectors),
    };
  };
}

function vectorsOf(
  reader: SegmentReader,
  slot: number,
  names: true | readonly string[],
): Record<string, Float32Array> {
  const vectors: Record<string, Float32Array> = {};
  for (const name of names === true ? reader.vectorNames : names) {
    const vector = reader.vector(name, slot);
    if (vector !== undefined) vectors[name] = vector;
  }
  return vectors;
}
