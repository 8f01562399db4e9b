import { compressionAlgorithms } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { GrpcTestClient } from '../../../test/support/grpc-client.ts';
import { type GrpcEdge, openGrpcEdge } from '../../../test/support/grpc-edge.ts';
import { HandClock } from '../../../test/support/hand-clock.ts';
import { ERROR_CODES, type ErrorCode } from '../../base/error-codes.ts';
import { VectorDbError } from '../../base/error.ts';
import { DEFAULT_LIMITS } from '../../database/limits.ts';

const GZIP = { 'grpc.default_compression_algorithm': compressionAlgorithms.gzip };
const floats = (...values: number[]): object => ({
  float32: new Uint8Array(Float32Array.from(values).buffer),
});
const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const DEFAULT_COLLECTION = {
  name: 'default',
  vector: { dimension: 2, distance: 'DISTANCE_EUCLID' },
};
const point = (id: number, ...values: number[]): object => ({
  id: { integer: String(id) },
  vector: floats(...values),
});

describe('the calls of a gRPC server', () => {
  let edge: GrpcEdge;

  beforeEach(async () => {
    edge = await openGrpcEdge();
    await edge.client.call('Collections.Create', DEFAULT_COLLECTION);
  });
  afterEach(() => edge[Symbol.asyncDispose]());

  describe('that fail', () => {
    test.each(Object.entries(ERROR_CODES))('carry %s as status and metadata', async (code, row) => {
      edge.database.failure = new VectorDbError(code as ErrorCode, 'why', {
        field: 'points[0].größe',
        retryAfterMs: 12.3,
      });
      const outcome = await edge.client.call('Points.Count', {});
      expect(outcome).toMatchObject({ status: row.grpc, code });
      expect(outcome.message).toBe(
        code === 'INTERNAL'
          ? 'the request ended unexpectedly; the log of the server tells why'
          : 'why',
      );
      if (code !== 'INTERNAL') {
        expect(outcome.field).toBe('points[0].größe');
        expect(outcome.trailers?.get('grpc-retry-pushback-ms')).toEqual(['13']);
        expect(outcome.trailers?.get('retry-after-ms')).toEqual(['13']);
      }
      expect(edge.calls.at(-1)).toBe(`Points.Count ${code}`);
    });

    test('tell nothing of a bug but log it', async () => {
      edge.database.failure = new TypeError('secret of the inside');
      const outcome = await edge.client.call('Points.Count', {});
      expect(outcome).toMatchObject({ status: 13, code: 'INTERNAL' });
      expect(outcome.message).not.toContain('secret');
      expect(edge.bugs).toEqual([edge.database.failure]);
    });

    test('cut messages that no trailer would hold', async () => {
      edge.database.failure = new VectorDbError('INVALID_ARGUMENT', 'x'.repeat(100_000), {
        field: 'y'.repeat(100_000),
      });
      const outcome = await edge.client.call('Points.Count', {});
      expect(outcome.status).toBe(3);
      expect(outcome.message).toHaveLength(1_000);
    });
  });

  describe('that are given up', () => {
    test('abort what they asked for and count as cancelled', async () => {
      edge.database.gate = new Promise(() => undefined);
      const controller = new AbortController();
      const outcome = edge.client.call('Points.Count', {}, { signal: controller.signal });
      await edge.client.call('Node.Info', {});
      controller.abort();
      expect((await outcome).status).toBe(1);
      await expect.poll(() => edge.calls.at(-1)).toBe('Points.Count CANCELLED');
    });

    test('abort what they asked for when their deadline passes', async () => {
      edge.database.gate = new Promise(() => undefined);
      // A call whose deadline passes before it is on its way is none that the server knows of.
      await expect
        .poll(async () => {
          const deadline = Date.now() + 50;
          expect((await edge.client.call('Points.Count', {}, { deadline })).status).toBe(4);
          return edge.calls.at(-1);
        })
        .toBe('Points.Count DEADLINE_EXCEEDED');
    });

    test('end when they name no deadline and take too long', async () => {
      await using short = await openGrpcEdge({ requestTimeoutMs: 20 });
      short.database.gate = new Promise(() => undefined);
      const outcome = await short.client.call('Points.Count', {});
      expect(outcome).toMatchObject({ status: 4, code: 'DEADLINE_EXCEEDED' });
    });

    test('end a stream that stands still, and none that goes on', async () => {
      const clock = new HandClock();
      await using short = await openGrpcEdge({ requestTimeoutMs: 20, clock });
      await short.client.call('Collections.Create', DEFAULT_COLLECTION);
      const written = (): Promise<number> => short.database.count({ collection: 'default' });
      const over = Promise.withResolvers<void>();
      let points = 0;
      async function* batches(): AsyncGenerator<object> {
        for (let i = 0; i < 3; i += 1) {
          points += 1;
          yield { points: [point(points, 1, 2)] };
          await expect.poll(written).toBe(points);
          clock.pass(15);
        }
      }
      const going = await short.client.stream('Points.UpsertStream', batches());
      expect(going).toMatchObject({ status: 0, response: { batches: '3' } });
      async function* stalling(): AsyncGenerator<object> {
        yield* batches();
        clock.pass(5);
        await over.promise;
      }
      const still = await short.client.stream('Points.UpsertStream', stalling());
      over.resolve();
      expect(still).toMatchObject({ status: 4, code: 'DEADLINE_EXCEEDED' });
      expect(await written()).toBe(6);
    });

    test('leave nothing running behind a stream', async () => {
      edge.database.gate = new Promise(() => undefined);
      const controller = new AbortController();
      const outcome = edge.client.stream(
        'Points.UpsertStream',
        [{ points: [point(1, 1, 2)] }, { points: [point(2, 1, 2)] }],
        { signal: controller.signal },
      );
      await edge.client.call('Node.Info', {});
      controller.abort();
      expect((await outcome).status).toBe(1);
      await expect.poll(() => edge.calls.at(-1)).toBe('Points.UpsertStream CANCELLED');
      expect(edge.bugs).toEqual([]);
    });
  });

  describe('with large or compressed messages', () => {
    test('are taken up to the limit of a message, and refused above it', async () => {
      const payload = json({ text: 'x'.repeat(900_000) });
      const points = Array.from({ length: 30 }, (_, i) => ({
        ...point(i, 1, 2),
        payloadJson: payload,
      }));
      const taken = await edge.client.call('Points.Upsert', { points });
      expect(taken).toMatchObject({ status: 0, response: { changed: '30' } });
      const read = await edge.client.call('Points.Scroll', { limit: 30 });
      expect(read.response?.['points']).toHaveLength(30);
      const refused = await edge.client.call('Points.Upsert', {
        points: [...points, ...points],
      });
      expect(refused.status).toBe(8);
    });

    test('are taken with gzip', async () => {
      using client = new GrpcTestClient(edge.address, GZIP);
      const points = Array.from({ length: 100 }, (_, i) => point(i, i, i));
      const outcome = await client.call('Points.Upsert', { points });
      expect(outcome).toMatchObject({ status: 0, response: { changed: '100' } });
    });

    test('are refused where they unpack to more than the limit', async () => {
      using client = new GrpcTestClient(edge.address, GZIP);
      const outcome = await client.call('Points.Upsert', Buffer.alloc(40 * 1024 * 1024));
      expect(outcome.status).toBe(8);
    });
  });

  describe('that stream batches', () => {
    test('go on after a batch that failed, and tell which', async () => {
      const outcome = await edge.client.stream('Points.UpsertStream', [
        { points: [point(1, 1, 2), point(2, 1, 2)] },
        { points: [point(3, 1, 2), point(4, 1, 2, 3)] },
        { points: [] },
        { points: [point(5, 1, 2)], wait: 'WAIT_ACCEPTED' },
      ]);
      expect(outcome.response).toMatchObject({
        batches: '4',
        points: '3',
        changed: '2',
        stopped: false,
        errors: [
          { batch: '1', points: 2, code: 'DIMENSION_MISMATCH', field: 'points[1].vector' },
          { batch: '2', points: 0, code: 'INVALID_ARGUMENT', field: 'points' },
        ],
      });
      const { response } = await edge.client.call('Points.Count', {});
      expect(response).toMatchObject({ count: '3' });
    });

    test('keep the collection of the batch before', async () => {
      await edge.client.call('Collections.Create', {
        name: 'other',
        vector: { dimension: 2, distance: 'DISTANCE_DOT' },
      });
      await edge.client.stream('Points.UpsertStream', [
        { collection: 'other', points: [point(1, 1, 2)] },
        { points: [point(2, 1, 2)] },
      ]);
      const { response } = await edge.client.call('Points.Count', { collection: 'other' });
      expect(response).toMatchObject({ count: '2' });
    });

    test('are stopped after a hundred failed batches', async () => {
      const outcome = await edge.client.stream(
        'Points.UpsertStream',
        Array.from({ length: 500 }, () => ({ points: [] })),
      );
      expect(outcome.status).toBe(0);
      expect(outcome.response).toMatchObject({ batches: '100', stopped: true });
      expect(outcome.response?.['errors']).toHaveLength(100);
    });

    test('are refused as a whole where a batch is no message', async () => {
      const outcome = await edge.client.stream('Points.UpsertStream', [Buffer.from([10, 255])]);
      expect(outcome).toMatchObject({ status: 3, code: 'MALFORMED_BODY' });
    });

    test('are read no faster than they are written', async () => {
      const gate = Promise.withResolvers<void>();
      edge.database.gate = gate.promise;
      const size = 1024 * 1024;
      const sizeOfBatch = { points: [{ ...point(1, 1, 2), payloadJson: Buffer.alloc(size, 32) }] };
      let sent = 0;
      function* batches(): Generator<object> {
        for (; sent < 60; sent += 1) yield sizeOfBatch;
      }
      const outcome = edge.client.stream('Points.UpsertStream', batches());
      await edge.client.call('Node.Info', {});
      let before = -1;
      await expect
        .poll(
          async () => {
            const stands = sent === before;
            before = sent;
            await edge.client.call('Node.Info', {});
            return stands;
          },
          { interval: 100 },
        )
        .toBe(true);
      expect(sent).toBeLessThan(30);
      gate.resolve();
      expect((await outcome).response).toMatchObject({ batches: '60' });
    });
  });
});

