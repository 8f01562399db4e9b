import { GRPC_STATUS, type ErrorCode } from '../../src/base/error-codes.ts';

/** A request that must be refused, and how. */
export interface GrpcBadInput {
  readonly name: string;
  /** Service and method: `Points.Search`. */
  readonly method: string;
  /** A message, or bytes that are none. */
  readonly request: object | Uint8Array;
  readonly status: number;
  readonly code: ErrorCode;
  readonly field?: string;
}

/** The collection that the cases are about: to be made before them, with the default limits. */
export const BAD_INPUT_COLLECTION = {
  name: 'bad-inputs',
  vector: { dimension: 4, distance: 'DISTANCE_COSINE' },
} as const;

const collection = BAD_INPUT_COLLECTION.name;
const I = GRPC_STATUS.INVALID_ARGUMENT;
const floats = (...values: number[]): object => ({
  float32: new Uint8Array(Float32Array.from(values).buffer),
});
const vector = floats(1, 2, 3, 4);
const id = { integer: '1' };
const ids = { ids: { ids: [id] } };
const point = { id, vector };
const json = (text: string): Uint8Array => Buffer.from(text);
const search = (more: object): object => ({ collection, vector, ...more });
const upsert = (more: object): object => ({ collection, points: [{ ...point, ...more }] });
const filtered = (condition: object): object => search({ filter: { must: [condition] } });
const place = (lon: number, lat: number): object => ({ lon, lat });

type Row = readonly [
  name: string,
  method: string,
  request: object | Uint8Array,
  code: ErrorCode,
  field?: string,
];

/** Filters `levels` deep. */
function nested(levels: number): object {
  let filter: object = { must: [{ isNull: 'a' }] };
  for (let i = 1; i < levels; i += 1) filter = { must: [{ filter }] };
  return filter;
}

/** A `GetRequest` for one id of these bytes, which no client would write. */
function getByText(text: Buffer): Uint8Array {
  const field = (number: number, bytes: Buffer): Buffer =>
    Buffer.concat([Buffer.of((number << 3) | 2, bytes.length), bytes]);
  return Buffer.concat([field(1, Buffer.from(collection)), field(2, field(2, text))]);
}

