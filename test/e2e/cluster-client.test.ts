import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { ClusterClient } from '../../src/client/cluster-client.ts';
import { startServer, temporaryFolder } from '../support/server-process.ts';

const CLIENT = new URL('../../src/client/cluster-client.ts', import.meta.url).href;

const vector = Array.from({ length: 768 }, (_, i) => Math.sin(i + 1));

test('a client writes once and reads by REST and gRPC, past a node that is not there', async () => {
  await using folder = await temporaryFolder('grape-client');
  const server = await startServer({ dataDir: folder.path });
  try {
    for (const there of [server.restUrl, `grpc://${server.grpcAddress}`]) {
      using client = new ClusterClient({ endpoints: ['http://127.0.0.1:9', there] });
      const points = Array.from({ length: 50 }, (_, i) => ({ id: `p${i}`, vector }));
      expect(await client.upsert(points)).toEqual({ changed: 50 });
      expect((await client.search({ vector, limit: 3 })).results).toHaveLength(3);
      expect(await client.delete({ ids: ['p1'] })).toEqual({ changed: 1 });
      expect(await client.delete({ ids: ['p1'] })).toEqual({ changed: 0 });
      expect(await client.count()).toEqual({ count: 49 });
      expect(await client.clusterInfo()).toMatchObject({ nodeId: 'node-1' });
    }
  } finally {
    expect(await server.stop()).toBe(0);
  }
});

test('a program that waits for its only request does not end before it', () => {
  const program = `
    import { ClusterClient } from '${CLIENT}';
    const client = new ClusterClient({ endpoints: ['http://127.0.0.1:9'], timeoutMs: 1_000 });
    const write = client.upsert([{ id: 'a', vector: [1] }]);
    write.catch(({ code }) => console.log('ended with', code));
  `;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8',
  });
  expect(stdout).toMatch(/^ended with [A-Z_]+\n$/);
});

test('a write that is sent again is not applied again, not even after a restart', async () => {
  await using folder = await temporaryFolder('grape-session');
  let server = await startServer({ dataDir: folder.path });
  const send = async (path: string, body: object, sequence?: string, session = '') => {
    const headers = { 'content-type': 'application/json' };
    const stamp = { 'grape-session': session, 'grape-sequence': sequence ?? '' };
    const response = await fetch(`${server.restUrl}${path}`, {
      method: 'POST',
      headers: sequence === undefined ? headers : { ...headers, ...stamp },
      body: JSON.stringify(body),
    });
    return (await response.json()) as Record<string, unknown>;
  };
  const { session } = (await send('/sessions', {})) as { session: string };
  const mine = { points: [{ id: 'a', vector, payload: { by: 'me' } }] };
  const first = await send('/vectors', mine, '1/0', session);
  expect(first).toEqual({ status: 'applied', changed: 1 });
  await send('/vectors', { id: 'a', vector, payload: { by: 'somebody else' } });
  expect(await server.stop('SIGKILL')).toBe('SIGKILL');
  server = await startServer({ dataDir: folder.path });
  expect(await send('/vectors', mine, '1/0', session)).toEqual(first);
  const { points } = await send('/vectors/get', { ids: ['a'] });
  expect(points).toMatchObject([{ payload: { by: 'somebody else' } }]);
  const { error } = await send('/vectors', mine, '1/0', `${session.slice(0, -1)}A`);
  expect(error).toMatchObject({ code: 'FAILED_PRECONDITION', field: 'session' });
  expect(await server.stop()).toBe(0);
});
