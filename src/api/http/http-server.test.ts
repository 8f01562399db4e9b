import { connect } from 'node:net';
import { Compile } from 'typebox/compile';
import { describe, expect, test } from 'vitest';
import { REST_CASES } from '../../../test/bad-inputs/rest-cases.ts';
import { fuzzRest } from '../../../test/bad-inputs/rest-fuzz.ts';
import { MemoryCluster } from '../../../test/support/memory-cluster.ts';
import { testHttpServer } from '../../../test/support/http-server.ts';
import type { TestHttpServer } from '../../../test/support/http-server.ts';
import { ERROR_CODES } from '../../base/error-codes.ts';
import { VectorDbError } from '../../base/error.ts';
import { DEFAULT_LIMITS } from '../../database/limits.ts';

describe('bad input', () => {
  test('every case is refused with its code and field, and changes nothing', async () => {
    await using api = await testHttpServer();
    const before = api.database.fingerprint();
    const answers: unknown[] = [];
    const expected: unknown[] = [];
    for (const { name, method, path, body, headers, code, field } of REST_CASES) {
      const { status, json } = await api.call(method, path, body, headers);
      const { code: gotCode, field: gotField } = json?.error ?? {};
      answers.push({ name, status, code: gotCode, field: gotField });
      expected.push({ name, status: ERROR_CODES[code].http, code, field });
    }
    expect(answers).toEqual(expected);
    expect(REST_CASES.length).toBeGreaterThanOrEqual(70);
    expect(api.database.fingerprint()).toBe(before);
    expect(api.logged).toEqual([]);
  });

  test('spoiled requests to every route end in a coded refusal', async () => {
    await using api = await testHttpServer();
    await fuzzRest(
      async ({ method, path, headers, body }) => {
        const { statusCode, body: text } = await api.server.app.inject({
          method,
          url: path,
          headers,
          ...(body === undefined ? {} : { payload: body }),
        });
        return { status: statusCode, body: text };
      },
      1500,
      { fingerprint: () => api.database.fingerprint() },
    );
    expect(api.logged).toEqual([]);
  });
});