const POINTS: readonly Row[] = [
  [
    'a consistency there is none of',
    'Points.Count',
    { consistency: 7 },
    'INVALID_ARGUMENT',
    'consistency',
  ],
  ['a node without a name', 'Cluster.Join', {}, 'INVALID_ARGUMENT', 'node_id'],
  [
    'a node with a name too long',
    'Cluster.Leave',
    { nodeId: 'n'.repeat(256) },
    'LIMIT_EXCEEDED',
    'node_id',
  ],
  ['bytes that are no message', 'Points.Upsert', json('\x0a\xff'), 'MALFORMED_BODY'],
  ['no points', 'Points.Upsert', { collection }, 'INVALID_ARGUMENT', 'points'],
  [
    'too many points',
    'Points.Upsert',
    { collection, points: Array.from({ length: 10_001 }, () => ({})) },
    'LIMIT_EXCEEDED',
    'points',
  ],
  [
    'a point without an id',
    'Points.Upsert',
    upsert({ id: null }),
    'INVALID_ARGUMENT',
    'points[0].id',
  ],
  ['an id without a kind', 'Points.Upsert', upsert({ id: {} }), 'INVALID_ARGUMENT', 'points[0].id'],
  [
    'an empty text id',
    'Points.Upsert',
    upsert({ id: { text: '' } }),
    'INVALID_ARGUMENT',
    'points[0].id',
  ],
  [
    'a text id of bytes that are no UTF-8',
    'Points.Get',
    getByText(Buffer.of(0xc3, 0x28)),
    'INVALID_ARGUMENT',
    'ids[0]',
  ],
  [
    'a text id that is too long',
    'Points.Upsert',
    upsert({ id: { text: 'x'.repeat(513) } }),
    'LIMIT_EXCEEDED',
    'points[0].id',
  ],
  [
    'a point without a vector',
    'Points.Upsert',
    upsert({ vector: null }),
    'INVALID_ARGUMENT',
    'points[0].vector',
  ],
  [
    'a vector without a form',
    'Points.Upsert',
    upsert({ vector: {} }),
    'INVALID_ARGUMENT',
    'points[0].vector',
  ],
  [
    'bytes of a vector that are no multiple of four',
    'Points.Upsert',
    upsert({ vector: { float32: new Uint8Array(15) } }),
    'INVALID_ARGUMENT',
    'points[0].vector',
  ],
  [
    'a vector of another dimension',
    'Points.Upsert',
    upsert({ vector: floats(1, 2, 3) }),
    'DIMENSION_MISMATCH',
    'points[0].vector',
  ],
  [
    'an empty vector',
    'Points.Upsert',
    upsert({ vector: { float32: new Uint8Array(0) } }),
    'DIMENSION_MISMATCH',
    'points[0].vector',
  ],
  [
    'a zero vector',
    'Points.Upsert',
    upsert({ vector: floats(0, 0, 0, 0) }),
    'INVALID_VECTOR',
    'points[0].vector',
  ],
  [
    'a vector of an unknown name',
    'Points.Upsert',
    upsert({ vectors: { other: vector } }),
    'INVALID_ARGUMENT',
    'points[0].vectors.other',
  ],
  [
    'the unnamed vector twice',
    'Points.Upsert',
    upsert({ vectors: { '': vector } }),
    'INVALID_ARGUMENT',
    'points[0].vector',
  ],
  [
    'a payload that is no JSON',
    'Points.Upsert',
    upsert({ payloadJson: json('{') }),
    'INVALID_ARGUMENT',
    'points[0].payload',
  ],
  [
    'a payload that is an array',
    'Points.Upsert',
    upsert({ payloadJson: json('[]') }),
    'INVALID_ARGUMENT',
    'points[0].payload',
  ],
  [
    'a wait that does not exist',
    'Points.Upsert',
    { collection, points: [point], wait: 7 },
    'INVALID_ARGUMENT',
    'wait',
  ],
  ['no ids to get', 'Points.Get', { collection }, 'INVALID_ARGUMENT', 'ids'],
  [
    'an id to get without a kind',
    'Points.Get',
    { collection, ids: [id, {}] },
    'INVALID_ARGUMENT',
    'ids[1]',
  ],
  [
    'an empty payload selector',
    'Points.Get',
    { collection, ids: [id], payload: {} },
    'INVALID_ARGUMENT',
    'payload',
  ],
  [
    'an empty vector selector',
    'Points.Get',
    { collection, ids: [id], vectors: {} },
    'INVALID_ARGUMENT',
    'vectors',
  ],
  [
    'keys to include that are none',
    'Points.Get',
    { collection, ids: [id], payload: { include: {} } },
    'INVALID_ARGUMENT',
    'payload.include.paths',
  ],
  ['no selector', 'Points.Delete', { collection }, 'INVALID_ARGUMENT', 'selector'],
  [
    'a selector without a kind',
    'Points.Delete',
    { collection, selector: {} },
    'INVALID_ARGUMENT',
    'selector',
  ],
  [
    'a selector without ids',
    'Points.Delete',
    { collection, selector: { ids: {} } },
    'INVALID_ARGUMENT',
    'selector.ids.ids',
  ],
  [
    'a filter that is wrong in a selector',
    'Points.Delete',
    { collection, selector: { filter: { must: [{}] } } },
    'INVALID_FILTER',
    'selector.filter.must[0]',
  ],
  [
    'no payload to set',
    'Points.SetPayload',
    { collection, selector: ids },
    'INVALID_ARGUMENT',
    'payload_json',
  ],
  [
    'a payload to set that is a number',
    'Points.SetPayload',
    { collection, selector: ids, payloadJson: json('1') },
    'INVALID_ARGUMENT',
    'payload',
  ],
  [
    'a payload to put that has a key twice',
    'Points.OverwritePayload',
    { collection, selector: ids, payloadJson: json('{"a":1,"a":2}') },
    'INVALID_ARGUMENT',
    'payload.a',
  ],
  ['a page of nothing', 'Points.Scroll', { collection, limit: 0 }, 'INVALID_ARGUMENT', 'limit'],
  [
    'a page that is too large',
    'Points.Scroll',
    { collection, limit: 10_001 },
    'LIMIT_EXCEEDED',
    'limit',
  ],
  [
    'a page that begins nowhere',
    'Points.Scroll',
    { collection, from: {} },
    'INVALID_ARGUMENT',
    'from',
  ],
  [
    'a key path that is none',
    'Points.Count',
    { collection, filter: { must: [{ isEmpty: 'a..b' }] } },
    'INVALID_FILTER',
    'filter.must[0].is_empty',
  ],
];

