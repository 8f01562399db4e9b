import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BAD_INPUT_COLLECTION, GRPC_BAD_INPUTS } from '../../../test/bad-inputs/grpc-cases.ts';
import { openGrpcEdge, type GrpcEdge } from '../../../test/support/grpc-edge.ts';

describe('bad gRPC requests', () => {
  let edge: GrpcEdge;
  let before: string;

  beforeAll(async () => {
    edge = await openGrpcEdge();
    await edge.client.call('Collections.Create', BAD_INPUT_COLLECTION);
    before = edge.database.fingerprint();
  });
  afterAll(() => edge[Symbol.asyncDispose]());

  test.each(GRPC_BAD_INPUTS)('$method refuses $name', async (input) => {
    const outcome = await edge.client.call(input.method, input.request);
    expect(outcome).toMatchObject({ status: input.status, code: input.code });
    expect(outcome.field).toBe(input.field);
    expect(edge.database.fingerprint()).toBe(before);
  });
});
