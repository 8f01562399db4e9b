import fc from 'fast-check';
import { CASES_COLLECTION } from './rest-cases.ts';

/** A request as the fuzz sends it; `body` has its bytes exactly. */
export interface FuzzRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

/** Sends a request; how the server answered. */
export type FuzzSend = (
  request: FuzzRequest,
) => Promise<{ readonly status: number; readonly body: string }>;

/** Bodies that each route takes, to be spoiled. */
const SOUND: readonly (readonly [FuzzRequest['method'], string, object | undefined])[] = [
  [
    'POST',
    '/vectors',
    { id: 'x', vector: [1, 2, 3], payload: { a: [1, { b: null }] }, wait: true },
  ],
  [
    'POST',
    '/vectors',
    {
      points: [
        { id: 7, vectors: { '': [1, 2, 3] } },
        { id: 'y', vector: [1, 0, 0] },
      ],
    },
  ],
  [
    'POST',
    '/vectors/search',
    {
      vector: [0.1, 0.2, 0.3],
      limit: 3,
      offset: 1,
      filter: { must: [{ key: 'a', match: { value: 1 } }] },
      score_threshold: 0.5,
      ef: 100,
      exact: true,
      with_payload: ['a'],
      with_vector: true,
      explain: true,
    },
  ],
  [
    'POST',
    '/vectors/search/batch',
    { searches: [{ vector: [1, 2, 3] }, { vector: [3, 2, 1], limit: 2 }] },
  ],
  ['GET', '/vectors/a', undefined],
  ['DELETE', '/vectors/b', undefined],
  ['POST', '/vectors/get', { ids: ['a', 1, 18446744073709552], with_payload: { exclude: ['a'] } }],
  ['POST', '/vectors/delete', { ids: ['b', 2] }],
  ['POST', '/vectors/payload', { payload: { x: 1.5 }, ids: ['b'] }],
  ['PUT', '/vectors/payload', { payload: {}, filter: { must: [{ has_id: ['b'] }] } }],
  ['POST', '/vectors/payload/delete', { keys: ['x'], ids: ['b'] }],
  ['POST', '/vectors/scroll', { limit: 2, from: 'a', with_vector: [''] }],
  ['POST', '/vectors/count', { filter: { should: [{ key: 'a', range: { gte: 1 } }] } }],
  ['PUT', '/admin/collections/x', { vectors: { t: { dimension: 3, distance: 'cosine', m: 8 } } }],
  ['GET', '/admin/collections/x', undefined],
  ['DELETE', '/admin/collections/x', undefined],
  ['POST', '/admin/collections/x/optimize', {}],
  ['PUT', '/admin/collections/x/indexes/a', { kind: 'text', tokenizer: 'word', lowercase: true }],
  ['DELETE', '/admin/collections/x/indexes/a', undefined],
  ['GET', '/admin/aliases', undefined],
  ['POST', '/admin/aliases', { actions: [{ kind: 'create', alias: 'z', collection: 'q' }] }],
  ['GET', '/info', undefined],
];

const WRONG: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, -1, 0, 1.5, 1e300, '', 'x', [], {}, [null], [[1]], { a: 1 }),
  fc.jsonValue({ maxDepth: 3 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
);

/** One value somewhere inside becomes another, goes away, or gets a neighbour. */
function spoiled(value: unknown, wrong: unknown, path: readonly number[]): unknown {
  const [step = 0, ...rest] = path;
  if (typeof value !== 'object' || value === null || path.length === 0) return wrong;
  const keys = Object.keys(value);
  const key = keys[step % (keys.length + 1)];
  if (Array.isArray(value)) {
    const copy = [...(value as unknown[])];
    if (key === undefined) copy.push(wrong);
    else copy[Number(key)] = spoiled(copy[Number(key)], wrong, rest);
    return copy;
  }
  if (key === undefined) return { ...value, [JSON.stringify(wrong).slice(0, 12)]: wrong };
  const old = (value as Record<string, unknown>)[key];
  return { ...value, [key]: spoiled(old, wrong, rest) };
}

/** Cuts, doubles or replaces bytes. */
function bent(bytes: Buffer, at: number, how: number, noise: Uint8Array): Buffer {
  const place = bytes.length === 0 ? 0 : at % bytes.length;
  const head = bytes.subarray(0, place);
  if (how === 0) return bytes;
  if (how === 1) return head;
  if (how === 2) return Buffer.concat([head, noise, bytes.subarray(place)]);
  return Buffer.concat([head, noise, bytes.subarray(place + noise.length)]);
}

const request: fc.Arbitrary<FuzzRequest> = fc
  .record({
    route: fc.constantFrom(...SOUND),
    wrong: WRONG,
    path: fc.array(fc.nat(9), { minLength: 1, maxLength: 4 }),
    at: fc.nat(400),
    how: fc.constantFrom(0, 0, 0, 1, 2, 3),
    noise: fc.uint8Array({ minLength: 1, maxLength: 6 }),
    query: fc.constantFrom(
      '',
      '?collection=cases',
      '?x=1',
      '?timeout_ms=1e3',
      '?wait=%00',
      '?&&=',
      '?id_type=integer',
    ),
    type: fc.constantFrom(
      'application/json',
      'application/x-www-form-urlencoded',
      'text/plain',
      ';;',
      'application/json; charset=x',
    ),
    oddPath: fc.option(fc.webPath(), { freq: 8 }),
  })
  .map(({ route: [method, path, body], wrong, at, how, noise, query, type, oddPath, ...rest }) => {
    const address = oddPath === null ? path : `/vectors/${oddPath.slice(1) || '-'}`;
    if (body === undefined) return { method, path: address + query, headers: {} };
    const text = JSON.stringify(
      spoiled({ collection: CASES_COLLECTION, ...body }, wrong, rest.path),
    );
    return {
      method,
      path: address + query,
      headers: { 'content-type': type },
      body: bent(Buffer.from(text), at, how, noise),
    };
  });

/**
 * Sends spoiled requests to every route and looks at each answer: never a 5xx, always JSON where it failed, with a code; and what was refused changed
 * nothing.
 *
 * @param fingerprint - a text that is the same exactly where what is stored is the same; absent where that cannot be seen
 * @param seed - to repeat a run
 */
export async function fuzzRest(
  send: FuzzSend,
  iterations: number,
  options: { readonly fingerprint?: () => string | Promise<string>; readonly seed?: number } = {},
): Promise<void> {
  const { fingerprint = () => '', seed } = options;
  await fc.assert(
    fc.asyncProperty(request, async (one) => {
      const before = await fingerprint();
      const { status, body } = await send(one);
      if (status >= 500) throw new Error(`answered ${status}: ${body}`);
      if (status < 400) return;
      const { error } = JSON.parse(body) as { error: { code: unknown; message: unknown } };
      if (typeof error.code !== 'string' || typeof error.message !== 'string') {
        throw new Error(`an answer without code: ${body}`);
      }
      if ((await fingerprint()) !== before)
        throw new Error(`refused with ${error.code}, and yet changed`);
    }),
    { numRuns: iterations, ...(seed === undefined ? {} : { seed }) },
  );
}
