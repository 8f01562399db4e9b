import type {
  SearchExplanation,
  SearchRequest,
  SearchResult,
} from '../../database/vector-database.ts';
import type { Limits } from '../../database/limits.ts';
import { checkAtMost, checkCount, invalidField } from '../request-checks.ts';
import { readFilter } from './filter-codec.ts';
import type * as wire from './generated/messages.ts';
import { readSelectors, readVector, writeVectors } from './point-codec.ts';
import { writePointId } from './point-id-codec.ts';

/** Points that a search or scroll gives where it does not say. */
export const DEFAULT_LIMIT = 10;

/**
 * @param collection - for a search that names none
 * @param prefix - where the search stands in the request, for errors: empty or ending with a dot
 * @throws {VectorDbError} INVALID_ARGUMENT, INVALID_FILTER, LIMIT_EXCEEDED
 */
export function readSearch(
  message: wire.SearchRequest,
  collection: string,
  limits: Limits,
  prefix = '',
): SearchRequest {
  const { using, limit = DEFAULT_LIMIT, offset, filter, scoreThreshold, ef } = message;
  const vector = readVector(message.vector, `${prefix}vector`);
  if (vector.length === 0) throw invalidField(`${prefix}vector`, 'is empty');
  checkAtMost(vector.length, limits.dimensionMax, `${prefix}vector`);
  checkCount(limit, 1, limits.limitMax, `${prefix}limit`);
  if (offset !== undefined) checkCount(offset, 0, limits.offsetMax, `${prefix}offset`);
  if (ef !== undefined) checkCount(ef, 1, limits.efMax, `${prefix}ef`);
  if (scoreThreshold !== undefined && !Number.isFinite(scoreThreshold)) {
    throw invalidField(`${prefix}score_threshold`, 'must be finite');
  }
  return {
    collection: message.collection || collection,
    vector,
    limit,
    select: readSelectors(message, prefix),
    ...(using === undefined ? {} : { using }),
    ...(offset === undefined ? {} : { offset }),
    ...(filter === undefined ? {} : { filter: readFilter(filter, `${prefix}filter`, limits) }),
    ...(scoreThreshold === undefined ? {} : { scoreThreshold }),
    ...(ef === undefined ? {} : { ef }),
    ...(message.exact === true ? { exact: true } : {}),
    ...(message.explain === true ? { explain: true } : {}),
  };
}

/** What was found, as a message. */
export function writeSearchResult(result: SearchResult, asValues: boolean): wire.SearchResponse {
  return {
    points: result.points.map((point) => ({
      id: writePointId(point.id),
      score: point.score,
      version: point.version,
      payloadJson: point.payload,
      vectors: writeVectors(point.vectors, asValues),
    })),
    explanation: result.explanation && writeExplanation(result.explanation),
  };
}

const STRATEGIES = {
  graph: 'SEARCH_STRATEGY_GRAPH',
  exact: 'SEARCH_STRATEGY_EXACT',
  exactOverMatches: 'SEARCH_STRATEGY_EXACT_OVER_MATCHES',
  filteredGraph: 'SEARCH_STRATEGY_FILTERED_GRAPH',
  nothingMatches: 'SEARCH_STRATEGY_NOTHING_MATCHES',
} as const;

function writeExplanation(explanation: SearchExplanation): wire.SearchExplanation {
  return {
    segments: explanation.segments.map((segment) => ({
      ...segment,
      kind: segment.kind === 'growing' ? 'SEGMENT_KIND_GROWING' : 'SEGMENT_KIND_SEALED',
      strategy: STRATEGIES[segment.strategy],
    })),
  };
}
