import { pointKeyText, type PointKey } from '../../base/point-id.ts';
import type { CollectionSchema } from '../collection-schema.ts';
import type { GrowingHandle } from '../segment/index-view.ts';
import type { StoredRow } from '../segment/points-file.ts';
import { VectorArena } from '../vector-arena.ts';
import { FilterMatches } from './filter-matches.ts';
import type { FilterQuery } from './filter-query.ts';
import { LruCache } from './lru-cache.ts';
import type { RowSelection } from './row-selection.ts';
import type { ReaderThread, SegmentFindings, SegmentReader } from './segment-reader.ts';
import { inStage } from './stage-timer.ts';
import type { VectorQuery } from './vector-query.ts';

/** From how many numbers in all rows on the codes are scanned instead of the originals. */
const CODE_SCAN_NUMBERS_MIN = 1_000_000;
const CACHED_FILTERS = 16;

interface Column {
  readonly arena: VectorArena;
  readonly present: Uint8Array;
}

/** A growing segment as a search thread reads it: all of it in shared memory, scanned. */
export class GrowingReader implements SegmentReader {
  readonly kind = 'growing';
  readonly #handle: GrowingHandle;
  readonly #schema: CollectionSchema;
  readonly #state: Int32Array;
  readonly #createdAt: Float64Array;
  readonly #deletedAt: Float64Array;
  readonly #shards: Uint16Array;
  readonly #versions: Float64Array;
  readonly #offsets: Uint32Array;
  readonly #bytes: Uint8Array;
  readonly #columns: ReadonlyMap<string, Column>;
  readonly #matches: LruCache<FilterMatches>;

  constructor(handle: GrowingHandle, schema: CollectionSchema, thread: ReaderThread) {
    this.#matches = new LruCache(CACHED_FILTERS, thread.lookups);
    this.#handle = handle;
    this.#schema = schema;
    this.#state = new Int32Array(handle.state);
    this.#createdAt = new Float64Array(handle.createdAt);
    this.#deletedAt = new Float64Array(handle.deletedAt);
    this.#shards = new Uint16Array(handle.shards);
    this.#versions = new Float64Array(handle.versions);
    this.#offsets = new Uint32Array(handle.offsets);
    this.#bytes = new Uint8Array(handle.bytes);
    this.#columns = new Map(
      Object.entries(handle.columns).map(([name, column]) => [
        name,
        {
          arena: VectorArena.attach(column.arena, thread.lane),
          present: new Uint8Array(column.present),
        },
      ]),
    );
  }

  get vectorNames(): readonly string[] {
    return [...this.#columns.keys()];
  }

  search(query: VectorQuery, selection: RowSelection, sequence: number): SegmentFindings {
    const { filter, shards } = selection;
    const rows = this.#rows(sequence);
    const { arena, present } = this.#column(query.using);
    const matches = filter && inStage(query.timer, 'filter', () => this.#matching(filter));
    const accept = (slot: number): boolean =>
      this.#isVisible(slot, sequence) &&
      present[slot] === 1 &&
      (shards?.has(this.shard(slot)) ?? true) &&
      (matches?.has(slot) ?? true);
    const { distance } = this.#vectorSchema(query.using);
    const wanted = query.offset + query.limit;
    const byCodes =
      !query.exact && arena.handle.codes && rows * arena.dimension >= CODE_SCAN_NUMBERS_MIN;
    const ranked = inStage(query.timer, 'scan', () =>
      byCodes
        ? arena.nearestByCodes(distance, query.vector, 0, rows, wanted, accept)
        : arena.nearest(distance, query.vector, 0, rows, wanted, accept),
    );
    const explanation = {
      kind: 'growing' as const,
      rows,
      strategy: filter === undefined ? ('exact' as const) : ('exactOverMatches' as const),
      indexed: [],
      unindexed: [],
      candidates: rows,
      rescored: rows,
    };
    return { ranked, explanation };
  }

  forEachMatch(
    { filter, shards }: RowSelection & { readonly filter: FilterQuery },
    sequence: number,
    visit: (slot: number) => void,
  ): void {
    const rows = this.#rows(sequence);
    const matches = this.#matching(filter);
    for (let slot = 0; slot < rows; slot += 1) {
      if (shards?.has(this.shard(slot)) === false) continue;
      if (this.#isVisible(slot, sequence) && matches.has(slot)) visit(slot);
    }
  }

  find(key: PointKey, sequence: number): number | undefined {
    const text = pointKeyText(key);
    const rows = this.#rows(sequence);
    for (let slot = 0; slot < rows; slot += 1) {
      if (this.#isVisible(slot, sequence) && pointKeyText(this.key(slot)) === text) return slot;
    }
    return undefined;
  }

  key(slot: number): PointKey {
    return this.#bytes.slice(this.#offsets[2 * slot], this.#offsets[2 * slot + 1]);
  }

  row(slot: number): StoredRow {
    const start = this.#offsets[2 * slot] as number;
    const keyBytes = (this.#offsets[2 * slot + 1] as number) - start;
    const bytes = this.#bytes.slice(start, this.#offsets[2 * slot + 2]);
    return { key: bytes.subarray(0, keyBytes), payload: bytes.subarray(keyBytes) };
  }

  shard(slot: number): number {
    return this.#shards[slot] as number;
  }

  version(slot: number): number {
    return this.#versions[slot] as number;
  }

  vector(name: string, slot: number): Float32Array | undefined {
    const column = this.#columns.get(name);
    return column?.present[slot] === 1 ? column.arena.row(slot).slice() : undefined;
  }

  [Symbol.dispose](): void {
    // Shared memory goes with the last reference to it.
  }

  /** Rows that were written at `sequence`, and perhaps some that came later. */
  #rows(sequence: number): number {
    let rows = Atomics.load(this.#state, 0);
    while (rows > 0 && (this.#createdAt[rows - 1] as number) > sequence) rows -= 1;
    return rows;
  }

  #isVisible(slot: number, sequence: number): boolean {
    const deletedAt = this.#deletedAt[slot] as number;
    return (
      (this.#createdAt[slot] as number) <= sequence && (deletedAt === 0 || deletedAt > sequence)
    );
  }

  #matching(filter: FilterQuery): FilterMatches {
    let matches = this.#matches.get(filter.text);
    if (matches === undefined) {
      const passes = (slot: number): boolean => {
        const { key, payload } = this.row(slot);
        const has = (name: string): boolean => this.#columns.get(name)?.present[slot] === 1;
        return filter.passes(key, payload, has);
      };
      matches = new FilterMatches({ capacity: this.#handle.capacity, passes });
      this.#matches.set(filter.text, matches);
    }
    return matches;
  }

  #column(name: string): Column {
    return this.#columns.get(name) as Column;
  }

  #vectorSchema(name: string) {
    return this.#schema.vectors[name] as CollectionSchema['vectors'][string];
  }
}