describe('API keys over gRPC', () => {
  const auth = { full: 'all-of-it', readOnly: 'look-only' };

  test.each([
    ['no key', {}, 16, 16],
    ['an unknown key', { 'api-key': 'guess' }, 16, 16],
    ['the read-only key', { 'api-key': auth.readOnly }, 0, 7],
    ['the full key', { 'api-key': auth.full }, 0, 0],
    ['the full key as a bearer', { authorization: `Bearer ${auth.full}` }, 0, 0],
  ])('let %s read and write what it may', async (_name, metadata, read, write) => {
    await using edge = await openGrpcEdge({ auth });
    const list = await edge.client.call('Collections.List', {}, { metadata });
    expect(list.status).toBe(read);
    const create = { name: 'a', vector: { dimension: 2, distance: 1 } };
    const created = await edge.client.call('Collections.Create', create, { metadata });
    expect(created.status).toBe(write);
  });

  test('are asked for before a stream is read', async () => {
    await using edge = await openGrpcEdge({ auth });
    const outcome = await edge.client.stream('Points.UpsertStream', [{ points: [] }]);
    expect(outcome).toMatchObject({ status: 16, code: 'UNAUTHENTICATED' });
  });
});

describe('a gRPC server that closes', () => {
  test('lets calls under way end and takes no more', async () => {
    const edge = await openGrpcEdge();
    await edge.database.createCollection({
      name: 'default',
      vectors: { '': { dimension: 2, distance: 'dot' } },
    });
    const gate = Promise.withResolvers<void>();
    edge.database.gate = gate.promise;
    const underWay = edge.client.call('Points.Count', {});
    await edge.client.call('Node.Info', {});
    const closed = edge.server.close();
    gate.resolve();
    expect((await underWay).status).toBe(0);
    await closed;
    using late = new GrpcTestClient(edge.address);
    expect((await late.call('Node.Info', {})).status).toBe(14);
    edge.client[Symbol.dispose]();
  });

  test('ends calls that outlast its patience', async () => {
    const edge = await openGrpcEdge();
    await edge.database.createCollection({
      name: 'default',
      vectors: { '': { dimension: 2, distance: 'dot' } },
    });
    edge.database.gate = new Promise(() => undefined);
    const underWay = edge.client.call('Points.Count', {});
    await edge.client.call('Node.Info', {});
    await edge.server.close(20);
    expect(await underWay).toMatchObject({ status: 14, code: 'SHUTTING_DOWN' });
    edge.client[Symbol.dispose]();
  });

  test('says that a port is taken', async () => {
    await using first = await openGrpcEdge();
    const port = Number(first.address.split(':')[1]);
    await using second = await openGrpcEdge();
    await expect(second.server.listen('127.0.0.1', port)).rejects.toThrow(/EADDRINUSE|bound/);
  });

  test('refuses messages above a configured limit', async () => {
    await using edge = await openGrpcEdge({ limits: { ...DEFAULT_LIMITS, bodyBytesMax: 1_000 } });
    const outcome = await edge.client.call('Points.Upsert', Buffer.alloc(2_000));
    expect(outcome.status).toBe(8);
  });
});