const SEARCHES: readonly Row[] = [
  ['no vector', 'Points.Search', { collection }, 'INVALID_ARGUMENT', 'vector'],
  [
    'an empty vector to search',
    'Points.Search',
    search({ vector: { values: {} } }),
    'INVALID_ARGUMENT',
    'vector',
  ],
  [
    'a vector to search of another dimension',
    'Points.Search',
    search({ vector: floats(1) }),
    'DIMENSION_MISMATCH',
    'vector',
  ],
  [
    'a zero vector to search',
    'Points.Search',
    search({ vector: floats(0, 0, 0, 0) }),
    'INVALID_VECTOR',
    'vector',
  ],
  ['a limit of 0', 'Points.Search', search({ limit: 0 }), 'INVALID_ARGUMENT', 'limit'],
  [
    'a limit that is too large',
    'Points.Search',
    search({ limit: 10_001 }),
    'LIMIT_EXCEEDED',
    'limit',
  ],
  [
    'an offset that is too large',
    'Points.Search',
    search({ offset: 100_001 }),
    'LIMIT_EXCEEDED',
    'offset',
  ],
  ['an ef of 0', 'Points.Search', search({ ef: 0 }), 'INVALID_ARGUMENT', 'ef'],
  ['an ef that is too large', 'Points.Search', search({ ef: 10_001 }), 'LIMIT_EXCEEDED', 'ef'],
  [
    'a threshold that is NaN',
    'Points.Search',
    search({ scoreThreshold: Number.NaN }),
    'INVALID_ARGUMENT',
    'score_threshold',
  ],
  [
    'an unknown name in using',
    'Points.Search',
    search({ using: 'other' }),
    'INVALID_ARGUMENT',
    'using',
  ],
  ['no searches', 'Points.SearchBatch', { collection }, 'INVALID_ARGUMENT', 'searches'],
  [
    'too many searches',
    'Points.SearchBatch',
    { collection, searches: Array.from({ length: 101 }, () => search({})) },
    'LIMIT_EXCEEDED',
    'searches',
  ],
  [
    'a search of a batch that is wrong',
    'Points.SearchBatch',
    { collection, searches: [search({}), search({ limit: 0 })] },
    'INVALID_ARGUMENT',
    'searches[1].limit',
  ],
  ['a condition without a kind', 'Points.Search', filtered({}), 'INVALID_FILTER', 'filter.must[0]'],
  [
    'a field condition without a key',
    'Points.Search',
    filtered({ field: { text: 'a' } }),
    'INVALID_FILTER',
    'filter.must[0].field.key',
  ],
  [
    'a field condition without a test',
    'Points.Search',
    filtered({ field: { key: 'a' } }),
    'INVALID_FILTER',
    'filter.must[0].field',
  ],
  [
    'a value without a kind',
    'Points.Search',
    filtered({ field: { key: 'a', value: {} } }),
    'INVALID_FILTER',
    'filter.must[0].field.value',
  ],
  [
    'values of several kinds',
    'Points.Search',
    filtered({ field: { key: 'a', any: { values: [{ text: 'a' }, { integer: 1 }] } } }),
    'INVALID_FILTER',
    'filter.must[0].field.any',
  ],
  [
    'a bound that is infinite',
    'Points.Search',
    filtered({ field: { key: 'a', range: { lt: Infinity } } }),
    'INVALID_FILTER',
    'filter.must[0].field.range.lt',
  ],
  [
    'a count that is negative',
    'Points.Search',
    filtered({ field: { key: 'a', valuesCount: { gte: -1 } } }),
    'INVALID_FILTER',
    'filter.must[0].field.values_count.gte',
  ],
  [
    'a date out of range',
    'Points.Search',
    filtered({ field: { key: 'a', datetimeRange: { gt: '9223372036854775807' } } }),
    'INVALID_FILTER',
    'filter.must[0].field.datetime_range.gt',
  ],
  [
    'a radius without a center',
    'Points.Search',
    filtered({ field: { key: 'a', geoRadius: { radiusMeters: 1 } } }),
    'INVALID_FILTER',
    'filter.must[0].field.geo_radius.center',
  ],
  [
    'a negative radius',
    'Points.Search',
    filtered({ field: { key: 'a', geoRadius: { center: place(0, 0), radiusMeters: -1 } } }),
    'INVALID_FILTER',
    'filter.must[0].field.geo_radius.radius_meters',
  ],
  [
    'a place that is not on Earth',
    'Points.Search',
    filtered({
      field: { key: 'a', geoBoundingBox: { topLeft: place(181, 0), bottomRight: place(0, 0) } },
    }),
    'INVALID_FILTER',
    'filter.must[0].field.geo_bounding_box.top_left.lon',
  ],
  [
    'a polygon that is not closed',
    'Points.Search',
    filtered({
      field: {
        key: 'a',
        geoPolygon: { exterior: { points: [place(0, 0), place(0, 1), place(1, 1), place(1, 0)] } },
      },
    }),
    'INVALID_FILTER',
    'filter.must[0].field.geo_polygon.exterior.points',
  ],
  [
    'an id condition without a kind',
    'Points.Search',
    filtered({ hasId: { ids: [{}] } }),
    'INVALID_FILTER',
    'filter.must[0].has_id.ids[0]',
  ],
  [
    'a nested condition without a filter',
    'Points.Search',
    filtered({ nested: { key: 'a' } }),
    'INVALID_FILTER',
    'filter.must[0].nested.filter',
  ],
  [
    'a min_should of 0',
    'Points.Search',
    search({ filter: { minShould: { conditions: [{ isNull: 'a' }] } } }),
    'INVALID_FILTER',
    'filter.min_should.min_count',
  ],
  [
    'filters too deep in one another',
    'Points.Search',
    search({ filter: nested(17) }),
    'LIMIT_EXCEEDED',
    `filter${'.must[0].filter'.repeat(16)}`,
  ],
  [
    'too many conditions',
    'Points.Search',
    search({ filter: { should: Array.from({ length: 1001 }, () => ({ isNull: 'a' })) } }),
    'LIMIT_EXCEEDED',
    'filter.should[1000]',
  ],
  [
    'filters deeper than messages may be',
    'Points.Search',
    search({ filter: nested(45) }),
    'LIMIT_EXCEEDED',
    `filter${'.must[0].filter'.repeat(16)}`,
  ],
];

