import { expect, test } from 'vitest';
import { BAD_INPUT_COLLECTION } from '../../../test/bad-inputs/grpc-cases.ts';
import { fuzzGrpc } from '../../../test/bad-inputs/grpc-fuzz.ts';
import { openGrpcEdge } from '../../../test/support/grpc-edge.ts';

test('random gRPC requests neither break the server nor change anything', async () => {
  await using edge = await openGrpcEdge();
  await edge.client.call('Collections.Create', BAD_INPUT_COLLECTION);
  await edge.client.call('Points.Upsert', {
    collection: BAD_INPUT_COLLECTION.name,
    points: [{ id: { text: 'a' }, vector: { values: { values: [1, 2, 3, 4] } } }],
  });
  const before = edge.database.fingerprint();
  expect(await fuzzGrpc(edge.client, 60, 20_260)).toEqual([]);
  expect(edge.database.fingerprint()).toBe(before);
  expect(edge.bugs).toEqual([]);
});
