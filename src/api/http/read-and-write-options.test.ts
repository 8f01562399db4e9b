import { describe, expect, test } from 'vitest';
import { testHttpServer, type TestHttpServer } from '../../../test/support/http-server.ts';

const vector = [1, 2, 3];
const READS: readonly (readonly [string, object])[] = [
  ['/vectors/search', { vector }],
  ['/vectors/search/batch', { searches: [{ vector }] }],
  ['/vectors/get', { ids: ['a'] }],
  ['/vectors/scroll', {}],
  ['/vectors/count', {}],
];

describe.each(READS)('a read by %s', (path, fields) => {
  const read = (api: TestHttpServer, more: object = {}) =>
    api.call('POST', path, { collection: 'cases', ...fields, ...more });

  test('passes on which consistency is wanted', async () => {
    await using api = await testHttpServer();
    expect((await read(api, { consistency: 'local' })).status).toBe(200);
    expect(api.database.lastConsistency).toBe('local');
    await read(api);
    expect(api.database.lastConsistency ?? 'linearizable').toBe('linearizable');
  });

  test('fails without a shard, unless a partial answer is allowed, which names what is missing', async () => {
    await using api = await testHttpServer();
    api.database.missingShards = [11, 2];
    const refused = await read(api);
    expect(refused.status).toBe(503);
    expect(refused.json.error.code).toBe('UNAVAILABLE');
    expect(refused.headers['retry-after']).toBe('1');
    const partial = await read(api, { allow_partial: true });
    expect(partial.status).toBe(200);
    expect(partial.json.missing_shards).toEqual([2, 11]);
    api.database.missingShards = [];
    expect((await read(api, { allow_partial: true })).json).not.toHaveProperty('missing_shards');
  });
});

test('a point is read by its id as consistently as is wanted', async () => {
  await using api = await testHttpServer();
  const answer = await api.call('GET', '/vectors/a?collection=cases&consistency=local');
  expect(answer.status).toBe(200);
  expect(api.database.lastConsistency).toBe('local');
});

describe('a write with a session', () => {
  const open = async (api: TestHttpServer): Promise<string> => {
    const { status, json } = await api.call('POST', '/sessions');
    expect(status).toBe(201);
    return json.session as string;
  };
  const at = (session: string, sequence: string) => ({
    'grape-session': session,
    'grape-sequence': sequence,
  });
  const point = { id: 'new', vector };

  test.each([
    ['POST', '/vectors', { id: 'x', vector }, 1],
    ['POST', '/vectors/delete', { collection: 'cases', ids: ['a'] }, 1],
    ['DELETE', '/vectors/a?collection=cases', undefined, 1],
    ['POST', '/vectors/payload', { collection: 'cases', ids: ['a'], payload: { b: 1 } }, 1],
    ['PUT', '/vectors/payload', { collection: 'cases', ids: ['a'], payload: { b: 1 } }, 1],
    ['POST', '/vectors/payload/delete', { collection: 'cases', ids: ['a'] }, 1],
  ])('%s %s is applied once however often it is sent', async (method, path, body, changed) => {
    await using api = await testHttpServer();
    const headers = at(await open(api), '1/0');
    const first = await api.call(method, path, body, headers);
    expect(first.json).toEqual({ status: 'applied', changed });
    const kept = api.database.fingerprint();
    expect((await api.call(method, path, body, headers)).json).toEqual(first.json);
    expect(api.database.fingerprint()).toBe(kept);
  });

  test('that is forgotten ends with SESSION_EXPIRED', async () => {
    await using api = await testHttpServer();
    const session = await open(api);
    await api.call('POST', '/vectors', point, at(session, '2/1'));
    const late = await api.call('POST', '/vectors', point, at(session, '1/0'));
    expect(late.json.error.code).toBe('SESSION_EXPIRED');
    api.database.forgetSessions();
    const unknown = await api.call('POST', '/vectors', point, at(session, '3/1'));
    expect(unknown.json.error.code).toBe('SESSION_EXPIRED');
  });

  test.each([
    [{ 'grape-session': 's' }, 'grape-sequence'],
    [{ 'grape-sequence': '1/0' }, 'grape-session'],
    [at('', '1/0'), 'grape-session'],
    [at('s', '1'), 'grape-sequence'],
    [at('s', '1/1'), 'grape-sequence'],
    [at('s', '0/0'), 'grape-sequence'],
    [at('s', '-1/0'), 'grape-sequence'],
    [at('s', '1e3/0'), 'grape-sequence'],
    [at('s', '9999999999999999/0'), 'grape-sequence'],
  ])('with the headers %j is refused', async (headers, field) => {
    await using api = await testHttpServer();
    const { status, json } = await api.call('POST', '/vectors', point, headers);
    expect(status).toBe(400);
    expect(json.error.field).toBe(field);
  });

  test('with a session of more characters than there can be is refused', async () => {
    await using api = await testHttpServer();
    const answer = await api.call('POST', '/vectors', point, at('s'.repeat(12_000), '1/0'));
    expect(answer.json.error).toMatchObject({ code: 'LIMIT_EXCEEDED', field: 'grape-session' });
  });

  test('that deletes by a path with two meanings has to say which it means', async () => {
    await using api = await testHttpServer();
    const path = '/vectors/7?collection=cases';
    const headers = at(await open(api), '1/0');
    const answer = await api.call('DELETE', path, undefined, headers);
    expect(answer.json.error).toMatchObject({ code: 'INVALID_ARGUMENT', field: 'id_type' });
    const said = await api.call('DELETE', `${path}&id_type=integer`, undefined, headers);
    expect(said.json.changed).toBe(1);
  });
});
