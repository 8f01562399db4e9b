import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import type { Quantization } from '../src/index/collection-schema.ts';
import type { SearchExplanation } from '../src/index/search-explanation.ts';
import { metricValues } from '../test/support/metric-values.ts';
import { type ServerProcess, startServer } from '../test/support/server-process.ts';
import { GrpcClient } from './grpc-client.ts';
import { runLoad } from './load-generator.ts';
import type { BenchPoint, NodeClient, SearchOptions } from './node-client.ts';
import { processorSeconds } from './processor-time.ts';
import { RestClient } from './rest-client.ts';
import { countOf, vectorOf, type VectorSet } from './vector-set.ts';

const CONNECTIONS = 64;
const READY_MS_MAX = 900_000;
const POLL_MS = 50;

export interface BenchNodeOptions {
  /** Kept afterwards; absent: a new folder, removed afterwards. */
  readonly dataDir?: string;
  readonly flags?: readonly string[];
  readonly nodeFlags?: readonly string[];
}

/** A collection as the node describes it. */
export interface CollectionState {
  readonly state: 'ready' | 'building';
  readonly points: number;
  readonly segments: readonly { readonly kind: 'growing' | 'sealed'; readonly rows: number }[];
}

/** Something that the node wrote to its log. */
export interface LogLine {
  readonly event?: string;
  readonly [field: string]: unknown;
}

/** A real server in a process of its own, and clients of all its interfaces. Ends with its scope. */
export class BenchNode implements AsyncDisposable {
  readonly dataDir: string;
  readonly rest: RestClient;
  readonly grpc: GrpcClient;
  readonly #server: ServerProcess;
  readonly #isTemporary: boolean;

  private constructor(server: ServerProcess, dataDir: string, isTemporary: boolean) {
    this.dataDir = dataDir;
    this.#server = server;
    this.#isTemporary = isTemporary;
    this.rest = new RestClient(server.restUrl, CONNECTIONS);
    this.grpc = new GrpcClient(server.grpcAddress, 1);
  }

  static async start(options: BenchNodeOptions = {}): Promise<BenchNode> {
    const { flags = [], nodeFlags = [] } = options;
    const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'grape-bench-')));
    const server = await startServer({
      dataDir,
      nodeFlags,
      readyMsMax: READY_MS_MAX,
      flags: ['--monitoring.metrics_interval_secs=1', ...flags],
    });
    return new BenchNode(server, dataDir, options.dataDir === undefined);
  }

  get pid(): number {
    return this.#server.pid;
  }

  /** Milliseconds from the start of the process to readiness. */
  get startMs(): number {
    return this.#server.startMs;
  }

  get restUrl(): string {
    return this.#server.restUrl;
  }

  /** What the server logged, the last thousand lines at most. */
  get log(): readonly LogLine[] {
    const lines = this.#server.output.filter((line) => line.startsWith('{'));
    return lines.map((line) => JSON.parse(line) as LogLine);
  }

  /** Both interfaces, to be measured one after the other. */
  get clients(): readonly NodeClient[] {
    return [this.rest, this.grpc];
  }

  /** Seconds of processor time that the server has used so far. */
  processorSeconds(): number {
    return processorSeconds(this.pid);
  }

  /** @param quantization - absent: the default of the server */
  async createCollection(
    name: string,
    dimension: number,
    quantization?: Quantization,
  ): Promise<void> {
    const vector = { dimension, distance: 'cosine', m: 32, ef_construction: 400, quantization };
    await this.rest.call('PUT', `/admin/collections/${name}`, JSON.stringify({ vector }));
  }

  async describe(collection: string): Promise<CollectionState> {
    return (await this.rest.call('GET', `/admin/collections/${collection}`)) as CollectionState;
  }

  /** Merges all there is, and waits for it. */
  async optimize(collection: string): Promise<void> {
    const path = `/admin/collections/${collection}/optimize?timeout_ms=${READY_MS_MAX}`;
    await this.rest.call('POST', path, '{}');
    await this.until(collection, ({ state }) => state === 'ready');
  }

  /** Waits until the collection is as `isDone` wants it. */
  async until(
    collection: string,
    isDone: (state: CollectionState) => boolean,
  ): Promise<CollectionState> {
    const end = performance.now() + READY_MS_MAX;
    for (;;) {
      const state = await this.describe(collection);
      if (isDone(state)) return state;
      if (performance.now() > end) {
        throw new Error(`${collection} did not get ready: ${JSON.stringify(state)}`);
      }
      await wait(POLL_MS);
    }
  }

  /** How the node did a search. */
  async explain(query: Float32Array, options: SearchOptions): Promise<SearchExplanation> {
    const body = this.rest.searchBody(query, { ...options, explain: true });
    const answer = JSON.parse(await this.rest.send('POST', '/vectors/search', body)) as {
      readonly explanation: SearchExplanation;
    };
    return answer.explanation;
  }

  /** What `/metrics` shows: values by name with labels, such as `a_total{code="OK"}`. */
  async metrics(): Promise<ReadonlyMap<string, number>> {
    return metricValues(await (await fetch(this.#server.metricsUrl)).text());
  }

  /** Ends the server and waits for it; gives its exit code. */
  async stop(): Promise<number | string> {
    this.rest[Symbol.dispose]();
    this.grpc[Symbol.dispose]();
    return this.#server.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    if (this.#isTemporary) await rm(this.dataDir, { recursive: true, force: true });
  }
}

/** The points of rows `from` up to, not including, `to`. */
export function pointsOf(
  set: VectorSet,
  from: number,
  to: number,
  payloadOf?: (row: number) => string,
): readonly BenchPoint[] {
  return Array.from({ length: to - from }, (_, i) => {
    const id = from + i;
    const vector = vectorOf(set, 'rows', id);
    return payloadOf === undefined ? { id, vector } : { id, vector, payload: payloadOf(id) };
  });
}

export interface FillOptions {
  readonly batch?: number;
  readonly concurrency?: number;
  readonly from?: number;
  readonly to?: number;
  readonly payloadOf?: (row: number) => string;
}

/** Writes rows of the set, each as the point of its number. */
export async function fill(
  client: NodeClient,
  collection: string,
  set: VectorSet,
  options: FillOptions = {},
): Promise<void> {
  const { batch = 100, concurrency = 4, from = 0, payloadOf } = options;
  const to = options.to ?? countOf(set, 'rows');
  const result = await runLoad({
    concurrency,
    calls: Math.ceil((to - from) / batch),
    call: (index) => {
      const first = from + index * batch;
      const last = Math.min(to, first + batch);
      return client.upsert(collection, pointsOf(set, first, last, payloadOf));
    },
  });
  if (result.failures > 0)
    throw new Error(`${result.failures} writes failed: ${result.firstFailure}`);
}

/** Searches all queries of the set; gives the rows found by query. */
export async function searchAll(
  client: NodeClient,
  set: VectorSet,
  options: SearchOptions,
  concurrency = 4,
): Promise<readonly (readonly number[])[]> {
  const found: (readonly number[])[] = [];
  const calls = countOf(set, 'queries');
  const result = await runLoad({
    concurrency,
    calls,
    call: async (index) => {
      found[index] = await client.search(vectorOf(set, 'queries', index), options);
    },
  });
  if (result.failures > 0)
    throw new Error(`${result.failures} searches failed: ${result.firstFailure}`);
  return found;
}
