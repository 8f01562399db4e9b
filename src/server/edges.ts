import { readFile } from 'node:fs/promises';
import { createGrpcServer, type GrpcServer } from '../api/grpc/grpc-server.ts';
import type { ApiKeys } from '../api/authentication.ts';
import { createHttpServer, type HttpServer } from '../api/http/http-server.ts';
import type { Clock } from '../base/clock.ts';
import type { ErrorCode } from '../base/error-codes.ts';
import type { Config } from '../config/config-schema.ts';
import type { VectorDatabase } from '../database/vector-database.ts';
import type { Logger } from '../observability/logger.ts';
import type { ApiKind, Metrics } from '../observability/metrics.ts';
import { MetricsServer } from '../observability/metrics-server.ts';
import { DEFAULT_COLLECTION } from './default-collection.ts';
import type { StartingDatabase } from './starting-database.ts';

export interface EdgeOptions {
  readonly config: Config;
  readonly version: string;
  readonly log: Logger;
  readonly clock: Clock;
}

/** Where a listener ended up; a port of 0 in the settings took any free one. */
export interface Listening {
  readonly host: string;
  readonly port: number;
}

/** What clients, operators and Prometheus speak to. */
export interface Edges {
  readonly httpServer: HttpServer;
  readonly grpcServer: GrpcServer;
  readonly rest: Listening;
  readonly grpc: Listening;
  readonly metricsListening: Listening | undefined;
}

/**
 * Listens for clients, operators and Prometheus. What was opened is `opened`'s.
 *
 * @throws {Error} EADDRINUSE, EACCES; where the certificate or its key cannot be read
 */
export async function openEdges(
  opened: AsyncDisposableStack,
  options: EdgeOptions,
  metrics: Metrics,
  { database, cluster }: Pick<StartingDatabase, 'database' | 'cluster'>,
): Promise<Edges> {
  const { config, version, clock, log } = options;
  const { host, restPort, grpcPort } = config.server;
  const auth = apiKeys(config);
  const tls = await readTls(config);
  const shared = {
    database,
    cluster,
    limits: config.limits,
    defaultCollection: DEFAULT_COLLECTION,
    auth,
    log,
    clock,
    version,
  };
  const httpServer = opened.use(
    await createHttpServer({
      ...shared,
      tls,
      recorder: recorderFor(metrics, 'rest'),
      requestTimeoutMs: config.server.requestTimeoutMs,
      connectionsMax: config.server.maxConnections,
    }),
  );
  const grpcServer = opened.use(
    createGrpcServer({
      ...shared,
      log: {
        error: (message, thrown) => log.error({ event: 'call_failed', error: thrown }, message),
      },
      tls: tls && { certificate: tls.cert, key: tls.key },
      recorder: recorderFor(metrics, 'grpc'),
      requestTimeoutMs: config.server.requestTimeoutMs,
    }),
  );
  const metricsListening = await openMetrics(opened, options, metrics, database);
  const rest = { host, port: await httpServer.listen(host, restPort) };
  const grpc = { host, port: await grpcServer.listen(host, grpcPort) };
  return { httpServer, grpcServer, rest, grpc, metricsListening };
}

async function openMetrics(
  opened: AsyncDisposableStack,
  { config }: EdgeOptions,
  metrics: Metrics,
  database: VectorDatabase,
): Promise<Listening | undefined> {
  const { prometheusEnabled, prometheusPort } = config.monitoring;
  if (!prometheusEnabled) return undefined;
  const { host } = config.server;
  const server = opened.use(
    await MetricsServer.start({
      host,
      port: prometheusPort,
      metrics,
      health: () => database.status(),
    }),
  );
  return { host, port: server.port };
}

const SEARCH_OPERATIONS = new Set(['search', 'searchBatch', 'Points.Search', 'Points.SearchBatch']);

function recorderFor(
  metrics: Metrics,
  api: ApiKind,
): { observe(operation: string, code: ErrorCode | 'OK', seconds: number): void } {
  return {
    observe(operation, code, seconds) {
      metrics.requestEnded(api, operation, code, seconds);
      if (SEARCH_OPERATIONS.has(operation)) metrics.queryEnded(seconds);
    },
  };
}

function apiKeys({ server }: Config): ApiKeys {
  return { full: server.apiKey || undefined, readOnly: server.readOnlyApiKey || undefined };
}

async function readTls({
  server,
}: Config): Promise<{ readonly cert: Buffer; readonly key: Buffer } | undefined> {
  if (server.tlsCertPath === '') return undefined;
  const [cert, key] = await Promise.all([
    readFile(server.tlsCertPath),
    readFile(server.tlsKeyPath),
  ]);
  return { cert, key };
}
