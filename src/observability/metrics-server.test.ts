import { expect, onTestFinished, test } from 'vitest';
import { type Health, MetricsServer, type MetricsText } from './metrics-server.ts';

const METRICS: MetricsText = {
  contentType: 'text/plain; version=0.0.4',
  text: async () => 'a 1\n',
};

async function start(health: Health, metrics = METRICS): Promise<MetricsServer> {
  const server = await MetricsServer.start({
    host: '127.0.0.1',
    port: 0,
    metrics,
    health: () => health,
  });
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
}

const READY: Health = { ready: true, reasons: [] };
const get = (server: MetricsServer, path: string, init?: RequestInit): Promise<Response> =>
  fetch(`http://127.0.0.1:${server.port}${path}`, init);

test('serves metrics, also with a query and to HEAD', async () => {
  const server = await start(READY);
  const response = await get(server, '/metrics?x=1');
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4');
  expect(await response.text()).toBe('a 1\n');
  expect((await get(server, '/metrics', { method: 'HEAD' })).headers.get('content-length')).toBe(
    '4',
  );
});

test('tells whether the node is ready, and why not', async () => {
  expect((await get(await start(READY), '/healthz')).status).toBe(200);
  const response = await get(await start({ ready: false, reasons: ['starting'] }), '/healthz');
  expect(response.status).toBe(503);
  expect(await response.json()).toEqual({ ready: false, reasons: ['starting'] });
});

test('refuses other addresses and methods', async () => {
  const server = await start(READY);
  expect((await get(server, '/')).status).toBe(404);
  expect((await get(server, '/metrics', { method: 'POST', body: 'x' })).status).toBe(405);
});

test('a failure is a 500 that tells nothing of the inside, and the server goes on', async () => {
  const failing = { ...METRICS, text: () => Promise.reject(new Error('inside')) };
  const server = await start(READY, failing);
  const response = await get(server, '/metrics');
  expect(response.status).toBe(500);
  expect(await response.text()).not.toContain('inside');
  expect((await get(server, '/healthz')).status).toBe(200);
});

test('a port in use is a refusal that names the setting', async () => {
  const { port } = await start(READY);
  const second = MetricsServer.start({
    host: '127.0.0.1',
    port,
    metrics: METRICS,
    health: () => READY,
  });
  await expect(second).rejects.toMatchObject({
    code: 'FAILED_PRECONDITION',
    field: 'monitoring.prometheus_port',
  });
});
