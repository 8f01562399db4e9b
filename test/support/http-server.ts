import type { Clock } from '../../src/base/clock.ts';
import { DEFAULT_LIMITS } from '../../src/database/limits.ts';
import type { Limits } from '../../src/database/limits.ts';
import { createHttpServer } from '../../src/api/http/http-server.ts';
import type { HttpServer, HttpServerOptions } from '../../src/api/http/http-server.ts';
import { CASES_COLLECTION } from '../bad-inputs/rest-cases.ts';
import { MemoryDatabase } from './memory-database.ts';

/** A REST API over a memory database, with what it reported. */
export interface TestHttpServer extends AsyncDisposable {
  readonly server: HttpServer;
  readonly database: MemoryDatabase;
  readonly clock: ManualClock;
  /** `operation code` of each answer. */
  readonly observed: string[];
  readonly logged: Readonly<Record<string, unknown>>[];
  /** Answers of `inject`, parsed. */
  call(method: string, path: string, body?: unknown, headers?: object): Promise<TestAnswer>;
}

export interface TestAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  // Tests look into answers freely.
  // oxlint-disable-next-line no-explicit-any
  readonly json: any;
}

/** A clock that stands until it is moved. */
export class ManualClock implements Clock {
  #now = 0;
  readonly #timers = new Set<{ readonly atMs: number; readonly callback: () => void }>();

  monotonicMs(): number {
    return this.#now;
  }

  wallMs(): number {
    return this.#now;
  }

  after(delayMs: number, callback: () => void): { cancel(): void } {
    const timer = { atMs: this.#now + delayMs, callback };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  /** Timers that wait. */
  get waiting(): number {
    return this.#timers.size;
  }

  advance(ms: number): void {
    this.#now += ms;
    for (const timer of this.#timers) {
      if (timer.atMs > this.#now) continue;
      this.#timers.delete(timer);
      timer.callback();
    }
  }
}

/** With the collections `default` and {@link CASES_COLLECTION}, three numbers a vector, cosine; the latter has the points `"a"` and 7. */
export async function testHttpServer(
  options: Partial<HttpServerOptions> & { readonly limits?: Limits } = {},
): Promise<TestHttpServer> {
  const limits = options.limits ?? DEFAULT_LIMITS;
  const database = new MemoryDatabase({ limits });
  const vectors = { '': { dimension: 3, distance: 'cosine' } } as const;
  await database.createCollection({ name: 'default', vectors });
  await database.createCollection({ name: CASES_COLLECTION, vectors });
  await database.upsertPoints(CASES_COLLECTION, [
    { id: 'a', vectors: { '': Float32Array.of(1, 2, 3) }, payload: Buffer.from('{"a":1}') },
    { id: 7, vectors: { '': Float32Array.of(3, 2, 1) }, payload: new Uint8Array(0) },
  ]);
  const clock = new ManualClock();
  const observed: string[] = [];
  const logged: Readonly<Record<string, unknown>>[] = [];
  const server = await createHttpServer({
    database,
    limits,
    defaultCollection: 'default',
    auth: {},
    recorder: { observe: (operation, code) => void observed.push(`${operation} ${code}`) },
    log: { error: (fields) => void logged.push(fields) },
    clock,
    version: '1.2.3',
    requestTimeoutMs: 60_000,
    connectionsMax: 100,
    ...options,
  });
  const call = async (
    method: string,
    path: string,
    body?: unknown,
    headers: object = {},
  ): Promise<TestAnswer> => {
    const isText = typeof body === 'string' || Buffer.isBuffer(body);
    const answer = await server.app.inject({
      method: method as 'GET',
      url: path,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { payload: isText ? body : JSON.stringify(body) }),
    });
    const isJson = String(answer.headers['content-type']).startsWith('application/json');
    return {
      status: answer.statusCode,
      headers: answer.headers,
      text: answer.body,
      json: isJson && answer.body !== '' ? (JSON.parse(answer.body) as unknown) : undefined,
    };
  };
  return {
    server,
    database,
    clock,
    observed,
    logged,
    call,
    [Symbol.asyncDispose]: () => server.close(0),
  };
}
