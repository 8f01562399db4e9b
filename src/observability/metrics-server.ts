import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { VectorDbError } from '../base/error.ts';

/** What is served at `/metrics`. */
export interface MetricsText {
  readonly contentType: string;
  text(): Promise<string>;
}

/** Whether the node can serve, for `/healthz`. */
export interface Health {
  readonly ready: boolean;
  /** Why not; empty where it is ready. */
  readonly reasons: readonly string[];
}

/** Collaborators of {@link MetricsServer}. */
export interface MetricsServerOptions {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  readonly metrics: MetricsText;
  readonly health: () => Health | Promise<Health>;
}

/** Scrapers ask every few seconds over a handful of connections; more is a mistake or an attack. */
const CONNECTIONS_MAX = 64;
const REQUEST_TIMEOUT_MS = 10_000;

/** Serves `/metrics` and `/healthz` over plain HTTP, apart from the interfaces that clients use. */
export class MetricsServer implements AsyncDisposable {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /**
   * Resolves when the server listens.
   *
   * @throws {VectorDbError} FAILED_PRECONDITION when it cannot listen there
   */
  static async start(options: MetricsServerOptions): Promise<MetricsServer> {
    const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
      void answer(options, request, response);
    });
    server.maxConnections = CONNECTIONS_MAX;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause) => {
        reject(
          new VectorDbError(
            'FAILED_PRECONDITION',
            `metrics cannot listen on ${options.host}:${options.port}: ${cause.message}`,
            { field: 'monitoring.prometheus_port', cause },
          ),
        );
      });
      server.listen(options.port, options.host, resolve);
    });
    return new MetricsServer(server);
  }

  /** The port it listens on. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ends all connections; resolves when none is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    this.#server.closeAllConnections();
    await closed;
  }
}

async function answer(
  options: MetricsServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    await route(options, request, response);
  } catch (error) {
    // The reason stands in the node's log, where the failed part put it; here it is only told that there is one.
    response.writeHead(500, { 'content-type': 'text/plain; charset=utf-8' });
    response.end(error instanceof VectorDbError ? `${error.message}\n` : 'internal error\n');
  }
}

async function route(
  { metrics, health }: MetricsServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const send = (status: number, contentType: string, body: string): void => {
    response.writeHead(status, {
      'content-type': contentType,
      'content-length': Buffer.byteLength(body),
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    send(405, 'text/plain; charset=utf-8', 'GET or HEAD only\n');
    return;
  }
  switch (request.url?.split('?')[0]) {
    case '/metrics':
      send(200, metrics.contentType, await metrics.text());
      return;
    case '/healthz': {
      const state = await health();
      send(state.ready ? 200 : 503, 'application/json', `${JSON.stringify(state)}\n`);
      return;
    }
    default:
      send(404, 'text/plain; charset=utf-8', 'there are /metrics and /healthz\n');
  }
}