const COLLECTIONS: readonly Row[] = [
  [
    'no name',
    'Collections.Create',
    { vector: BAD_INPUT_COLLECTION.vector },
    'INVALID_ARGUMENT',
    'name',
  ],
  [
    'a name that is too long',
    'Collections.Create',
    { name: 'x'.repeat(256), vector: BAD_INPUT_COLLECTION.vector },
    'LIMIT_EXCEEDED',
    'name',
  ],
  ['no vector', 'Collections.Create', { name: 'new' }, 'INVALID_ARGUMENT', 'vector'],
  [
    'no dimension',
    'Collections.Create',
    { name: 'new', vector: { distance: 'DISTANCE_DOT' } },
    'INVALID_ARGUMENT',
    'vector.dimension',
  ],
  [
    'a dimension that is too large',
    'Collections.Create',
    { name: 'new', vector: { dimension: 65_537, distance: 'DISTANCE_DOT' } },
    'LIMIT_EXCEEDED',
    'vector.dimension',
  ],
  [
    'no distance',
    'Collections.Create',
    { name: 'new', vector: { dimension: 4 } },
    'INVALID_ARGUMENT',
    'vector.distance',
  ],
  [
    'a distance that does not exist',
    'Collections.Create',
    { name: 'new', vectors: { a: { dimension: 4, distance: 9 } } },
    'INVALID_ARGUMENT',
    'vectors.a.distance',
  ],
  [
    'too few links',
    'Collections.Create',
    { name: 'new', vector: { ...BAD_INPUT_COLLECTION.vector, m: 1 } },
    'INVALID_ARGUMENT',
    'vector.m',
  ],
  ['no name to drop', 'Collections.Drop', {}, 'INVALID_ARGUMENT', 'collection'],
  ['no actions', 'Collections.UpdateAliases', {}, 'INVALID_ARGUMENT', 'actions'],
  [
    'an action without a kind',
    'Collections.UpdateAliases',
    { actions: [{}] },
    'INVALID_ARGUMENT',
    'actions[0]',
  ],
  [
    'an alias without a name',
    'Collections.UpdateAliases',
    { actions: [{ create: { collection } }] },
    'INVALID_ARGUMENT',
    'actions[0].create.alias',
  ],
  [
    'no field to index',
    'Collections.CreatePayloadIndex',
    { collection, index: { kind: 1 } },
    'INVALID_ARGUMENT',
    'field',
  ],
  [
    'no index',
    'Collections.CreatePayloadIndex',
    { collection, field: 'a' },
    'INVALID_ARGUMENT',
    'index',
  ],
  [
    'an index without a kind',
    'Collections.CreatePayloadIndex',
    { collection, field: 'a', index: {} },
    'INVALID_ARGUMENT',
    'index.kind',
  ],
  [
    'a tokenizer that does not exist',
    'Collections.CreatePayloadIndex',
    { collection, field: 'a', index: { kind: 'PAYLOAD_INDEX_KIND_TEXT', tokenizer: 99 } },
    'INVALID_ARGUMENT',
    'index.tokenizer',
  ],
  [
    'tokens of a number',
    'Collections.CreatePayloadIndex',
    { collection, field: 'a', index: { kind: 'PAYLOAD_INDEX_KIND_INTEGER', lowercase: true } },
    'INVALID_ARGUMENT',
    'index.kind',
  ],
  [
    'no field to stop indexing',
    'Collections.DropPayloadIndex',
    { collection },
    'INVALID_ARGUMENT',
    'field',
  ],
];