describe('points', () => {
  test('what curl sends without a content type of its own is taken as JSON', async () => {
    await using api = await testHttpServer();
    const body = '{"id":"doc1","vector":[0.1,0.2,0.3],"payload":{"title":"first"}}';
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await api.call('POST', '/vectors', body, type)).json).toEqual({
      status: 'applied',
      changed: 1,
    });
    const { json } = await api.call('POST', '/vectors/search', '{"vector":[0.1,0.2,0.3]}', type);
    expect(json).toEqual({ results: [{ id: 'doc1', score: 1, payload: { title: 'first' } }] });
    const list = await api.call('POST', '/vectors/search', '[1,2]', type);
    expect([list.status, list.json]).toMatchObject([400, { error: { field: 'body' } }]);
    expect((await api.call('POST', '/vectors/search', 'id=doc1', type)).status).toBe(415);
  });

  test('a payload comes back as it was written, a vector as its shortest decimals', async () => {
    await using api = await testHttpServer();
    const payload = '{ "price": 1.0, "big": 12345678901234567890, "é": "\\u00e9" }';
    await api.call('PUT', '/admin/collections/dots', { vector: { dimension: 2, distance: 'dot' } });
    await api.call(
      'POST',
      '/vectors',
      `{"collection":"dots","id":"x","vector":[0.19,-2e3],"payload":${payload}}`,
    );
    const { text } = await api.call('GET', '/vectors/x?collection=dots');
    expect(text).toBe(`{"id":"x","version":1,"payload":${payload},"vector":[0.19,-2000]}`);
  });

  test('a text of digits is the string id where there is one, else the integer', async () => {
    await using api = await testHttpServer();
    const at = '/vectors/7?collection=cases';
    expect((await api.call('GET', at)).json.id).toBe(7);
    await api.call('POST', '/vectors', { collection: 'cases', id: '7', vector: [1, 1, 1] });
    expect((await api.call('GET', at)).json.id).toBe('7');
    expect((await api.call('GET', `${at}&id_type=integer`)).json.id).toBe(7);
    const either = await api.call('DELETE', at);
    expect(either.status).toBe(400);
    expect(either.json.error).toMatchObject({ code: 'INVALID_ARGUMENT', field: 'id_type' });
    expect((await api.call('DELETE', `${at}&id_type=string`)).json.changed).toBe(1);
    expect((await api.call('GET', `${at}&id_type=string`)).status).toBe(404);
    expect((await api.call('DELETE', at)).json.changed).toBe(1);
    expect((await api.call('DELETE', at)).json.changed).toBe(0);
  });

  test('ids of all kinds go in and out, and may be named like routes', async () => {
    await using api = await testHttpServer();
    const ids = ['search', 'a/b ü', '00000000-0000-4000-8000-000000000001'];
    for (const id of ids) {
      await api.call('POST', '/vectors', { id, vector: [1, 2, 3] });
      const { json } = await api.call('GET', `/vectors/${encodeURIComponent(id)}`);
      expect(json.id).toBe(id);
    }
    await api.call('POST', '/vectors', '{"id":18446744073709551615,"vector":[1,2,3]}');
    const { text } = await api.call('GET', '/vectors/18446744073709551615');
    expect(text).toContain('"id":18446744073709551615,');
  });

  test('payloads are set, replaced and deleted by ids and by filter', async () => {
    await using api = await testHttpServer();
    const about = { collection: 'cases', ids: ['a'] };
    const payloadOf = async (): Promise<unknown> =>
      (await api.call('GET', '/vectors/a?collection=cases')).json.payload;
    await api.call('POST', '/vectors/payload', { ...about, payload: { b: 2 } });
    expect(await payloadOf()).toEqual({ a: 1, b: 2 });
    await api.call('POST', '/vectors/payload/delete', { ...about, keys: ['a'] });
    expect(await payloadOf()).toEqual({ b: 2 });
    const filter = { must: { key: 'b', match: { value: 2 } } };
    const replaced = { collection: 'cases', filter, payload: { c: 3 } };
    expect((await api.call('PUT', '/vectors/payload', replaced)).json.changed).toBe(1);
    expect(await payloadOf()).toEqual({ c: 3 });
    await api.call('POST', '/vectors/payload/delete', about);
    expect(await payloadOf()).toEqual({});
  });

  test('pages follow one another by `next`', async () => {
    await using api = await testHttpServer();
    const points = [3, 'b', 1, 'a', 2].map((id) => ({ id, vector: [1, 2, 3] }));
    expect((await api.call('POST', '/vectors', { points })).json.changed).toBe(5);
    const seen: unknown[] = [];
    let from: unknown;
    do {
      const { json } = await api.call('POST', '/vectors/scroll', { limit: 2, from });
      seen.push(...json.points.map(({ id }: { id: unknown }) => id));
      from = json.next;
    } while (from !== undefined);
    expect(seen).toEqual([1, 2, 3, 'a', 'b']);
    expect((await api.call('POST', '/vectors/count')).json).toEqual({ count: 5 });
    const { json } = await api.call('POST', '/vectors/get', {
      ids: ['b', 9, 1],
      with_payload: false,
    });
    expect(json.points.map(({ id }: { id: unknown }) => id)).toEqual(['b', 1]);
    expect((await api.call('POST', '/vectors/delete', { ids: [1, 'b'] })).json.changed).toBe(2);
  });

  test('a write that is not waited for says so', async () => {
    await using api = await testHttpServer();
    const point = { id: 'x', vector: [1, 2, 3], wait: false };
    expect((await api.call('POST', '/vectors', point)).json).toEqual({
      status: 'accepted',
      changed: 0,
    });
  });
});

describe('searches', () => {
  test('what is wanted of the points is in the answer, and nothing else', async () => {
    await using api = await testHttpServer();
    const search = async (fields: object): Promise<unknown[]> =>
      (
        await api.call('POST', '/vectors/search', {
          collection: 'cases',
          vector: [1, 2, 3],
          ...fields,
        })
      ).json.results;
    expect(await search({ limit: 1 })).toEqual([{ id: 'a', score: 1, payload: { a: 1 } }]);
    expect(await search({ offset: 1, with_payload: false })).toEqual([
      { id: 7, score: 0.71428573 },
    ]);
    expect(await search({ limit: 1, with_payload: { exclude: ['a'] }, with_vector: true })).toEqual(
      [{ id: 'a', score: 1, payload: {}, vector: [0.26726124, 0.5345225, 0.80178374] }],
    );
    expect(
      await search({ filter: { must_not: [{ has_id: ['a'] }] }, with_payload: ['b'] }),
    ).toEqual([{ id: 7, score: 0.71428573, payload: {} }]);
    expect(await search({ score_threshold: 0.9 })).toHaveLength(1);
  });

  test('named vectors are searched and shown by their names', async () => {
    await using api = await testHttpServer();
    const vector = { dimension: 2, distance: 'euclid' };
    await api.call('PUT', '/admin/collections/two', {
      vector,
      vectors: { title: vector, 'e"x': vector },
    });
    const point = { id: 'x', vector: [0, 0], vectors: { title: [1, 1], 'e"x': [2, 2] } };
    await api.call('POST', '/vectors', { collection: 'two', ...point });
    const wanted = { collection: 'two', vector: [4, 5], using: 'title', with_vector: true };
    const { json } = await api.call('POST', '/vectors/search', wanted);
    expect(json.results).toEqual([{ ...point, score: 5, payload: {} }]);
  });

  test('a batch answers in order, and may be explained', async () => {
    await using api = await testHttpServer();
    const searches = [
      { vector: [3, 2, 1], limit: 1, explain: true },
      { vector: [1, 2, 3], limit: 1, collection: 'default' },
    ];
    const { json } = await api.call('POST', '/vectors/search/batch', {
      collection: 'cases',
      searches,
    });
    expect(json.searches[0].results[0].id).toBe(7);
    expect(json.searches[0].explanation.segments[0].strategy).toBe('exact');
    expect(json.searches[1]).toEqual({ results: [] });
  });
});

