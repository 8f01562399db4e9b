import { must } from '../../base/assert.ts';
import { type PointKey, pointKeyText } from '../../base/point-id.ts';
import { unreachable } from '../../base/unreachable.ts';
import { compareScores, type Distance } from '../../index/distance.ts';
import type {
  ReadRequest,
  ReadResponse,
  ReadResponses,
  SearchQuery,
} from '../../worker/read-messages.ts';
import { joinPacked, type PackedRange, packedRanges } from '../call/packed-ranges.ts';

/** The same question, about these shards: all that it is about. */
export function withShards(request: ReadRequest, shards: readonly number[]): ReadRequest {
  if (request.kind === 'get') return request;
  const named = Uint16Array.from(shards);
  if (request.kind !== 'search') return { ...request, shards: named };
  return { kind: 'search', query: { ...request.query, shards: named } };
}

/** The same question about some of its shards, so that {@link mergeAnswers} can make one answer of all parts. */
export function partOf(request: ReadRequest, shards: readonly number[]): ReadRequest {
  switch (request.kind) {
    case 'search': {
      const { query } = request;
      const limit = query.offset + query.limit;
      return {
        kind: 'search',
        query: { ...query, shards: Uint16Array.from(shards), limit, offset: 0 },
      };
    }
    case 'get': {
      const wanted = new Set(shards);
      const isWanted = (_: unknown, place: number): boolean =>
        wanted.has(request.shards[place] as number);
      return {
        ...request,
        keys: request.keys.filter(isWanted),
        shards: request.shards.filter(isWanted),
      };
    }
    case 'scroll':
    case 'count':
    case 'matching':
      return { ...request, shards: Uint16Array.from(shards) };
    default:
      return unreachable(request);
  }
}

/**
 * One answer of those of parts with different shards.
 *
 * @param distance - of a search: what its scores mean
 */
export function mergeAnswers(
  request: ReadRequest,
  answers: readonly ReadResponse[],
  distance: Distance | undefined,
): ReadResponse {
  switch (request.kind) {
    case 'search':
      return mergeSearch(
        request.query,
        answers as ReadResponses['search'][],
        must(distance, 'a search has a distance'),
      );
    case 'get':
      return { points: mergeGet(request.keys, answers as ReadResponses['get'][]) };
    case 'scroll':
      return mergeScroll(request.limit, answers as ReadResponses['scroll'][]);
    case 'count': {
      const counts = answers as ReadResponses['count'][];
      return { count: counts.reduce((sum, { count }) => sum + count, 0) };
    }
    case 'matching': {
      const keys = (answers as ReadResponses['matching'][]).flatMap((answer) => answer.keys);
      return { keys: distinct(keys.toSorted(compareKeys), (key) => key).slice(0, request.limit) };
    }
    default:
      return unreachable(request);
  }
}

interface Found {
  readonly packed: Uint8Array;
  readonly range: PackedRange;
}

const keyOf = ({ range }: Found): PointKey => range.key;
const compareKeys = (a: PointKey, b: PointKey): number => Buffer.compare(a, b);

function foundIn(answers: readonly { readonly points: Uint8Array }[]): Found[] {
  return answers.flatMap(({ points }) =>
    packedRanges(points).map((range) => ({ packed: points, range })),
  );
}

function mergeSearch(
  { offset, limit }: SearchQuery,
  answers: readonly ReadResponses['search'][],
  distance: Distance,
): ReadResponses['search'] {
  const found = foundIn(answers).toSorted(
    (a, b) =>
      compareScores(distance, a.range.score, b.range.score) ||
      compareKeys(a.range.key, b.range.key),
  );
  const segments = answers.flatMap(({ explanation }) => explanation?.segments ?? []);
  const isExplained = answers.some(({ explanation }) => explanation !== undefined);
  return {
    points: joinPacked(distinct(found, keyOf).slice(offset, offset + limit)),
    explanation: isExplained ? { segments } : undefined,
    // The parts were done side by side, on several nodes: their times do not add up to anything.
    stages: undefined,
  };
}

/** In the order of the keys asked for. */
function mergeGet(keys: readonly PointKey[], answers: readonly ReadResponses['get'][]): Uint8Array {
  const places = new Map(keys.map((key, place) => [pointKeyText(key), place]));
  const placeOf = (found: Found): number => places.get(pointKeyText(keyOf(found))) ?? keys.length;
  const found = foundIn(answers).toSorted((a, b) => placeOf(a) - placeOf(b));
  return joinPacked(distinct(found, keyOf));
}

/** Nothing is known of keys from the first one on that a part has not given: they are left to the next page. */
function mergeScroll(
  limit: number,
  answers: readonly ReadResponses['scroll'][],
): ReadResponses['scroll'] {
  const [cut] = answers
    .flatMap(({ next }) => (next === undefined ? [] : [next]))
    .toSorted(compareKeys);
  const found = distinct(
    foundIn(answers)
      .filter((each) => cut === undefined || compareKeys(keyOf(each), cut) < 0)
      .toSorted((a, b) => compareKeys(keyOf(a), keyOf(b))),
    keyOf,
  );
  const leftOver = found[limit];
  const next = leftOver === undefined ? cut : keyOf(leftOver);
  return { points: joinPacked(found.slice(0, limit)), next };
}

/** Each key once: the first of them. */
function distinct<T>(sorted: readonly T[], key: (item: T) => PointKey): T[] {
  const seen = new Set<string>();
  return sorted.filter((item) => seen.size < seen.add(pointKeyText(key(item))).size);
}
