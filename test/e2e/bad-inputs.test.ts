import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ERROR_CODES } from '../../src/base/error-codes.ts';
import { BAD_INPUT_COLLECTION, GRPC_BAD_INPUTS } from '../bad-inputs/grpc-cases.ts';
import { fuzzGrpc } from '../bad-inputs/grpc-fuzz.ts';
import { CASES_COLLECTION, REST_CASES } from '../bad-inputs/rest-cases.ts';
import { type FuzzRequest, fuzzRest } from '../bad-inputs/rest-fuzz.ts';
import { GrpcTestClient } from '../support/grpc-client.ts';
import { type ServerProcess, startServer, temporaryFolder } from '../support/server-process.ts';

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Bad input against a real server: a refusal with code and field each time, no crash, nothing written. */
describe('bad input to a running server', () => {
  let server: ServerProcess;
  let client: GrpcTestClient;
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;

  beforeAll(async () => {
    folder = await temporaryFolder('grape-bad-inputs');
    server = await startServer({ dataDir: folder.path });
    client = new GrpcTestClient(server.grpcAddress);
    const cases = JSON.stringify({ vector: { dimension: 3, distance: 'cosine' } });
    await send({ method: 'PUT', path: `/admin/collections/${CASES_COLLECTION}`, body: cases });
    const point = JSON.stringify({
      collection: CASES_COLLECTION,
      id: 'a',
      vector: [1, 2, 3],
      payload: { kept: 1.0 },
    });
    await send({ method: 'POST', path: '/vectors', body: point });
    expect((await client.call('Collections.Create', BAD_INPUT_COLLECTION)).status).toBe(0);
  });
  afterAll(async () => {
    client[Symbol.dispose]();
    expect(await server.stop()).toBe(0);
    await folder[Symbol.asyncDispose]();
  });

  function send(wanted: {
    readonly method: string;
    readonly path: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string | Buffer | undefined;
  }): Promise<Answer> {
    const {
      method,
      path,
      body,
      headers = body === undefined ? {} : { 'content-type': 'application/json' },
    } = wanted;
    return new Promise((resolve, reject) => {
      const call = request(`${server.restUrl}/`, { method, path, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
        );
      });
      call.on('error', reject);
      call.end(body);
    });
  }

  /** All that is stored: collections with their settings, aliases, every point. */
  async function fingerprint(): Promise<string> {
    const { body } = await send({ method: 'GET', path: '/admin/collections' });
    const { collections } = JSON.parse(body) as {
      collections: { name: string; state: string; segments: unknown }[];
    };
    const parts: string[] = [(await send({ method: 'GET', path: '/admin/aliases' })).body];
    for (const { state: _state, segments: _segments, ...collection } of collections) {
      parts.push(JSON.stringify(collection));
      const scroll = JSON.stringify({
        collection: collection.name,
        limit: 1_000,
        with_vector: true,
      });
      parts.push((await send({ method: 'POST', path: '/vectors/scroll', body: scroll })).body);
    }
    return parts.join('\n');
  }

  test('REST and gRPC together are tried with more than a hundred cases', () => {
    expect(REST_CASES.length + GRPC_BAD_INPUTS.length).toBeGreaterThan(100);
  });

  test('every REST case is refused with its code and field, and changes nothing', async () => {
    const before = await fingerprint();
    const answers: unknown[] = [];
    const expected: unknown[] = [];
    for (const { name, code, field, ...wanted } of REST_CASES) {
      const { status, body } = await send(wanted);
      const { error } = JSON.parse(body) as { error?: { code?: string; field?: string } };
      answers.push({ name, status, code: error?.code, field: error?.field });
      expected.push({ name, status: ERROR_CODES[code].http, code, field });
    }
    expect(answers).toEqual(expected);
    expect(await fingerprint()).toBe(before);
  });

  test('every gRPC case is refused with its status, code and field, and changes nothing', async () => {
    const before = await fingerprint();
    const outcomes: unknown[] = [];
    const expected: unknown[] = [];
    for (const { name, method, request: message, status, code, field } of GRPC_BAD_INPUTS) {
      const outcome = await client.call(method, message);
      outcomes.push({ name, status: outcome.status, code: outcome.code, field: outcome.field });
      expected.push({ name, status, code, field });
    }
    expect(outcomes).toEqual(expected);
    expect(await fingerprint()).toBe(before);
  });

  test('spoiled requests to every route end in no 5xx, and what is refused changes nothing', async () => {
    await fuzzRest((one: FuzzRequest) => send(one), 300, { fingerprint });
  });

  test('random messages and bytes to every gRPC method break nothing and change nothing', async () => {
    const before = await fingerprint();
    expect(await fuzzGrpc(client, 30, 20_261)).toEqual([]);
    expect(await fingerprint()).toBe(before);
  });
});
