import { fastify } from 'fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifyServerOptions } from 'fastify';
import type { Clock } from '../../base/clock.ts';
import { VectorDbError } from '../../base/error.ts';
import type { ClusterAdmin } from '../../database/cluster-admin.ts';
import type { Limits } from '../../database/limits.ts';
import type { VectorDatabase } from '../../database/vector-database.ts';
import { parseFilter } from '../../index/filter/filter-parser.ts';
import { Authentication, shownKey } from '../authentication.ts';
import type { ApiKeys } from '../authentication.ts';
import { JsonReader } from '../json/json-reader.ts';
import { JsonWriter } from '../json/json-writer.ts';
import { collectBody } from './body-collector.ts';
import { addDocumentation } from './documentation.ts';
import { answerClientError } from './framework-errors.ts';
import type { Operation } from './operation.ts';
import { addOperation, answerError } from './operation-route.ts';
import type { RequestLog, RequestRecorder, RouteSetting } from './operation-route.ts';
import { restOperations } from './rest-operations.ts';

/** What the REST API is made from. */
export interface HttpServerOptions {
  readonly database: VectorDatabase;
  /** Absent: the node is part of none. */
  readonly cluster?: ClusterAdmin | undefined;
  readonly limits: Limits;
  /** The collection that requests without one are about. */
  readonly defaultCollection: string;
  readonly auth: ApiKeys;
  /** Absent: plain HTTP. PEM texts. */
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer } | undefined;
  readonly recorder: RequestRecorder;
  readonly log: RequestLog;
  readonly clock: Clock;
  /** Of this program. */
  readonly version: string;
  /** The deadline of requests that name none. */
  readonly requestTimeoutMs: number;
  /** Connections open at once; further ones are closed at once. */
  readonly connectionsMax: number;
}

/** A REST API that is ready to listen. */
export interface HttpServer extends AsyncDisposable {
  /** For tests by `inject`, and for further routes before `listen`. */
  readonly app: FastifyInstance;
  /** @returns the port, which the system chooses where `port` is 0 */
  listen(host: string, port: number): Promise<number>;
  /** Takes no further requests, and resolves when those under way are answered, or cut off after `graceMs`. */
  close(graceMs?: number): Promise<void>;
}

const CLOSE_GRACE_MS = 10_000;
/** Between two looks, while the server closes, for connections at rest. */
const IDLE_SWEEP_MS = 50;
const KEEP_ALIVE_MS = 75_000;
/** For the head of a request to arrive, and for all of it. */
const HEADERS_TIMEOUT_MS = 30_000;
const ARRIVAL_TIMEOUT_MS = 300_000;

/** The REST API over a vector database; it does not listen yet. */
export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { clock, limits } = options;
  const app = createApp(options);
  const routeSetting = routeSettingOf(options);
  const operations = restOperations(limits);
  let isClosing = false;
  addHooks(app, options, () => isClosing);
  app.removeAllContentTypeParsers();
  // The one for JSON is found without reading the type of each request's content anew.
  for (const type of ['application/json', '*']) {
    app.addContentTypeParser(type, (_request, payload, done) =>
      collectBody(payload, limits.bodyBytesMax, done),
    );
  }
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => JSON.stringify);
  app.setErrorHandler((error, request, reply) => answerError(error, request, reply, options));
  app.setNotFoundHandler((request, reply) => answerUnknown(request, reply, operations));
  await addDocumentation(app, { version: options.version });
  await app.register(async (scope) => {
    for (const operation of operations) addOperation(scope, operation, routeSetting);
  });
  const close = async (graceMs = CLOSE_GRACE_MS): Promise<void> => {
    isClosing = true;
    const cutOff = clock.after(graceMs, () => app.server.closeAllConnections());
    // A connection whose request was under way rests after its answer, and callers may keep it for long.
    let sweep = clock.after(IDLE_SWEEP_MS, function closeIdle() {
      app.server.closeIdleConnections();
      sweep = clock.after(IDLE_SWEEP_MS, closeIdle);
    });
    try {
      await app.close();
    } finally {
      cutOff.cancel();
      sweep.cancel();
    }
  };
  return {
    app,
    async listen(host, port) {
      try {
        await app.listen({ host, port });
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new VectorDbError(
          'FAILED_PRECONDITION',
          `REST cannot listen on ${host}:${port}: ${reason}`,
          {
            field: 'server.rest_port',
            cause,
          },
        );
      }
      const address = app.server.address();
      return typeof address === 'object' && address !== null ? address.port : port;
    },
    close,
    [Symbol.asyncDispose]: () => close(),
  };
}

