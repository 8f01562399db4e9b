import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { VectorDbError } from '../base/error.ts';
import { openGrpcEdge } from '../../test/support/grpc-edge.ts';
import { testHttpServer } from '../../test/support/http-server.ts';
import { MemoryCluster } from '../../test/support/memory-cluster.ts';
import type { MemoryDatabase } from '../../test/support/memory-database.ts';
import type { ClientRequest } from './client-request.ts';
import { ClusterClient } from './cluster-client.ts';
import { connectEndpoint } from './connect-endpoint.ts';
import type { AttemptOutcome, Endpoint } from './endpoint.ts';

interface Running extends AsyncDisposable {
  readonly url: string;
  readonly database: MemoryDatabase;
}

async function restNode(): Promise<Running> {
  const api = await testHttpServer({
    cluster: new MemoryCluster(),
    clock: systemClock,
    auth: { full: 'key' },
  });
  await api.database.createCollection({ name: 'words', vectors: VECTORS });
  const url = `http://127.0.0.1:${await api.server.listen('127.0.0.1', 0)}`;
  return { url, database: api.database, [Symbol.asyncDispose]: () => api.server.close(0) };
}

async function grpcNode(): Promise<Running> {
  const edge = await openGrpcEdge({ cluster: new MemoryCluster(), auth: { full: 'key' } });
  await edge.database.createCollection({ name: 'words', vectors: VECTORS });
  return {
    url: `grpc://${edge.address}`,
    database: edge.database,
    [Symbol.asyncDispose]: () => edge[Symbol.asyncDispose](),
  };
}

const VECTORS = { '': { dimension: 2, distance: 'dot' } } as const;
const NAMED = { '': VECTORS[''], title: VECTORS[''] };
const BIG = 2n ** 63n + 5n;
const connect = (url: string): Endpoint =>
  connectEndpoint({ url, apiKey: 'key', clock: systemClock });
/** Enough for any machine; nothing waits for it to pass. */
const AMPLE_MS = 50_000;
const COUNT: ClientRequest = { kind: 'count', collection: 'words' };

function failureOf(outcome: AttemptOutcome<unknown>) {
  if (outcome.ok) throw new Error('it did not fail');
  const { kind, error } = outcome.failure;
  return { kind, code: error.code, field: error.field };
}

