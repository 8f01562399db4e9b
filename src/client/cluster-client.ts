import { type Clock, holdingClock, systemClock } from '../base/clock.ts';
import { VectorDbError } from '../base/error.ts';
import { type Random, systemRandom } from '../base/random.ts';
import type {
  ClientAnswers,
  ClientPayload,
  ClientPoint,
  ClientPointId,
  ClientRequest,
  ClientSearch,
  ClientSelector,
  ClusterAnswer,
  CollectionAnswer,
  ReadFields,
  SelectFields,
  WriteAnswer,
} from './client-request.ts';
import { connectEndpoint } from './connect-endpoint.ts';
import type { Endpoint } from './endpoint.ts';
import { EndpointHealth } from './endpoint-health.ts';
import { EndpointPool } from './endpoint-pool.ts';
import { checkRequest, checkTimeout } from './request-checks.ts';
import { type Repeatable, RequestRuns } from './request-run.ts';
import { WriteSessions } from './write-sessions.ts';

/** How a client reaches its cluster; all but `endpoints` has defaults. */
export interface ClusterClientOptions {
  /** Nodes, or what stands before them: `http(s)://host:port` for REST, `grpc(s)://host:port` for gRPC. At least one. */
  readonly endpoints: readonly string[];
  readonly apiKey?: string | undefined;
  /** A file with certificates (PEM) to trust, for `grpcs`; REST trusts those of the system and of NODE_EXTRA_CA_CERTS. */
  readonly caPath?: string | undefined;
  /** Milliseconds that a request may take with all its attempts; absent: 30,000. */
  readonly timeoutMs?: number | undefined;
  /** Milliseconds that one attempt may take where another one may follow; absent: 10,000. */
  readonly attemptTimeoutMs?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  /** Makes an endpoint of its address; absent: by its scheme. */
  readonly connect?: ((url: string) => Endpoint) | undefined;
}

/** Bounds of one request. */
export interface RequestOptions {
  /** Milliseconds; absent: the client's. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const TIMEOUT_MS = 30_000;
const ATTEMPT_TIMEOUT_MS = 10_000;
/** Sessions that one write is begun with, where nodes do not know them any more. */
const SESSIONS_A_WRITE_MAX = 3;

type WriteRequest = Extract<
  ClientRequest,
  { readonly kind: 'upsert' | 'delete' | 'setPayload' | 'overwritePayload' }
>;
type ReadRequest = Exclude<ClientRequest, WriteRequest | { readonly kind: 'openSession' }>;

/**
 * A cluster as one database: any node takes any request; where one fails or has too much to do, another one is asked until the time is up.
 *
 * A write of points named by their ids is applied once, however often it had to be sent: it belongs to a session that the cluster keeps. A write by a filter
 * is sent again only where no node can have begun it. What ends with OUTCOME_UNKNOWN may have been applied, or not.
 *
 * Every operation may throw a VectorDbError with the codes of docs/errors.md.
 */
export class ClusterClient implements Disposable {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #pool: EndpointPool;
  readonly #runs: RequestRuns;
  readonly #sessions: WriteSessions;

