import { assert } from '../../base/assert.ts';
import type { PointKey } from '../../base/point-id.ts';
import { seededRandom } from '../../base/random.ts';
import type { Bitset } from '../bitset.ts';
import { planFilter } from '../filter/filter-plan.ts';
import type { PointsFile } from '../segment/points-file.ts';
import { FilterMatches } from './filter-matches.ts';
import { type FilterQuery, prepareResidual } from './filter-query.ts';
import type { LookupCounts } from './lookup-counts.ts';
import { LruCache } from './lru-cache.ts';
import type { RowSelection } from './row-selection.ts';
import type { SealedFields } from './sealed-fields.ts';
import { SealedShards } from './sealed-shards.ts';

/** What is known of a selection of rows on a sealed segment. */
export interface SealedMatch {
  readonly matches: FilterMatches;
  /** Rows expected to pass, before any record was read. */
  readonly estimated: number;
  /** Rows that may pass by what indexes know. */
  readonly possible: number;
  /** Share of the possible rows that pass, from a sample; 1 where indexes know. */
  share: number | undefined;
  readonly indexed: readonly string[];
  readonly unindexed: readonly string[];
}

export interface SealedMatchesOptions {
  readonly rows: number;
  /** Of each row. */
  readonly shards: Uint16Array;
  readonly points: PointsFile;
  readonly fields: SealedFields;
  readonly hasVector: (name: string, slot: number) => boolean;
  readonly slotOf: (key: PointKey) => number | undefined;
  /** Told of filters that were known, and of others. */
  readonly lookups?: LookupCounts | undefined;
}

const CACHED_FILTERS = 32;
const SAMPLE_ROWS = 200;
/** So few records are read one by one instead of all of them in a scan. */
const READ_ALONE_SHARE = 0.1;

/** Tells which rows of a sealed segment are selected: by shards and payload indexes as far as they go, then by records; remembers the filters used last. */
export class SealedMatches {
  readonly #options: SealedMatchesOptions;
  readonly #known: LruCache<SealedMatch>;
  readonly #shards: SealedShards;

  constructor(options: SealedMatchesOptions) {
    this.#options = options;
    this.#shards = new SealedShards(options.shards);
    this.#known = new LruCache(CACHED_FILTERS, options.lookups);
  }

  /** Undefined: every row is selected. */
  of({ filter, shards }: RowSelection): SealedMatch | undefined {
    const within = shards && this.#shards.rows(shards);
    if (filter === undefined) return within && allOf(within);
    const text = within === undefined ? filter.text : `${shards?.text} ${filter.text}`;
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const match = this.#plan(filter, within);
    this.#known.set(text, match);
    return match;
  }

  /** Share of the possible rows that pass: counted where all are known, else from a sample. */
  share(match: SealedMatch): number {
    const { matches, possible } = match;
    if (matches.isComplete) return possible === 0 ? 0 : matches.count / possible;
    const { rows } = this.#options;
    match.share ??= matches.sample(SAMPLE_ROWS, rows, seededRandom(rows));
    return match.share;
  }

  /** Reads what must be read until every row that passes is known. */
  complete({ matches, possible }: SealedMatch, filter: FilterQuery | undefined): void {
    if (matches.isComplete) return;
    assert(filter !== undefined, 'only a filter leaves rows open');
    const { rows, points, hasVector } = this.#options;
    if (possible <= rows * READ_ALONE_SHARE) {
      for (let slot = 0; slot < rows; slot += 1) matches.has(slot);
    } else {
      points.scan(0, rows, (slot, key, payload) => {
        if (!matches.isOpen(slot)) return;
        const has = (name: string): boolean => hasVector(name, slot);
        matches.tell(slot, key.length > 0 && filter.passes(key, payload, has));
      });
    }
    matches.complete();
  }

  /** @param within - rows of the shards that are asked for; absent: all */
  #plan(filter: FilterQuery, within: Bitset | undefined): SealedMatch {
    const { rows, points, fields, hasVector, slotOf } = this.#options;
    const plan = planFilter(filter.filter, { fields: fields.all, rowCount: rows, slotOf });
    const indexed = plan.exact || plan.estimate.max < rows ? plan.candidates() : undefined;
    const superset = within === undefined ? indexed : (indexed?.and(within) ?? within);
    const share = within === undefined ? 1 : within.count() / rows;
    const residual = plan.residual && prepareResidual(plan.residual, filter);
    const passes = (slot: number): boolean => {
      const { key, payload } = points.row(slot);
      return (
        key.length > 0 && (residual ?? filter).passes(key, payload, (name) => hasVector(name, slot))
      );
    };
    return {
      matches: new FilterMatches({
        capacity: rows,
        isExact: plan.exact,
        passes,
        ...(superset && { superset }),
      }),
      estimated: Math.round(plan.estimate.expected * share),
      possible: superset?.count() ?? rows,
      share: undefined,
      indexed: plan.indexedKeys,
      unindexed: plan.unindexedKeys,
    };
  }
}

/** Rows that need not be looked at. */
function allOf(rows: Bitset): SealedMatch {
  const count = rows.count();
  return {
    matches: new FilterMatches({
      capacity: rows.length,
      superset: rows,
      isExact: true,
      passes: () => true,
    }),
    estimated: count,
    possible: count,
    share: undefined,
    indexed: [],
    unindexed: [],
  };
}
