import { describe, expect, test } from 'vitest';
import { type GrpcEdge, openGrpcEdge } from '../../../test/support/grpc-edge.ts';

const float32 = (...values: number[]) => ({
  float32: new Uint8Array(Float32Array.from(values).buffer),
});
const vector = float32(1, 2, 3);
const READS: readonly (readonly [string, object])[] = [
  ['Points.Search', { vector }],
  ['Points.SearchBatch', { searches: [{ vector }] }],
  ['Points.Get', { ids: [{ text: 'a' }] }],
  ['Points.Scroll', {}],
  ['Points.Count', {}],
];

async function openEdge(): Promise<GrpcEdge> {
  const edge = await openGrpcEdge();
  const vectors = { '': { dimension: 3, distance: 'cosine' } } as const;
  await edge.database.createCollection({ name: 'default', vectors });
  const point = { id: 'a', vectors: { '': Float32Array.of(1, 2, 3) }, payload: Buffer.from('{}') };
  await edge.database.upsertPoints('default', [point]);
  return edge;
}

describe.each(READS)('a read by %s', (method, request) => {
  test('passes on which consistency is wanted', async () => {
    await using edge = await openEdge();
    const local = { ...request, consistency: 'CONSISTENCY_LOCAL' };
    expect((await edge.client.call(method, local)).status).toBe(0);
    expect(edge.database.lastConsistency).toBe('local');
    await edge.client.call(method, request);
    expect(edge.database.lastConsistency).toBe('linearizable');
    const unknown = await edge.client.call(method, { ...request, consistency: 9 });
    expect(unknown).toMatchObject({ code: 'INVALID_ARGUMENT', field: 'consistency' });
  });

  test('fails without a shard, unless a partial answer is allowed, which names what is missing', async () => {
    await using edge = await openEdge();
    edge.database.missingShards = [11, 2];
    expect((await edge.client.call(method, request)).code).toBe('UNAVAILABLE');
    const partial = await edge.client.call(method, { ...request, allowPartial: true });
    expect(partial.response?.['missingShards']).toEqual([2, 11]);
  });
});

test.each([
  [{ consistency: 'CONSISTENCY_LOCAL' }, 'searches[1].consistency'],
  [{ allowPartial: true }, 'searches[1].allow_partial'],
])('a search of a batch has no %j of its own', async (more, field) => {
  await using edge = await openEdge();
  const request = { searches: [{ vector }, { vector, ...more }] };
  const answer = await edge.client.call('Points.SearchBatch', request);
  expect(answer).toMatchObject({ code: 'INVALID_ARGUMENT', field });
});

describe('a write with a session', () => {
  const selector = { ids: { ids: [{ text: 'a' }] } };
  const payloadJson = Buffer.from('{"b":1}');
  const metadataAt = async (edge: GrpcEdge, sequence: string): Promise<Record<string, string>> => {
    const { response } = await edge.client.call('Points.OpenSession', {});
    return { 'grape-session': String(response?.['session']), 'grape-sequence': sequence };
  };

  test.each([
    ['Points.Upsert', { points: [{ id: { text: 'x' }, vector }] }],
    ['Points.Delete', { selector }],
    ['Points.SetPayload', { selector, payloadJson }],
    ['Points.OverwritePayload', { selector, payloadJson }],
    ['Points.DeletePayload', { selector }],
  ])('%s is applied once however often it is sent', async (method, request) => {
    await using edge = await openEdge();
    const metadata = await metadataAt(edge, '1/0');
    const first = await edge.client.call(method, request, { metadata });
    expect(first.response).toMatchObject({ applied: true, changed: '1' });
    const kept = edge.database.fingerprint();
    const again = await edge.client.call(method, request, { metadata });
    expect(again.response).toEqual(first.response);
    expect(edge.database.fingerprint()).toBe(kept);
  });

  test('that is forgotten ends with SESSION_EXPIRED', async () => {
    await using edge = await openEdge();
    const metadata = await metadataAt(edge, '1/0');
    edge.database.forgetSessions();
    const answer = await edge.client.call('Points.Delete', { selector }, { metadata });
    expect(answer.code).toBe('SESSION_EXPIRED');
  });

  test('is refused with half a stamp, and as a stream', async () => {
    await using edge = await openEdge();
    const metadata = { 'grape-session': 's' };
    const half = await edge.client.call('Points.Delete', { selector }, { metadata });
    expect(half).toMatchObject({ code: 'INVALID_ARGUMENT', field: 'grape-sequence' });
    const batches = [{ points: [{ id: { text: 'x' }, vector }] }];
    const whole = { metadata: await metadataAt(edge, '1/0') };
    const stream = await edge.client.stream('Points.UpsertStream', batches, whole);
    expect(stream).toMatchObject({ code: 'INVALID_ARGUMENT', field: 'grape-session' });
  });
});