  /** @throws {VectorDbError} INVALID_ARGUMENT: there are no endpoints, or an address is none */
  constructor(options: ClusterClientOptions) {
    const { endpoints, apiKey, caPath } = options;
    const clock = options.clock ?? systemClock;
    const random = options.random ?? systemRandom;
    const connect =
      options.connect ?? ((url: string) => connectEndpoint({ url, apiKey, caPath, clock }));
    if (endpoints.length === 0) {
      throw new VectorDbError('INVALID_ARGUMENT', 'endpoints: there are none', {
        field: 'endpoints',
      });
    }
    checkTimeout(options.timeoutMs);
    checkTimeout(options.attemptTimeoutMs, 'attemptTimeoutMs');
    const attemptTimeoutMs = options.attemptTimeoutMs ?? ATTEMPT_TIMEOUT_MS;
    this.#clock = clock;
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.#pool = new EndpointPool({
      endpoints: endpoints.map(
        (url) => new EndpointHealth({ endpoint: connect(url), clock, random }),
      ),
      random,
    });
    // A program that waits for an answer does not end between two attempts.
    const waiting = options.clock ?? holdingClock;
    this.#runs = new RequestRuns({ pool: this.#pool, clock: waiting, random, attemptTimeoutMs });
    this.#sessions = new WriteSessions({
      clock,
      open: () =>
        this.#runs.run(
          { kind: 'openSession' },
          { isWrite: true, repeatable: 'always', deadlineMs: this.#deadlineMs({}) },
        ),
    });
  }

  /** Inserts points, or replaces those with the same ids. */
  upsert(
    points: readonly ClientPoint[],
    options: RequestOptions & { readonly collection?: string | undefined } = {},
  ): Promise<WriteAnswer> {
    return this.#write({ kind: 'upsert', collection: options.collection, points }, options);
  }

  delete(
    selector: ClientSelector,
    options: RequestOptions & { readonly collection?: string | undefined } = {},
  ): Promise<WriteAnswer> {
    return this.#write({ kind: 'delete', collection: options.collection, selector }, options);
  }

  /** Sets fields of payloads, leaving the others. */
  setPayload(
    selector: ClientSelector,
    payload: ClientPayload,
    options: RequestOptions & { readonly collection?: string | undefined } = {},
  ): Promise<WriteAnswer> {
    const { collection } = options;
    return this.#write({ kind: 'setPayload', collection, selector, payload }, options);
  }

  /** Replaces payloads as a whole. */
  overwritePayload(
    selector: ClientSelector,
    payload: ClientPayload,
    options: RequestOptions & { readonly collection?: string | undefined } = {},
  ): Promise<WriteAnswer> {
    const { collection } = options;
    return this.#write({ kind: 'overwritePayload', collection, selector, payload }, options);
  }

  /** In the order of `ids`, each once; what is not there is left out. */
  get(
    ids: readonly ClientPointId[],
    options: RequestOptions & ReadFields & SelectFields = {},
  ): Promise<ClientAnswers['get']> {
    const { timeoutMs, signal, ...fields } = options;
    return this.#read({ kind: 'get', ids, ...fields }, { timeoutMs, signal });
  }

  /** Nearest first. */
  search(
    search: ClientSearch & ReadFields,
    options: RequestOptions = {},
  ): Promise<ClientAnswers['search']> {
    return this.#read({ kind: 'search', ...search }, options);
  }

  /** In the order of `searches`. */
  searchBatch(
    searches: readonly ClientSearch[],
    options: RequestOptions & ReadFields = {},
  ): Promise<ClientAnswers['searchBatch']> {
    const { timeoutMs, signal, ...fields } = options;
    return this.#read({ kind: 'searchBatch', searches, ...fields }, { timeoutMs, signal });
  }

  /** A page of points, by ascending id; `next` is the `from` of the next page. */
  scroll(
    page: Omit<Extract<ClientRequest, { kind: 'scroll' }>, 'kind'> = {},
    options: RequestOptions = {},
  ): Promise<ClientAnswers['scroll']> {
    return this.#read({ kind: 'scroll', ...page }, options);
  }

  count(
    what: ReadFields & { readonly filter?: object | undefined } = {},
    options: RequestOptions = {},
  ): Promise<ClientAnswers['count']> {
    return this.#read({ kind: 'count', ...what }, options);
  }

  async collections(options: RequestOptions = {}): Promise<readonly CollectionAnswer[]> {
    return (await this.#read({ kind: 'collections' }, options)).collections;
  }

  clusterInfo(options: RequestOptions = {}): Promise<ClusterAnswer> {
    return this.#read({ kind: 'clusterInfo' }, options);
  }

  /** Ends connections and probes; requests under way end by themselves. */
  [Symbol.dispose](): void {
    this.#pool[Symbol.dispose]();
  }

  #deadlineMs({ timeoutMs }: RequestOptions): number {
    return this.#clock.monotonicMs() + (timeoutMs ?? this.#timeoutMs);
  }

  async #read<R extends ReadRequest>(
    request: R,
    options: RequestOptions,
  ): Promise<ClientAnswers[R['kind']]> {
    checkTimeout(options.timeoutMs);
    checkRequest(request);
    return this.#runs.run(request, {
      isWrite: false,
      repeatable: 'always',
      deadlineMs: this.#deadlineMs(options),
      signal: options.signal,
    });
  }

  async #write(request: WriteRequest, options: RequestOptions): Promise<WriteAnswer> {
    checkTimeout(options.timeoutMs);
    checkRequest(request);
    const { signal } = options;
    const deadlineMs = this.#deadlineMs(options);
    const shared = { isWrite: true, deadlineMs, signal };
    for (let sessions = 1; ; sessions += 1) {
      const session = isById(request)
        ? await this.#sessions.current(deadlineMs, signal)
        : undefined;
      if (session === undefined) {
        return changedOf(
          await this.#runs.run(request, { ...shared, repeatable: repeatableAlone(request) }),
        );
      }
      const { stamp, end } = session.begin(this.#clock.monotonicMs());
      try {
        return changedOf(await this.#runs.run(request, { ...shared, repeatable: 'always', stamp }));
      } catch (thrown) {
        if (isAboutSession(thrown)) this.#sessions.discard(session);
        const isOver = sessions >= SESSIONS_A_WRITE_MAX;
        if (isOver || !(isUnusable(thrown) || isOfOldCollection(thrown))) throw thrown;
      } finally {
        end();
      }
    }
  }
}

/** What is told of a write, whichever interface answered. */
const changedOf = ({ changed }: WriteAnswer): WriteAnswer => ({ changed });

function isById(request: WriteRequest): boolean {
  return request.kind === 'upsert' || 'ids' in request.selector;
}

/** When a write without a session may be sent again: one of many parts may be done in part. */
function repeatableAlone(request: WriteRequest): Repeatable {
  const parts =
    request.kind === 'upsert'
      ? request.points.length
      : 'ids' in request.selector
        ? request.selector.ids.length
        : Number.POSITIVE_INFINITY;
  return parts > 1 ? 'unsent' : 'untaken';
}

/** The session was no good, and the write changed nothing. */
function isUnusable(thrown: unknown): boolean {
  return (
    thrown instanceof VectorDbError &&
    thrown.code === 'FAILED_PRECONDITION' &&
    thrown.field === 'session'
  );
}

/** Its collection was dropped and made anew, and a node thought that it was still the old one: nothing came of the write, nor will of its number. */
function isOfOldCollection(thrown: unknown): boolean {
  return (
    thrown instanceof VectorDbError &&
    thrown.code === 'COLLECTION_NOT_FOUND' &&
    thrown.field === 'sequence'
  );
}

function isAboutSession(thrown: unknown): boolean {
  if (isUnusable(thrown)) return true;
  if (!(thrown instanceof VectorDbError)) return false;
  return thrown.code === 'SESSION_EXPIRED' || isAboutSession(thrown.cause);
}
