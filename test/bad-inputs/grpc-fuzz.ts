import fc from 'fast-check';
import type { GrpcTestClient } from '../support/grpc-client.ts';
import { BAD_INPUT_COLLECTION } from './grpc-cases.ts';

/** Methods that change nothing, whatever they are sent, and take one message. */
const READING = [
  'Points.Get',
  'Points.Scroll',
  'Points.Count',
  'Points.Search',
  'Points.SearchBatch',
  'Collections.Describe',
  'Collections.List',
  'Collections.ListAliases',
  'Node.Info',
] as const;

/** Methods that are sent nothing but what must be refused. */
const WRITING = [
  'Points.Upsert',
  'Points.Delete',
  'Points.SetPayload',
  'Points.OverwritePayload',
  'Points.DeletePayload',
  'Collections.Create',
  'Collections.UpdateAliases',
  'Collections.CreatePayloadIndex',
] as const;

/** What a caller may be told: never UNKNOWN (2), INTERNAL (13) or DATA_LOSS (15). */
const ALLOWED = new Set([0, 3, 5, 6, 8]);

const collection = BAD_INPUT_COLLECTION.name;
const text = fc.oneof(
  fc.constantFrom(
    '',
    'a',
    'a.b',
    'a[]',
    '"',
    '__proto__',
    'constructor',
    '\u0000',
    'ü',
    collection,
  ),
  fc.string({ maxLength: 20 }),
);
const number = fc.oneof(
  fc.constantFrom(0, -0, 1, -1, 180, 181, Infinity, -Infinity, NaN, 2 ** 31, 2 ** 53, 1e300),
  fc.double(),
);
const int32 = fc.oneof(fc.constantFrom(0, 1, 10, 10_001, 2 ** 32 - 1), fc.nat(20));
const int64 = fc
  .oneof(fc.constantFrom(0n, -1n, 2n ** 63n - 1n, -(2n ** 63n)), fc.bigInt(-1000n, 1000n))
  .map(String);
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(value, { nil: undefined, freq: 3 });
const some = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(value, { maxLength: 4 });
const message = (fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<object> =>
  fc.record(
    Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, maybe(value)])),
  );

const id = message({ integer: fc.bigInt(0n, 2n ** 64n - 1n).map(String), text });
const ids = message({ ids: some(id) });
const vector = fc.oneof(
  message({ float32: fc.uint8Array({ maxLength: 20 }) }),
  message({ values: message({ values: fc.array(number, { maxLength: 6 }) }) }),
);
const goodVector = fc.constant({ values: { values: [1, 2, 3, 4] } });
const mostly = <T>(good: fc.Arbitrary<T>, other: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ arbitrary: good, weight: 7 }, { arbitrary: other, weight: 1 });
const count = mostly(fc.integer({ min: 1, max: 20 }), int32);
const place = message({ lon: number, lat: number });
const line = message({ points: fc.array(place, { maxLength: 5 }) });
const value = message({ text, integer: int64, boolean: fc.boolean() });
const bounds = message({ lt: number, gt: number, lte: number, gte: number });
const field = message({
  key: text,
  value,
  any: message({ values: some(value) }),
  except: message({ values: some(value) }),
  text,
  range: bounds,
  datetimeRange: message({ lt: int64, gte: int64 }),
  geoRadius: message({ center: place, radiusMeters: number }),
  geoBoundingBox: message({ topLeft: place, bottomRight: place }),
  geoPolygon: message({ exterior: line, interiors: some(line) }),
  valuesCount: bounds,
});
const filter = fc.letrec<{ filter: object; condition: object }>((tie) => {
  const conditions = fc.array(tie('condition'), { maxLength: 3, depthIdentifier: 'filter' });
  return {
    filter: message({
      must: conditions,
      should: conditions,
      mustNot: conditions,
      minShould: message({ conditions, minCount: int32 }),
    }),
    condition: fc.oneof(
      { depthIdentifier: 'filter', maxDepth: 3 },
      message({ field }),
      message({ isEmpty: text, isNull: text, hasId: ids, hasVector: text }),
      message({ nested: message({ key: text, filter: tie('filter') }), filter: tie('filter') }),
    ),
  };
}).filter;
const select = {
  payload: message({
    include: message({ paths: fc.array(text, { minLength: 1, maxLength: 4 }) }),
    exclude: message({ paths: some(text) }),
    all: fc.boolean(),
  }),
  vectors: message({
    all: fc.boolean(),
    names: message({ names: some(text) }),
    asValues: fc.boolean(),
  }),
};
const search = message({
  collection: fc.constant(collection),
  vector: mostly<object>(goodVector, vector),
  using: mostly(fc.constant(''), text),
  limit: count,
  offset: count,
  ef: count,
  scoreThreshold: mostly(fc.constant(0), number),
  exact: fc.boolean(),
  explain: fc.boolean(),
  filter,
  ...select,
});

const READ_REQUESTS: Partial<Record<string, fc.Arbitrary<object>>> = {
  'Points.Get': message({ collection: fc.constant(collection), ids: some(id), ...select }),
  'Points.Scroll': message({
    collection: fc.constant(collection),
    filter,
    from: id,
    limit: count,
    ...select,
  }),
  'Points.Count': message({ collection: fc.constant(collection), filter }),
  'Points.Search': search,
  'Points.SearchBatch': message({ collection: fc.constant(collection), searches: some(search) }),
  'Collections.Describe': message({ collection: text }),
};

/** A call that a server answered as it never should. */
export interface GrpcFuzzFailure {
  readonly method: string;
  readonly request: object;
  readonly status: number;
  readonly message: string;
}

/**
 * Sends random messages to every reading method, and random bytes to every method. The bytes sent to writing methods begin with what no
 * message of theirs does, so that whatever is taken is a fault.
 *
 * @param client - of a server with {@link BAD_INPUT_COLLECTION}
 * @param runs - requests of each kind to each method
 * @returns calls that ended with a status that tells of a bug; the caller compares the state before and after
 */
export async function fuzzGrpc(
  client: GrpcTestClient,
  runs: number,
  seed: number,
): Promise<GrpcFuzzFailure[]> {
  const failures: GrpcFuzzFailure[] = [];
  const send = async (method: string, request: object, allowed: Set<number>): Promise<void> => {
    const { status, message: why } = await client.call(method, request);
    if (!allowed.has(status)) failures.push({ method, request, status, message: why });
  };
  const bytes = fc.uint8Array({ maxLength: 64 });
  for (const [index, method] of READING.entries()) {
    const messages = READ_REQUESTS[method] ?? fc.constant({});
    const options = { seed: seed + index, numRuns: runs };
    for (const request of fc.sample(messages, options)) await send(method, request, ALLOWED);
    for (const request of fc.sample(bytes, options)) await send(method, request, ALLOWED);
  }
  for (const [index, method] of WRITING.entries()) {
    const options = { seed: seed - index, numRuns: runs };
    for (const rest of fc.sample(bytes, options)) {
      // Field 1 as a group that nothing ends.
      await send(method, Buffer.concat([Buffer.of(0x0b), rest]), new Set([3]));
    }
  }
  return failures;
}