describe.each([
  ['REST', restNode],
  ['gRPC', grpcNode],
])('a client over %s', (_name, start) => {
  const clientOf = ({ url }: Running) => new ClusterClient({ endpoints: [url], apiKey: 'key' });
  const collection = 'words';

  test('writes and reads points with ids of all kinds, vectors and payloads', async () => {
    await using node = await start();
    using client = clientOf(node);
    const payload = {
      nested: { id: 'x', list: [1, null, 'é'] },
      vector: [1, 2],
      vectors: { a: [1] },
      node_id: 'n',
    };
    const points = [
      { id: 'a', vector: [0.19, 2], payload },
      { id: 7, vector: Float32Array.of(1, 1) },
      { id: BIG, vector: [3, 4] },
    ];
    expect(await client.upsert(points, { collection })).toEqual({ changed: 3 });
    const found = await client.get(['a', BIG, 'nobody'], { collection, withVectors: true });
    expect(found.points.map(({ id }) => id)).toEqual(['a', BIG]);
    expect(found.points[0]).toMatchObject({ payload, vector: Float32Array.of(0.19, 2) });
    expect(await client.count({ collection })).toEqual({ count: 3 });
    expect(await client.delete({ ids: [7] }, { collection })).toEqual({ changed: 1 });
    expect(await client.delete({ filter: { must: { has_id: ['a'] } } }, { collection })).toEqual({
      changed: 1,
    });
    expect(await client.count({ collection })).toEqual({ count: 1 });
  });

  test('searches, one by one and together', async () => {
    await using node = await start();
    using client = clientOf(node);
    await client.upsert(
      [1, 2, 3].map((id) => ({ id, vector: [id, 0], payload: { even: id === 2 } })),
      { collection },
    );
    const vector = Float32Array.of(1, 0);
    const { results } = await client.search({ collection, vector, limit: 2 });
    expect(results.map(({ id, score }) => [id, score])).toEqual([
      [3, 3],
      [2, 2],
    ]);
    expect(results[0]).toMatchObject({ payload: { even: false } });
    const filter = { must: [{ key: 'even', match: { value: true } }] };
    const { searches } = await client.searchBatch(
      [
        { vector, filter, withPayload: false },
        { vector, limit: 1, withVectors: true, offset: 1 },
      ],
      { collection },
    );
    expect(searches.map((one) => one.results.map(({ id }) => id))).toEqual([[2], [2]]);
    expect(searches[1]?.results[0]?.vector).toEqual(Float32Array.of(2, 0));
    const near = await client.search({ collection, vector, scoreThreshold: 2.5, exact: true });
    expect(near.results).toHaveLength(1);
  });

  test('refuses what cannot be sent as it is meant, and keeps the others whole', async () => {
    await using node = await start();
    using client = clientOf(node);
    await client.upsert([{ id: 5, vector: [1, 2], payload: { kept: true } }], { collection });
    const refused = { code: 'INVALID_ARGUMENT' };
    const id = (1n << 64n) + 5n;
    await expect(client.upsert([{ id, vector: [9, 9] }], { collection })).rejects.toMatchObject({
      ...refused,
      field: 'points[0].id',
    });
    await expect(client.delete({ ids: [id] }, { collection })).rejects.toMatchObject(refused);
    const search = { collection, vector: [1, 2], limit: 4_294_967_297 };
    await expect(client.search(search)).rejects.toMatchObject({ ...refused, field: 'limit' });
    await expect(client.count({ collection }, { timeoutMs: NaN })).rejects.toMatchObject(refused);
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    const payloads = [circle, { big: 2n ** 70n }, null] as never[];
    const [round, big, none] = payloads.map((payload) =>
      client.upsert([{ id: 6, vector: [1, 2], payload }], { collection }),
    );
    await expect(round).rejects.toMatchObject(refused);
    expect([await big, await none]).toEqual([{ changed: 1 }, { changed: 1 }]);
    let filter: object = {};
    for (let depth = 0; depth < 300; depth += 1) filter = { must: [filter] };
    await expect(client.count({ collection, filter })).rejects.toMatchObject({
      code: expect.stringMatching(
        /^(INVALID_ARGUMENT|INVALID_FILTER|LIMIT_EXCEEDED|MALFORMED_BODY)$/,
      ),
    });
    const { points } = await client.get([5], { collection });
    expect(points).toMatchObject([{ id: 5, payload: { kept: true } }]);
  });

  test('reads pages, changes payloads, and tells collections and the cluster', async () => {
    await using node = await start();
    using client = clientOf(node);
    await client.upsert(
      [1, 2, 3].map((id) => ({ id, vector: [id, 0] })),
      { collection },
    );
    const first = await client.scroll({ collection, limit: 2 });
    expect(first.next).toBe(3);
    const second = await client.scroll({ collection, limit: 2, from: 3, withVectors: true });
    expect(second.points.map(({ id }) => id)).toEqual([3]);
    expect(second).not.toHaveProperty('next');
    await client.setPayload({ ids: [1] }, { a: 1 }, { collection });
    await client.setPayload({ ids: [1] }, { b: 2 }, { collection });
    expect((await client.get([1], { collection })).points[0]?.payload).toEqual({ a: 1, b: 2 });
    await client.overwritePayload({ ids: [1] }, { c: 3 }, { collection });
    expect((await client.get([1], { collection })).points[0]?.payload).toEqual({ c: 3 });
    const words = (await client.collections()).find(({ name }) => name === 'words');
    expect(words).toMatchObject({ points: 3, state: 'ready', aliases: [] });
    expect(await client.clusterInfo()).toMatchObject({
      clusterId: 'c-1',
      leader: 'node-2',
      term: 7,
      health: 'yellow',
      members: [{ nodeId: 'node-1', status: 'up' }, {}, { status: 'down' }],
    });
  });

  test('writes named vectors', async () => {
    await using node = await start();
    using client = clientOf(node);
    await node.database.createCollection({ name: 'two', vectors: NAMED });
    const point = { id: 1, vector: [1, 2], vectors: { title: [3, 4] } };
    await client.upsert([point], { collection: 'two' });
    const { points } = await client.get([1], { collection: 'two', withVectors: true });
    expect(points[0]?.vector).toEqual(Float32Array.of(1, 2));
    expect(points[0]?.vectors).toEqual({ title: Float32Array.of(3, 4) });
    const found = await client.search({ collection: 'two', vector: [1, 0], using: 'title' });
    expect(found.results[0]?.score).toBe(3);
  });

  test('says which consistency it wants, and takes answers that lack shards', async () => {
    await using node = await start();
    using client = clientOf(node);
    node.database.missingShards = [4];
    const how = { collection, consistency: 'local', allowPartial: true } as const;
    const vector = [1, 0];
    for (const answer of [
      await client.count(how),
      await client.get([1], how),
      await client.scroll(how),
      await client.search({ ...how, vector }),
      await client.searchBatch([{ vector }], how),
    ]) {
      expect(answer.missingShards).toEqual([4]);
    }
    expect(node.database.lastConsistency).toBe('local');
  });

  test('applies a write once though it is sent twice', async () => {
    await using node = await start();
    const endpoint = connect(node.url);
    const opened = await endpoint.send({ kind: 'openSession' }, { timeoutMs: AMPLE_MS });
    if (!opened.ok) throw opened.failure.error;
    const stamp = { ...opened.answer, sequence: 3, respondedUpTo: 1 };
    const write = { kind: 'upsert', collection, points: [{ id: 1, vector: [1, 2] }] } as const;
    await endpoint.send(write, { timeoutMs: AMPLE_MS, stamp });
    const kept = node.database.fingerprint();
    expect(await endpoint.send(write, { timeoutMs: AMPLE_MS, stamp })).toMatchObject({ ok: true });
    expect(node.database.fingerprint()).toBe(kept);
    endpoint.close();
  });

  test('tells what a node answered, with code and field', async () => {
    await using node = await start();
    using client = clientOf(node);
    const wrong = client.upsert([{ id: 1, vector: [1] }], { collection });
    await expect(wrong).rejects.toMatchObject({ code: 'DIMENSION_MISMATCH' });
    await expect(client.count({ collection: 'none' })).rejects.toMatchObject({
      code: 'COLLECTION_NOT_FOUND',
    });
    using stranger = new ClusterClient({ endpoints: [node.url] });
    await expect(stranger.count()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    node.database.failure = new VectorDbError('OVERLOADED', 'full', { retryAfterMs: 40 });
    const endpoint = connect(node.url);
    const outcome = await endpoint.send(COUNT, { timeoutMs: AMPLE_MS });
    expect(outcome).toMatchObject({
      failure: { kind: 'answered', error: { code: 'OVERLOADED', retryAfterMs: 40 } },
    });
    endpoint.close();
  });

  test('gives up when the time is up, or when it is told to', async () => {
    await using node = await start();
    const held = Promise.withResolvers<void>();
    node.database.gate = held.promise;
    const endpoint = connect(node.url);
    const late = await endpoint.send(COUNT, { timeoutMs: 30 });
    expect(failureOf(late).code).toBe('DEADLINE_EXCEEDED');
    const stop = new AbortController();
    const stopped = endpoint.send(COUNT, { timeoutMs: 60_000, signal: stop.signal });
    while (node.database.waiting === 0) await new Promise(setImmediate);
    stop.abort();
    expect(failureOf(await stopped).code).toBe('CANCELLED');
    held.resolve();
    endpoint.close();
  });

  test('knows whether a node is ready', async () => {
    await using node = await start();
    const endpoint = connect(node.url);
    expect(await endpoint.probe(AMPLE_MS)).toBe(true);
    const status = await node.database.status();
    node.database.state = { ...status, ready: false, reasons: ['it starts'] };
    expect(await endpoint.probe(AMPLE_MS)).toBe(false);
    endpoint.close();
  });
});

describe('an endpoint that is no node', () => {
  const servers: Server[] = [];
  const sockets = new Set<Socket>();
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    for (const server of servers.splice(0)) server.close();
  });

  /** A port where `handle` is all that happens. */
  function port(handle: (socket: Socket) => void): Promise<number> {
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      handle(socket);
    });
    servers.push(server);
    return new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
    });
  }

  const answers = (text: string) => (socket: Socket) =>
    void socket.once('data', () => socket.end(text));
  const http = (head: string, body: string): string =>
    `HTTP/1.1 ${head}\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  const WRITE: ClientRequest = { kind: 'upsert', points: [{ id: 1, vector: [1] }] };

  test.each(['http', 'grpc'])('by %s that nobody listens at got nothing', async (scheme) => {
    const free = await port(() => undefined);
    servers[0]?.close();
    const endpoint = connect(`${scheme}://127.0.0.1:${free}`);
    expect(failureOf(await endpoint.send(WRITE, { timeoutMs: AMPLE_MS }))).toMatchObject({
      kind: 'unsent',
      code: 'UNAVAILABLE',
    });
    expect(await endpoint.probe(1_000)).toBe(false);
    endpoint.close();
  });

  test.each([
    ['closes the connection', (socket: Socket) => void socket.once('data', () => socket.destroy())],
    ['answers half', answers('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"chan')],
    ['answers no JSON', answers(http('200 OK', '<html>'))],
    ['answers no HTTP', answers('SSH-2.0-x\r\n')],
  ])('and %s leaves the outcome of a write open', async (_, handle) => {
    const endpoint = connect(`http://127.0.0.1:${await port(handle)}`);
    expect(failureOf(await endpoint.send(WRITE, { timeoutMs: AMPLE_MS }))).toMatchObject({
      kind: 'unanswered',
      code: 'UNAVAILABLE',
    });
    expect(await endpoint.probe(1_000)).toBe(false);
  });

  test('and never answers is not waited for longer than told', async () => {
    const endpoint = connect(`http://127.0.0.1:${await port(() => undefined)}`);
    expect(failureOf(await endpoint.send(WRITE, { timeoutMs: 20 }))).toMatchObject({
      kind: 'unanswered',
      code: 'DEADLINE_EXCEEDED',
    });
  });

  test.each([
    ['502 Bad Gateway', '<html>', 'UNAVAILABLE'],
    ['504 Gateway Timeout', '', 'UNAVAILABLE'],
    ['413 Payload Too Large', '{}', 'BODY_TOO_LARGE'],
    ['500 Oh', '{"error":{"code":"NOT_OURS"}}', 'INTERNAL'],
  ])('and answers %s is understood', async (head, body, code) => {
    const endpoint = connect(`http://127.0.0.1:${await port(answers(http(head, body)))}`);
    expect(failureOf(await endpoint.send(COUNT, { timeoutMs: AMPLE_MS })).code).toBe(code);
  });
});
