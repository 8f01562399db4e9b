import { join } from 'node:path';

import { must } from '../../base/assert.ts';
import type { PointKey } from '../../base/point-id.ts';
import { Bitset } from '../bitset.ts';
import type { CollectionSchema, VectorSchema } from '../collection-schema.ts';
import { type Distance, largerIsNearer } from '../distance.ts';
import { engineFor } from '../engine/engine-for.ts';
import type { GraphView } from '../engine/graph-engine.ts';
import type { SegmentExplanation } from '../search-explanation.ts';
import type { SealedHandle } from '../segment/index-view.ts';
import { KeyTable } from '../segment/key-table.ts';
import { POINTS_FILE, PointsFile, type StoredRow } from '../segment/points-file.ts';
import { type RankedSlots, TopRows } from '../top-rows.ts';
import { VectorArena } from '../vector-arena.ts';
import type { FilterQuery } from './filter-query.ts';
import { slotsOf } from './filter-matches.ts';
import { KeyCache } from './key-cache.ts';
import { SealedFields } from './sealed-fields.ts';
import { type SealedMatch, SealedMatches } from './sealed-matches.ts';
import { GRAPH_SHARE_MAX, planFilteredSearch } from './search-planner.ts';
import type { RowSelection } from './row-selection.ts';
import type { ReaderThread, SegmentFindings, SegmentReader } from './segment-reader.ts';
import { inStage } from './stage-timer.ts';
import type { VectorQuery } from './vector-query.ts';

/** A graph is asked for so many even where it has few more. */
const GRAPH_ROWS_ALWAYS = 256;

interface Column {
  readonly schema: VectorSchema;
  readonly arena: VectorArena;
  readonly present: Bitset | undefined;
  readonly graph: GraphView | undefined;
}

type Found = Pick<SegmentFindings, 'ranked'> & Omit<SegmentExplanation, 'kind' | 'rows'>;

/** A sealed segment as a search thread reads it. Its files stay readable after they were unlinked. */
export class SealedReader implements SegmentReader {
  readonly kind = 'sealed';
  readonly #handle: SealedHandle;
  readonly #points: PointsFile;
  readonly #keys: KeyTable;
  readonly #keyCache: KeyCache;
  readonly #deletedAt: Float64Array;
  readonly #deletedCount: Int32Array;
  readonly #shards: Uint16Array;
  readonly #versions: Float64Array;
  readonly #columns: ReadonlyMap<string, Column>;
  readonly #fields: SealedFields;
  readonly #matches: SealedMatches;