function createApp(options: HttpServerOptions): FastifyInstance {
  const { limits, tls, connectionsMax } = options;
  const settings: FastifyServerOptions = {
    logger: false,
    bodyLimit: limits.bodyBytesMax,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: ARRIVAL_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => {
      answerError(error, request, reply, options);
    },
    // An id of a few bytes may be percent-encoded in three times as many.
    routerOptions: { maxParamLength: 3 * Math.max(limits.idBytesMax, limits.nameBytesMax, 1024) },
  };
  // With `https` the same instance is typed for a server of another class, which nothing here looks at.
  const app = tls
    ? (fastify({ ...settings, https: tls } as FastifyServerOptions) as FastifyInstance)
    : fastify(settings);
  app.server.maxConnections = connectionsMax;
  app.server.headersTimeout = HEADERS_TIMEOUT_MS;
  return app;
}

function routeSettingOf(options: HttpServerOptions): RouteSetting {
  const { limits, database, cluster, defaultCollection, version } = options;
  const { clock, recorder, log, requestTimeoutMs } = options;
  return {
    setting: {
      database,
      cluster,
      limits,
      defaultCollection,
      version,
      writer: new JsonWriter(),
      readFilter: (json, field) => parseFilter(json, { limits, field }),
    },
    reader: new JsonReader({
      limits: {
        payloadDepthMax: limits.payloadDepthMax,
        payloadBytesMax: limits.payloadBytesMax,
        dimensionMax: limits.dimensionMax,
        // A filter inside another one is at most four objects and arrays deeper.
        bodyDepthMax: Math.max(limits.payloadDepthMax, 4 * limits.filterDepthMax) + 8,
      },
    }),
    clock,
    recorder,
    log,
    requestTimeoutMs,
  };
}

function addHooks(
  app: FastifyInstance,
  { auth, clock, recorder }: HttpServerOptions,
  isClosing: () => boolean,
): void {
  const authentication = new Authentication(auth);
  app.decorateRequest('errorCode', undefined);
  app.decorateRequest('startedMs', 0);
  app.addHook('onRequest', (request, reply, done) => {
    request.startedMs = clock.monotonicMs();
    if (isClosing()) {
      reply.header('connection', 'close');
      done(new VectorDbError('SHUTTING_DOWN', 'the node is shutting down'));
      return;
    }
    try {
      const { headers } = request;
      const apiKey = headers['api-key'];
      const access = request.routeOptions.config.access ?? 'read';
      const shown = Array.isArray(apiKey) ? apiKey[0] : apiKey;
      authentication.permit(access, shownKey(shown, headers.authorization));
      done();
    } catch (error) {
      done(error as Error);
    }
  });
  app.addHook('onResponse', (request, _reply, done) => {
    const seconds = (clock.monotonicMs() - request.startedMs) / 1000;
    const operation = request.routeOptions.config.operation ?? 'other';
    recorder.observe(operation, request.errorCode ?? 'OK', seconds);
    done();
  });
}

/** 404, or 405 where another method would have found something. */
function answerUnknown(
  request: FastifyRequest,
  reply: FastifyReply,
  operations: readonly Operation[],
): void {
  const path = request.url.split('?', 1)[0] as string;
  const methods = operations
    .filter(({ url }) => matches(url, path))
    .flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  if (methods.length === 0) {
    throw new VectorDbError('NOT_FOUND', 'path: there is nothing at this address', {
      field: 'path',
    });
  }
  const allow = [...new Set(methods)].toSorted().join(', ');
  reply.header('allow', allow);
  throw new VectorDbError('METHOD_NOT_ALLOWED', `method: this address takes ${allow}`, {
    field: 'method',
  });
}

function matches(url: string, path: string): boolean {
  const pattern = url.split('/');
  const steps = path.split('/');
  return (
    pattern.length === steps.length &&
    pattern.every((part, index) =>
      part.startsWith(':') ? steps[index] !== '' : part === steps[index],
    )
  );
}