const missing = ([method, request]: readonly [string, object]): GrpcBadInput => ({
  name: `a collection that does not exist, in ${method}`,
  method,
  request: { collection: 'missing', ...request },
  status: GRPC_STATUS.NOT_FOUND,
  code: 'COLLECTION_NOT_FOUND',
  field: 'collection',
});

/** Requests that a server with {@link BAD_INPUT_COLLECTION} must refuse without any change. */
export const GRPC_BAD_INPUTS: readonly GrpcBadInput[] = [
  ...[...POINTS, ...SEARCHES, ...COLLECTIONS].map(
    ([name, method, request, code, field]): GrpcBadInput => ({
      name,
      method,
      request,
      status: I,
      code,
      ...(field === undefined ? {} : { field }),
    }),
  ),
  ...(
    [
      ['Points.Upsert', { points: [point] }],
      ['Points.Get', { ids: [id] }],
      ['Points.Delete', { selector: ids }],
      ['Points.SetPayload', { selector: ids, payloadJson: json('{}') }],
      ['Points.DeletePayload', { selector: ids }],
      ['Points.Scroll', {}],
      ['Points.Count', {}],
      ['Points.Search', { vector }],
      ['Collections.Describe', {}],
      ['Collections.Optimize', {}],
      ['Collections.CreatePayloadIndex', { field: 'a', index: { kind: 1 } }],
      ['Collections.DropPayloadIndex', { field: 'a' }],
    ] as const
  ).map(missing),
  {
    name: 'a name that is taken',
    method: 'Collections.Create',
    request: BAD_INPUT_COLLECTION,
    status: GRPC_STATUS.ALREADY_EXISTS,
    code: 'ALREADY_EXISTS',
    field: 'name',
  },
];
