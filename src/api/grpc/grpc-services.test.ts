import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GrpcEdge, openGrpcEdge } from '../../../test/support/grpc-edge.ts';

const floats = (...values: number[]): object => ({
  float32: Buffer.from(Float32Array.from(values).buffer),
});
const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const payloadsOf = (response: { readonly points?: { payloadJson?: Buffer }[] }): unknown[] =>
  (response.points ?? []).map(({ payloadJson }) =>
    payloadJson?.length ? JSON.parse(payloadJson.toString()) : undefined,
  );

describe('the gRPC services', () => {
  let edge: GrpcEdge;
  const call = async (
    method: string,
    request: object,
  ): Promise<Readonly<Record<string, unknown>>> => {
    const outcome = await edge.client.call(method, request);
    expect(outcome).toMatchObject({ status: 0 });
    return outcome.response ?? {};
  };

  beforeAll(async () => {
    edge = await openGrpcEdge();
    await call('Collections.Create', {
      name: 'default',
      vector: { dimension: 2, distance: 'DISTANCE_EUCLID', m: 8, efSearch: 50 },
      vectors: {
        tiny: { dimension: 1, distance: 'DISTANCE_DOT', quantization: 'QUANTIZATION_NONE' },
      },
    });
    await call('Points.Upsert', {
      points: [
        {
          id: { integer: '18446744073709551615' },
          vector: floats(1, 0),
          payloadJson: Buffer.from('{"n":1.0,"big":12345678901234567890}'),
        },
        {
          id: { text: 'two' },
          vector: { values: { values: [2, 0] } },
          payloadJson: json({ n: 2, tag: 'x' }),
        },
        {
          id: { text: '01234567-89ab-cdef-0123-456789abcdef' },
          vectors: { '': floats(3, 0), tiny: floats(0.5) },
        },
      ],
    });
  });
  afterAll(() => edge[Symbol.asyncDispose]());

  test('keep ids, numbers and payloads as they came', async () => {
    const response = await call('Points.Get', {
      ids: [
        { integer: '18446744073709551615' },
        { text: '01234567-89ab-cdef-0123-456789abcdef' },
        { integer: 7 },
      ],
      vectors: { all: true, asValues: true },
    });
    expect(response['points']).toMatchObject([
      {
        id: { integer: '18446744073709551615' },
        payloadJson: Buffer.from('{"n":1.0,"big":12345678901234567890}'),
        vectors: { '': { values: { values: [1, 0] } } },
      },
      {
        id: { text: '01234567-89ab-cdef-0123-456789abcdef' },
        vectors: { '': { values: { values: [3, 0] } }, tiny: { values: { values: [0.5] } } },
      },
    ]);
  });

  test('give vectors as bytes where nothing else is asked for', async () => {
    const response = await call('Points.Get', {
      ids: [{ text: 'two' }],
      payload: { all: false },
      vectors: { names: { names: [''] } },
    });
    expect(response['points']).toMatchObject([{ vectors: { '': floats(2, 0) } }]);
    expect(payloadsOf(response)).toEqual([undefined]);
  });

  test('search, with a filter, an offset, a threshold and an explanation', async () => {
    const nearest = await call('Points.Search', { vector: floats(0, 0), limit: 2, explain: true });
    expect(nearest).toMatchObject({
      points: [
        { id: { integer: '18446744073709551615' }, score: 1 },
        { id: { text: 'two' }, score: 2 },
      ],
      explanation: {
        segments: [{ kind: 'SEGMENT_KIND_GROWING', strategy: 'SEARCH_STRATEGY_EXACT' }],
      },
    });
    const rest = await call('Points.Search', {
      vector: floats(0, 0),
      offset: 1,
      ef: 100,
      exact: true,
      scoreThreshold: 2.5,
    });
    expect(rest['points']).toMatchObject([{ id: { text: 'two' } }]);
    const filtered = await call('Points.Search', {
      vector: floats(0, 0),
      filter: { must: [{ field: { key: 'tag', value: { text: 'x' } } }] },
    });
    expect(payloadsOf(filtered)).toEqual([{ n: 2, tag: 'x' }]);
    const named = await call('Points.Search', { vector: floats(2), using: 'tiny' });
    expect(named['points']).toMatchObject([{ score: 1 }]);
  });

  test('answer searches of a batch in their order', async () => {
    const response = await call('Points.SearchBatch', {
      collection: 'default',
      searches: [
        { vector: floats(3, 0), limit: 1 },
        { vector: floats(1, 0), limit: 1, vectors: { all: true } },
      ],
    });
    expect(response['results']).toMatchObject([
      { points: [{ score: 0, id: { text: '01234567-89ab-cdef-0123-456789abcdef' } }] },
      { points: [{ score: 0, vectors: { '': floats(1, 0) } }] },
    ]);
  });

  test('scroll page by page and count', async () => {
    const first = await call('Points.Scroll', { limit: 2, payload: { include: { paths: ['n'] } } });
    expect(first['points']).toHaveLength(2);
    const second = await call('Points.Scroll', { limit: 2, from: first['next'] });
    expect(second['points']).toMatchObject([{ id: { text: 'two' } }]);
    expect(second['next']).toBeUndefined();
    expect(await call('Points.Count', { filter: { mustNot: [{ isEmpty: 'n' }] } })).toMatchObject({
      count: '2',
    });
  });

  test('change payloads and delete points', async () => {
    const ids = { ids: { ids: [{ integer: 1 }] } };
    const tagged = {
      filter: { must: [{ field: { key: 'temporary', value: { boolean: true } } }] },
    };
    const one = { ids: [{ integer: 1 }] };
    await call('Points.Upsert', {
      points: [{ id: { integer: 1 }, vector: floats(9, 9), payloadJson: json({ a: 1 }) }],
    });
    await call('Points.SetPayload', { selector: ids, payloadJson: json({ temporary: true }) });
    expect(payloadsOf(await call('Points.Get', one))).toEqual([{ a: 1, temporary: true }]);
    await call('Points.DeletePayload', { selector: tagged, paths: ['a'] });
    expect(payloadsOf(await call('Points.Get', one))).toEqual([{ temporary: true }]);
    await call('Points.OverwritePayload', { selector: ids, payloadJson: json({ b: 2 }) });
    expect(payloadsOf(await call('Points.Get', one))).toEqual([{ b: 2 }]);
    expect(await call('Points.Delete', { selector: ids, wait: 'WAIT_ACCEPTED' })).toEqual({
      applied: false,
      changed: '0',
    });
    expect(payloadsOf(await call('Points.Get', one))).toEqual([]);
  });

  test('describe collections as they were made', async () => {
    expect(await call('Collections.Describe', {})).toMatchObject({
      collection: {
        name: 'default',
        state: 'COLLECTION_STATE_READY',
        vectors: {
          '': { dimension: 2, distance: 'DISTANCE_EUCLID', m: 8, efSearch: 50 },
          tiny: { dimension: 1, quantization: 'QUANTIZATION_NONE' },
        },
        segments: [{ kind: 'SEGMENT_KIND_GROWING' }],
      },
    });
    expect((await call('Collections.List', {}))['collections']).toHaveLength(1);
    expect(await call('Collections.Optimize', {})).toEqual({});
  });

  test('make and drop collections, aliases and payload indexes', async () => {
    await call('Collections.Create', { name: 'b', vector: { dimension: 3, distance: 2 } });
    await call('Collections.UpdateAliases', {
      actions: [
        { create: { alias: 'x', collection: 'b' } },
        { rename: { alias: 'x', newAlias: 'y' } },
      ],
    });
    expect(await call('Collections.ListAliases', {})).toEqual({
      aliases: [{ alias: 'y', collection: 'b' }],
    });
    const index = { kind: 'PAYLOAD_INDEX_KIND_TEXT', tokenizer: 'TOKENIZER_WORD', lowercase: true };
    await call('Collections.CreatePayloadIndex', { collection: 'y', field: 'a.b', index });
    expect(await call('Collections.Describe', { collection: 'y' })).toMatchObject({
      collection: { name: 'b', aliases: ['y'], payloadIndexes: { 'a.b': index } },
    });
    const field = { collection: 'b', field: 'a.b' };
    expect(await call('Collections.DropPayloadIndex', field)).toEqual({ dropped: true });
    expect(await call('Collections.DropPayloadIndex', field)).toEqual({ dropped: false });
    await call('Collections.UpdateAliases', { actions: [{ delete: { alias: 'y' } }] });
    expect(await call('Collections.Drop', { collection: 'b' })).toEqual({ dropped: true });
    expect(await call('Collections.Drop', { collection: 'b' })).toEqual({ dropped: false });
  });

  test('tell what the node is', async () => {
    expect(await call('Node.Info', {})).toMatchObject({
      version: '0.0.0-test',
      defaultCollection: 'default',
      ready: true,
      writable: true,
      limits: { batchPointsMax: '10000' },
    });
  });
});