  constructor(handle: SealedHandle, schema: CollectionSchema, thread: ReaderThread) {
    this.#handle = handle;
    const offsets = new Float64Array(handle.offsets);
    this.#points = new PointsFile(join(handle.directory, POINTS_FILE), offsets);
    this.#keys = new KeyTable(new Uint32Array(handle.keys));
    this.#keyCache = new KeyCache(handle.rows);
    this.#deletedAt = new Float64Array(handle.deletedAt);
    this.#deletedCount = new Int32Array(handle.deletedCount);
    this.#shards = new Uint16Array(handle.shards);
    this.#versions = new Float64Array(handle.versions);
    this.#fields = new SealedFields(handle);
    this.#matches = new SealedMatches({
      rows: handle.rows,
      shards: this.#shards,
      points: this.#points,
      fields: this.#fields,
      hasVector: (name, slot) => this.#hasVector(name, slot),
      slotOf: (key) => this.#slotOf(key),
      lookups: thread.lookups,
    });
    this.#columns = new Map(
      Object.entries(handle.columns).map(([name, { arena, present, graph }]) => {
        const vectorSchema = must(schema.vectors[name], 'a column has its schema');
        const engine = engineFor(vectorSchema.quantization);
        return [
          name,
          {
            schema: vectorSchema,
            arena: VectorArena.attach(arena, thread.lane),
            present: present && new Bitset(handle.rows, new Uint32Array(present)),
            graph:
              graph &&
              engine.open(vectorSchema, join(handle.directory, graph.file), graph.encoding),
          },
        ];
      }),
    );
  }

  get vectorNames(): readonly string[] {
    return [...this.#columns.keys()];
  }

  search(query: VectorQuery, selection: RowSelection, sequence: number): SegmentFindings {
    const column = must(this.#columns.get(query.using), 'the vector is of the schema');
    const isAll = selection.filter === undefined && selection.shards === undefined;
    const match = isAll
      ? undefined
      : inStage(query.timer, 'filter', () => this.#matches.of(selection));
    const { ranked, ...told } =
      match === undefined
        ? this.#searchAll(column, query, sequence)
        : this.#searchMatches(column, query, selection.filter, match, sequence);
    return { ranked, explanation: { kind: 'sealed', rows: this.#handle.rows, ...told } };
  }

  forEachMatch(
    selection: RowSelection & { readonly filter: FilterQuery },
    sequence: number,
    visit: (slot: number) => void,
  ): void {
    const match = must(this.#matches.of(selection), 'a filter selects rows');
    this.#matches.complete(match, selection.filter);
    match.matches.bits.forEach((slot) => {
      if (this.#isVisible(slot, sequence)) visit(slot);
    });
  }

  /** Takes the handle of a newer view: other payload indexes of the same segment. */
  update(handle: SealedHandle): void {
    this.#fields.update(handle);
  }

  find(key: PointKey, sequence: number): number | undefined {
    const slot = this.#slotOf(key);
    return slot !== undefined && this.#isVisible(slot, sequence) ? slot : undefined;
  }

  key(slot: number): PointKey {
    return this.#keyCache.get(slot, this.#readKey);
  }

  row(slot: number): StoredRow {
    return this.#points.row(slot);
  }

  shard(slot: number): number {
    return this.#shards[slot] as number;
  }

  version(slot: number): number {
    return this.#versions[slot] as number;
  }

  vector(name: string, slot: number): Float32Array | undefined {
    return this.#hasVector(name, slot)
      ? this.#columns.get(name)?.arena.row(slot).slice()
      : undefined;
  }

  [Symbol.dispose](): void {
    this.#points[Symbol.dispose]();
    this.#fields[Symbol.dispose]();
  }

  #searchAll(column: Column, query: VectorQuery, sequence: number): Found {
    const told = { indexed: [], unindexed: [] };
    const candidates = this.#candidates(query);
    if (!query.exact && candidates <= Math.max(this.#graphRowsMax, GRAPH_ROWS_ALWAYS)) {
      const accept = (slot: number): boolean => this.#isVisible(slot, sequence);
      const found = this.#walk(column, query, candidates, accept);
      if (found !== undefined) return { ...found, ...told, strategy: 'graph' };
    }
    return { ...this.#compare(column, query, undefined, sequence), ...told };
  }

  #searchMatches(
    column: Column,
    query: VectorQuery,
    filter: FilterQuery | undefined,
    match: SealedMatch,
    sequence: number,
  ): Found {
    const { matches, possible } = match;
    const { indexed, unindexed, estimated } = match;
    const told = { indexed, unindexed, ...(filter && { estimated }) };
    if (possible === 0 || (matches.isComplete && matches.count === 0)) {
      return { ...NOTHING, ...told, strategy: 'nothingMatches' };
    }
    const plan = planFilteredSearch({
      rows: this.#handle.rows,
      dimension: column.schema.dimension,
      matching: possible * this.#matches.share(match),
      unread: matches.isComplete ? 0 : possible,
      candidates: this.#candidates(query),
    });
    if (plan.kind === 'filteredGraph' && !query.exact && column.graph !== undefined) {
      const accept = (slot: number): boolean =>
        this.#isVisible(slot, sequence) && matches.has(slot);
      const found = this.#walk(column, query, plan.candidates, accept);
      if (found !== undefined) return { ...found, ...told, strategy: 'filteredGraph' };
    }
    inStage(query.timer, 'filter', () => this.#matches.complete(match, filter));
    return { ...this.#compare(column, query, matches.bits, sequence), ...told };
  }

  /** Rows that a graph without a selection is asked for: so many more as rows are dead. */
  #candidates(query: VectorQuery): number {
    const dead = (this.#deletedCount[0] as number) / this.#handle.rows;
    const wanted = Math.max(query.ef, query.offset + query.limit);
    return Math.ceil(wanted / Math.max(1 - dead, 0.01));
  }

  /**
   * Walks the graph for `candidates` rows, for more where too few are accepted, and compares the accepted ones exactly. Undefined where comparing
   * every row is cheaper.
   */
  #walk(
    { graph, schema, arena }: Column,
    query: VectorQuery,
    candidates: number,
    accept: (slot: number) => boolean,
  ): Pick<Found, 'ranked' | 'candidates' | 'rescored'> | undefined {
    if (graph === undefined) return undefined;
    const wanted = query.offset + query.limit;
    // The far end of what a graph finds has gaps: where rows that pass are only found there, nearer ones may be missing.
    const enough = Math.max(wanted, Math.ceil(query.ef / 2));
    for (let count = candidates; count <= Math.max(this.#graphRowsMax, candidates); count *= 2) {
      const wantedSlots = Math.min(count, graph.size);
      const slots = inStage(query.timer, 'graph', () => graph.search(query.vector, wantedSlots));
      let accepted = 0;
      for (const slot of slots) {
        if (!accept(slot)) continue;
        slots[accepted] = slot;
        accepted += 1;
      }
      if (accepted >= enough || slots.length === graph.size) {
        const ranked = rescore(arena, schema.distance, query, slots, accepted);
        return { ranked, candidates: slots.length, rescored: accepted };
      }
    }
    return undefined;
  }

  /** Compares all rows of `matches`, or all there are, that are visible and have the vector. */
  #compare(
    { arena, present, schema }: Column,
    query: VectorQuery,
    matches: Bitset | undefined,
    sequence: number,
  ): Pick<Found, 'ranked' | 'candidates' | 'rescored' | 'strategy'> {
    const { rows } = this.#handle;
    const { distance } = schema;
    const accept = (slot: number): boolean =>
      this.#isVisible(slot, sequence) && (present?.has(slot) ?? true);
    if (matches === undefined) {
      const wanted = query.offset + query.limit;
      const ranked = inStage(query.timer, 'rescore', () =>
        arena.nearest(distance, query.vector, 0, rows, wanted, accept),
      );
      return { ranked, candidates: rows, rescored: rows, strategy: 'exact' };
    }
    const slots = slotsOf(matches);
    let used = 0;
    for (const slot of slots) {
      if (!accept(slot)) continue;
      slots[used] = slot;
      used += 1;
    }
    const ranked = rescore(arena, distance, query, slots, used);
    return { ranked, candidates: used, rescored: used, strategy: 'exactOverMatches' };
  }

  get #graphRowsMax(): number {
    return this.#handle.rows * GRAPH_SHARE_MAX;
  }

  readonly #readKey = (slot: number): PointKey => this.#points.key(slot);

  #slotOf(key: PointKey): number | undefined {
    return this.#keys.find(key, (slot) => Buffer.compare(this.key(slot), key) === 0);
  }

  #isVisible(slot: number, sequence: number): boolean {
    const deletedAt = this.#deletedAt[slot] as number;
    return deletedAt === 0 || deletedAt > sequence;
  }

  #hasVector(name: string, slot: number): boolean {
    const column = this.#columns.get(name);
    return column !== undefined && (column.present?.has(slot) ?? true);
  }
}

const NOTHING = {
  ranked: { slots: new Uint32Array(0), scores: new Float32Array(0), count: 0 },
  candidates: 0,
  rescored: 0,
};

function rescore(
  arena: VectorArena,
  distance: Distance,
  query: VectorQuery,
  slots: Uint32Array,
  count: number,
): RankedSlots {
  const scores = new Float32Array(count);
  inStage(query.timer, 'rescore', () => arena.score(distance, query.vector, slots, count, scores));
  const wanted = Math.min(count, query.offset + query.limit);
  const top = new TopRows(wanted, largerIsNearer(distance));
  for (let i = 0; i < count; i += 1) top.offer(slots[i] as number, scores[i] as number);
  return top.ranked();
}