describe('administration', () => {
  test('collections, indexes and aliases are made, shown and dropped', async () => {
    await using api = await testHttpServer();
    const made = await api.call('PUT', '/admin/collections/books', {
      vector: { dimension: 4, distance: 'manhattan', quantization: 'none', m: 8, ef_search: 50 },
    });
    expect(made.status).toBe(201);
    expect(made.json.vector).toMatchObject({ dimension: 4, m: 8, ef_search: 50 });
    const field = '/admin/collections/books/indexes/a.b';
    await api.call('PUT', field, { kind: 'text', tokenizer: 'word', min_token_length: 2 });
    await api.call('POST', '/admin/aliases', {
      actions: [{ kind: 'create', alias: 'b', collection: 'books' }],
    });
    await api.call('POST', '/admin/aliases', {
      actions: [{ kind: 'rename', alias: 'b', new_alias: 'c' }],
    });
    const { json } = await api.call('GET', '/admin/collections/c');
    expect(json.indexes).toEqual({
      'a.b': { kind: 'text', tokenizer: 'word', min_token_length: 2 },
    });
    expect(json.aliases).toEqual(['c']);
    expect((await api.call('GET', '/admin/aliases')).json).toEqual({
      aliases: [{ alias: 'c', collection: 'books' }],
    });
    expect((await api.call('POST', '/admin/collections/books/optimize')).json).toEqual({
      status: 'ok',
    });
    expect((await api.call('DELETE', field)).json).toEqual({ deleted: true });
    expect((await api.call('DELETE', '/admin/collections/books')).json).toEqual({ deleted: true });
    expect((await api.call('DELETE', '/admin/collections/books')).json).toEqual({ deleted: false });
    expect((await api.call('GET', '/admin/collections')).json.collections).toHaveLength(2);
  });

  test('health tells whether the node can serve', async () => {
    await using api = await testHttpServer();
    expect((await api.call('GET', '/health')).json).toMatchObject({ status: 'ok', points: 2 });
    expect((await api.call('GET', '/info')).json).toMatchObject({
      name: 'grape',
      version: '1.2.3',
    });
    api.database.state = {
      ready: false,
      reasons: ['loading'],
      collections: 0,
      points: 0,
      writable: false,
    };
    const { status, json } = await api.call('GET', '/health');
    expect([status, json]).toEqual([503, { status: 'unavailable', reasons: ['loading'] }]);
    expect((await api.call('GET', '/readyz')).status).toBe(503);
    expect((await api.call('GET', '/livez')).status).toBe(200);
  });
});

describe('keys', () => {
  const auth = { full: 'full-key', readOnly: 'reading-key' };
  const search = { vector: [1, 2, 3] };
  const point = { id: 'x', vector: [1, 2, 3] };

  test('each key permits what it is for', async () => {
    await using api = await testHttpServer({ auth });
    const status = async (path: string, body: object, headers: object): Promise<number> =>
      (await api.call('POST', path, body, headers)).status;
    expect(await status('/vectors', point, { 'api-key': 'full-key' })).toBe(200);
    expect(await status('/vectors', point, { authorization: 'Bearer full-key' })).toBe(200);
    expect(await status('/vectors/search', search, { 'api-key': 'reading-key' })).toBe(200);
    expect(await status('/vectors', point, { 'api-key': 'reading-key' })).toBe(403);
    expect(await status('/vectors/search', search, { 'api-key': 'full-ke' })).toBe(401);
    expect(await status('/vectors/search', search, { authorization: 'Basic full-key' })).toBe(401);
    const { headers, status: code } = await api.call('GET', '/nothing');
    expect([code, headers['www-authenticate']]).toEqual([401, 'Bearer']);
    for (const path of ['/health', '/livez', '/readyz']) {
      expect((await api.call('GET', path)).status).toBe(200);
    }
    expect((await api.call('GET', '/info')).status).toBe(401);
  });

  test('a key is looked at before the body', async () => {
    await using api = await testHttpServer({ auth });
    expect((await api.call('POST', '/vectors', '{broken')).status).toBe(401);
  });
});

