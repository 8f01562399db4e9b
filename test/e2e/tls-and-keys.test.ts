import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GrpcTestClient } from '../support/grpc-client.ts';
import { type ServerProcess, startServer, temporaryFolder } from '../support/server-process.ts';

const FULL = 'key-for-everything';
const READ_ONLY = 'key-for-reading';
const UPSERT = { id: 1, vector: [1, 2] };
const SEARCH = { vector: [1, 2], limit: 1 };
const POINTS = { points: [{ id: { integer: '1' }, vector: { values: { values: [1, 2] } } }] };
const QUERY = { vector: { values: { values: [1, 2] } }, limit: 1 };
const OK = 0;
const UNAUTHENTICATED = 16;
const PERMISSION_DENIED = 7;

/** A tool that makes certificates; not on every machine. */
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder('grape-tls');
});
afterAll(() => folder[Symbol.asyncDispose]());

const KEY_HEADERS = [
  ['api-key', (key: string) => ({ 'api-key': key })],
  ['authorization', (key: string) => ({ authorization: `Bearer ${key}` })],
] as const;

describe('a server with API keys', () => {
  let server: ServerProcess;
  let client: GrpcTestClient;
  beforeAll(async () => {
    server = await startServer({
      dataDir: join(folder.path, 'keys'),
      flags: ['--vector.dimension=2'],
      env: { GRAPE_API_KEY: FULL, GRAPE_SERVER_READ_ONLY_API_KEY: READ_ONLY },
    });
    client = new GrpcTestClient(server.grpcAddress);
  });
  afterAll(async () => {
    client[Symbol.dispose]();
    await server.stop();
  });

  const rest = async (path: string, body: unknown, headers: object): Promise<number> => {
    const response = await fetch(`${server.restUrl}${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...headers },
    });
    await response.text();
    return response.status;
  };
  const grpc = async (
    method: string,
    body: object,
    metadata: Readonly<Record<string, string>>,
  ): Promise<number> => (await client.call(method, body, { metadata })).status;

  test.each(KEY_HEADERS)('takes them in %s over REST', async (_, shown) => {
    expect(await rest('/vectors', UPSERT, shown(FULL))).toBe(200);
    expect(await rest('/vectors/search', SEARCH, shown(FULL))).toBe(200);
    expect(await rest('/vectors/search', SEARCH, shown(READ_ONLY))).toBe(200);
    expect(await rest('/vectors', UPSERT, shown(READ_ONLY))).toBe(403);
    expect(await rest('/vectors/search', SEARCH, shown('another'))).toBe(401);
  });

  test.each(KEY_HEADERS)('takes them in %s over gRPC', async (_, shown) => {
    expect(await grpc('Points.Upsert', POINTS, shown(FULL))).toBe(OK);
    expect(await grpc('Points.Search', QUERY, shown(FULL))).toBe(OK);
    expect(await grpc('Points.Search', QUERY, shown(READ_ONLY))).toBe(OK);
    expect(await grpc('Points.Upsert', POINTS, shown(READ_ONLY))).toBe(PERMISSION_DENIED);
    expect(await grpc('Points.Search', QUERY, shown('another'))).toBe(UNAUTHENTICATED);
  });

  test('answers nobody without one, but tells everyone whether it lives', async () => {
    expect(await rest('/vectors/search', SEARCH, {})).toBe(401);
    expect(await grpc('Points.Search', QUERY, {})).toBe(UNAUTHENTICATED);
    for (const path of ['/health', '/livez', '/readyz']) {
      expect((await fetch(`${server.restUrl}${path}`)).status, path).toBe(200);
    }
  });

  test('prints none of them', () => {
    expect(server.output.join('\n')).not.toMatch(new RegExp(`${FULL}|${READ_ONLY}`));
  });
});

describe.skipIf(!hasOpenssl)('a server with a certificate (made with openssl)', () => {
  let server: ServerProcess;
  let ca: Buffer;
  beforeAll(async () => {
    const [cert, key] = [join(folder.path, 'cert.pem'), join(folder.path, 'key.pem')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    const made = ['-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', cert];
    execFileSync('openssl', ['req', '-x509', ...made, ...subject], { stdio: 'ignore' });
    ca = readFileSync(cert);
    server = await startServer({
      dataDir: join(folder.path, 'tls'),
      flags: [
        '--vector.dimension=2',
        `--server.tls_cert_path=${cert}`,
        `--server.tls_key_path=${key}`,
      ],
    });
  });
  afterAll(() => server.stop());

  /** Status and body of an answer. */
  const rest = (path: string, body: unknown, trusted?: Buffer): Promise<[number, unknown]> => {
    const { port } = new URL(server.restUrl);
    return new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json' };
      const options = { host: 'localhost', port, path, method: 'POST', ca: trusted, headers };
      const call = request(options, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.on('end', () => resolve([response.statusCode ?? 0, JSON.parse(text) as unknown]));
      });
      call.on('error', reject);
      call.end(JSON.stringify(body));
    });
  };
  const client = (trusted?: Buffer): GrpcTestClient => {
    const { port } = new URL(`http://${server.grpcAddress}`);
    return new GrpcTestClient(`localhost:${port}`, {}, credentials.createSsl(trusted));
  };

  test('serves REST encrypted, to callers that trust it', async () => {
    expect(await rest('/vectors', UPSERT, ca)).toMatchObject([200, {}]);
    expect(await rest('/vectors/search', SEARCH, ca)).toMatchObject([
      200,
      { results: [{ id: 1 }] },
    ]);
    await expect(rest('/vectors/search', SEARCH)).rejects.toThrow('self-signed certificate');
    await expect(fetch(`${server.restUrl}/health`)).rejects.toThrow('fetch failed');
  });

  test('serves gRPC encrypted, to callers that trust it', async () => {
    using trusting = client(ca);
    expect(await trusting.call('Points.Upsert', POINTS)).toMatchObject({ status: OK });
    expect(await trusting.call('Points.Search', QUERY)).toMatchObject({
      response: { points: [{ id: { integer: '1' } }] },
    });
    const deadline = Date.now() + 5_000;
    using doubting = client();
    expect((await doubting.call('Points.Search', QUERY, { deadline })).status).not.toBe(OK);
    using unencrypted = new GrpcTestClient(server.grpcAddress);
    expect((await unencrypted.call('Points.Search', QUERY, { deadline })).status).not.toBe(OK);
  });

  test('says that it is reached by https', () => {
    expect(server.output.join('\n')).toContain(server.restUrl.replace('http:', 'https:'));
  });
});
