import type { PointId } from '../../../src/base/point-id.ts';
import { restCall } from './change-writer.ts';
import { fingerprint, idText, inconsistency, type ModelledPoint } from './modelled-point.ts';
import { DIMENSIONS, TAGS } from './random-change.ts';

interface WirePoint {
  readonly id: PointId;
  readonly score?: number;
  readonly vector: readonly number[];
  readonly vectors?: { readonly alt?: readonly number[] };
  readonly payload?: ModelledPoint['payload'];
}

const PAGE = 500;
const FOUND_MAX = 10_000;

/** Everything a server has of a collection, by id, and what is wrong with it. */
export interface WholeCollection {
  readonly points: ReadonlyMap<string, ModelledPoint>;
  readonly problems: readonly string[];
}

/** Reads a collection by scrolling (the stores) and by searching (the index), and compares the two. */
export async function readCollection(url: string, collection: string): Promise<WholeCollection> {
  const problems: string[] = [];
  const points = await scrolled(url, collection, problems);
  for (const point of points.values()) {
    const problem = inconsistency(point);
    if (problem !== undefined) problems.push(problem);
  }
  const query = { vector: Array.from({ length: DIMENSIONS.main }, () => 0.1) };
  const alt = { vector: Array.from({ length: DIMENSIONS.alt }, () => 0.1), using: 'alt' };
  const withAlt = [...points.values()].filter((point) => point.alt !== undefined);
  const owners = { must: [{ key: 'owner', range: { gte: 0 } }] };
  for (const [name, search, expected] of [
    ['a search', query, points],
    ['a filtered search', { ...query, filter: owners }, points],
    ['a search by alt', alt, new Map(withAlt.map((point) => [idText(point.id), point]))],
  ] as const) {
    const body = { collection, ...search, exact: true, limit: FOUND_MAX };
    const found = await searched(url, body, problems);
    compare(name, expected, found, problems);
  }
  const near = await searched(url, { collection, ...query, limit: 50 }, problems);
  for (const [text, point] of near) {
    if (fingerprint(point) !== fingerprint(points.get(text)))
      problems.push(`the graph finds ${text} as ${fingerprint(point)}`);
  }
  if (near.size !== Math.min(50, points.size)) problems.push(`the graph finds ${near.size} points`);
  await compareCounts(url, collection, points, problems);
  return { points, problems };
}

async function compareCounts(
  url: string,
  collection: string,
  points: ReadonlyMap<string, ModelledPoint>,
  problems: string[],
): Promise<void> {
  const filters: readonly (readonly [unknown, number])[] = [
    [undefined, points.size],
    [{}, points.size],
    ...TAGS.map((tag) => {
      const filter = { must: [{ key: 'tag', match: { value: tag } }] };
      const tagged = [...points.values()].filter(({ payload }) => payload['tag'] === tag);
      return [filter, tagged.length] as const;
    }),
    [
      { must: [{ key: 'n', range: { lt: 500 } }] },
      [...points.values()].filter(({ payload }) => Number(payload['n'] ?? 500) < 500).length,
    ],
  ];
  for (const [filter, expected] of filters) {
    const body = filter === undefined ? { collection } : { collection, filter };
    const { count } = await restCall<{ count: number }>(url, '/vectors/count', body);
    if (count !== expected)
      problems.push(`${JSON.stringify(filter)} counts ${count} instead of ${expected}`);
  }
}

function compare(
  name: string,
  expected: ReadonlyMap<string, ModelledPoint>,
  found: ReadonlyMap<string, ModelledPoint>,
  problems: string[],
): void {
  for (const text of new Set([...expected.keys(), ...found.keys()])) {
    const [inStore, inIndex] = [fingerprint(expected.get(text)), fingerprint(found.get(text))];
    if (inStore !== inIndex) {
      problems.push(`${name} has ${text} as ${inIndex}, the store as ${inStore}`);
    }
  }
}

async function scrolled(
  url: string,
  collection: string,
  problems: string[],
): Promise<Map<string, ModelledPoint>> {
  const points = new Map<string, ModelledPoint>();
  let from: PointId | undefined;
  for (;;) {
    const body = {
      collection,
      limit: PAGE,
      with_vector: true,
      ...(from === undefined ? {} : { from }),
    };
    const page = await restCall<{ points: WirePoint[]; next?: PointId }>(
      url,
      '/vectors/scroll',
      body,
    );
    collect(page.points, points, problems);
    if (page.next === undefined) return points;
    from = page.next;
  }
}

async function searched(
  url: string,
  body: object,
  problems: string[],
): Promise<Map<string, ModelledPoint>> {
  const points = new Map<string, ModelledPoint>();
  const { results } = await restCall<{ results: WirePoint[] }>(url, '/vectors/search', {
    ...body,
    with_vector: true,
  });
  collect(results, points, problems);
  return points;
}

function collect(
  found: readonly WirePoint[],
  points: Map<string, ModelledPoint>,
  problems: string[],
): void {
  for (const { id, vector, vectors, payload } of found) {
    const text = idText(id);
    if (points.has(text)) problems.push(`${text} is there twice`);
    const alt = vectors?.alt;
    points.set(text, {
      id,
      vector: Float32Array.from(vector),
      ...(alt === undefined ? {} : { alt: Float32Array.from(alt) }),
      payload: payload ?? {},
    });
  }
}