describe('failures', () => {
  test('a bug is logged, and its inside is not told', async () => {
    await using api = await testHttpServer();
    api.database.failure = new TypeError('secret detail');
    const { status, text, json } = await api.call('POST', '/vectors/search', { vector: [1, 2, 3] });
    expect(status).toBe(500);
    expect(json.error.code).toBe('INTERNAL');
    expect(text).not.toContain('secret');
    expect(api.logged[0]).toMatchObject({ err: api.database.failure, operation: 'search' });
    expect(api.observed).toContain('search INTERNAL');
  });

  test('an overloaded node says when to come again', async () => {
    await using api = await testHttpServer();
    api.database.failure = new VectorDbError('OVERLOADED', 'full', { retryAfterMs: 1500 });
    const { status, headers, json } = await api.call('POST', '/vectors/count');
    expect([status, headers['retry-after']]).toEqual([429, '2']);
    expect(json.error).toEqual({
      code: 'OVERLOADED',
      message: 'full',
      retryable: true,
      retry_after_ms: 1500,
    });
  });

  test('a request ends at its deadline, and its work is told', async () => {
    await using api = await testHttpServer();
    api.database.gate = new Promise(() => undefined);
    for (const [path, headers] of [
      ['/vectors/count?timeout_ms=50', {}],
      ['/vectors/count', { 'grape-timeout-ms': '50' }],
    ] as const) {
      const answer = api.call('POST', path, undefined, headers);
      while (api.clock.waiting === 0) await new Promise(setImmediate);
      api.clock.advance(50);
      expect((await answer).json.error.code).toBe('DEADLINE_EXCEEDED');
    }
    expect(api.clock.waiting).toBe(0);
  });

  test('a body beyond the limit is refused as JSON', async () => {
    await using api = await testHttpServer({ limits: { ...DEFAULT_LIMITS, bodyBytesMax: 100 } });
    const { status, json } = await api.call('POST', '/vectors/count', ' '.repeat(101));
    expect([status, json.error.code, json.error.field]).toEqual([413, 'BODY_TOO_LARGE', 'body']);
  });

  test('another method is told which ones there are', async () => {
    await using api = await testHttpServer();
    expect((await api.call('PATCH', '/vectors')).headers['allow']).toBe('POST');
    expect((await api.call('PUT', '/vectors/search')).headers['allow']).toBe(
      'DELETE, GET, HEAD, POST',
    );
  });
});

describe('connections', () => {
  const speak = (port: number, text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(text));
      let heard = '';
      socket.on('data', (data) => {
        heard += data.toString();
      });
      socket.on('close', () => resolve(heard));
      socket.on('error', reject);
    });

  test('what is not HTTP is answered and the connection closed', async () => {
    await using api = await testHttpServer();
    const port = await api.server.listen('127.0.0.1', 0);
    const heard = await speak(port, 'HELLO\r\n\r\n');
    expect(heard).toMatch(/^HTTP\/1.1 400 /);
    expect(heard).toContain('"code":"MALFORMED_BODY"');
  });

  test('a caller that goes away ends its work', async () => {
    await using api = await testHttpServer();
    const port = await api.server.listen('127.0.0.1', 0);
    api.database.gate = new Promise(() => undefined);
    const socket = connect(port, '127.0.0.1');
    socket.write('POST /vectors/count HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n');
    while (api.clock.waiting === 0) await new Promise(setImmediate);
    socket.destroy();
    while (api.clock.waiting > 0) await new Promise(setImmediate);
    expect(api.database.waiting).toBe(0);
  });

  test('closing waits for what is under way', async () => {
    await using api = await testHttpServer();
    const port = await api.server.listen('127.0.0.1', 0);
    const gate = Promise.withResolvers<void>();
    api.database.gate = gate.promise;
    const answer = speak(
      port,
      'POST /vectors/count HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n',
    );
    while (api.database.waiting === 0) await new Promise(setImmediate);
    const closed = api.server.close();
    gate.resolve();
    expect(await answer).toContain('{"count":0}');
    await closed;
  });
});

describe('the OpenAPI document', () => {
  test('every answer is as it says', async () => {
    await using api = await testHttpServer({ cluster: new MemoryCluster() });
    const document = (await api.call('GET', '/openapi.json')).json;
    let checked = 0;
    const check = async (
      method: string,
      path: string,
      route: string,
      body?: unknown,
    ): Promise<void> => {
      const { status, json } = await api.call(method, path, body);
      const { responses } = document.paths[route][method.toLowerCase()];
      const key = status in responses ? String(status) : 'default';
      const { schema } = responses[key].content['application/json'];
      const isError = schema.$ref === '#/components/schemas/Error';
      const errors = Compile(isError ? document.components.schemas.Error : schema).Errors(json);
      expect([route, status, isError, errors]).toEqual([route, status, key === 'default', []]);
      checked += 1;
    };
    await everyRoute(api, check);
    const routes = Object.values(document.paths as Record<string, object>).flatMap(Object.keys);
    expect(checked).toBeGreaterThan(routes.length);
  });

  test('the page to browse it is there', async () => {
    await using api = await testHttpServer();
    const { status, text } = await api.call('GET', '/docs');
    expect(status).toBe(200);
    expect(text).toContain('Grape REST API');
  });
});

type Check = (method: string, path: string, route: string, body?: unknown) => Promise<void>;

async function everyRoute(_api: TestHttpServer, check: Check): Promise<void> {
  const vector = [1, 2, 3];
  const name = '/admin/collections/{name}';
  await check('PUT', '/admin/collections/x', name, { vector: { dimension: 3, distance: 'dot' } });
  await check('PUT', '/admin/collections/x', name, { vector: { dimension: 3, distance: 'dot' } });
  await check('PUT', '/admin/collections/x/indexes/a', `${name}/indexes/{field}`, {
    kind: 'text',
    lowercase: true,
  });
  await check('POST', '/admin/aliases', '/admin/aliases', {
    actions: [{ kind: 'create', alias: 'y', collection: 'x' }],
  });
  await check('GET', '/admin/aliases', '/admin/aliases');
  await check('GET', '/admin/collections', '/admin/collections');
  await check('GET', '/admin/collections/x', name);
  await check('POST', '/admin/collections/x/optimize', `${name}/optimize`, {});
  await check('POST', '/vectors', '/vectors', { id: 'p', vector, payload: { a: { b: 1 } } });
  await check('POST', '/vectors', '/vectors', { points: [{ id: 2, vectors: { '': vector } }] });
  await check('POST', '/vectors', '/vectors', { points: [] });
  await check('GET', '/vectors/p', '/vectors/{id}');
  await check('GET', '/vectors/q', '/vectors/{id}');
  await check('POST', '/vectors/search', '/vectors/search', {
    vector,
    with_vector: true,
    explain: true,
  });
  await check('POST', '/vectors/search', '/vectors/search', { vector: [1] });
  await check('POST', '/vectors/search/batch', '/vectors/search/batch', { searches: [{ vector }] });
  await check('POST', '/vectors/get', '/vectors/get', { ids: ['p', 2], with_vector: true });
  await check('POST', '/vectors/scroll', '/vectors/scroll', { limit: 1 });
  await check('POST', '/vectors/count', '/vectors/count', {});
  await check('POST', '/vectors/payload', '/vectors/payload', { ids: ['p'], payload: { c: 1 } });
  await check('PUT', '/vectors/payload', '/vectors/payload', { ids: ['p'], payload: { c: 1 } });
  await check('POST', '/vectors/payload/delete', '/vectors/payload/delete', { ids: ['p'] });
  await check('POST', '/vectors/delete', '/vectors/delete', { ids: [2] });
  await check('DELETE', '/vectors/p', '/vectors/{id}');
  await check('DELETE', '/admin/collections/x/indexes/a', `${name}/indexes/{field}`);
  await check('DELETE', '/admin/collections/x', name);
  await check('POST', '/sessions', '/sessions');
  for (const view of ['info', 'nodes', 'shards', 'migration/status', 'rebalance/status']) {
    await check('GET', `/cluster/${view}`, `/cluster/${view}`);
  }
  await check('POST', '/cluster/join', '/cluster/join', { node_id: 'node-3' });
  await check('POST', '/cluster/leave', '/cluster/leave', { node_id: 'node-9' });
  await check('POST', '/cluster/leave', '/cluster/leave', { node_id: 'node-3' });
  await check('POST', '/cluster/rebalance', '/cluster/rebalance');
  await check('GET', '/health', '/health');
  await check('GET', '/livez', '/livez');
  await check('GET', '/readyz', '/readyz');
  await check('GET', '/info', '/info');
}
