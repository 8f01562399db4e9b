import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { TransportCounters } from './transport-statistics.ts';

/** Where metrics are. */
const PATH = '/raft/metrics';
const PLAIN = 'text/plain; charset=utf-8';

/** Metrics as text, in the format of Prometheus. */
export interface MetricsSource {
  readonly text: () => string | Promise<string>;
  /** Who asks must show it as `authorization: Bearer …`; without one anybody may ask. */
  readonly token?: string;
}

/** Answers HTTP on connections that somebody else accepted. One request a connection: who scrapes comes every few seconds. */
export class MetricsResponder {
  readonly #server: Server;
  readonly #source: MetricsSource | undefined;
  readonly #counters: TransportCounters;

  /** @param source - undefined: there are no metrics, and every path is unknown */
  constructor(source: MetricsSource | undefined, counters: TransportCounters) {
    this.#source = source;
    this.#counters = counters;
    this.#server = createServer((request, response) => {
      void this.#answer(request, response);
    });
  }

  /** Serves a connection of which `first` was read already. Whoever accepted it limits its time. */
  serve(socket: Socket, first: Uint8Array): void {
    socket.unshift(first);
    this.#server.emit('connection', socket);
    socket.resume();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#counters.httpRequests += 1;
    response.setHeader('connection', 'close');
    const send = (status: number, contentType: string, body: string): void => {
      response.writeHead(status, {
        'content-type': contentType,
        'content-length': Buffer.byteLength(body),
      });
      response.end(request.method === 'HEAD' ? undefined : body);
    };
    if (this.#source === undefined || request.url?.split('?')[0] !== PATH) {
      send(404, PLAIN, `there is ${PATH}\n`);
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      send(405, PLAIN, 'GET or HEAD only\n');
    } else if (!isPermitted(request, this.#source.token)) {
      response.setHeader('www-authenticate', 'Bearer');
      send(401, PLAIN, 'a token is needed\n');
    } else {
      try {
        send(200, 'text/plain; version=0.0.4; charset=utf-8', await this.#source.text());
      } catch {
        send(500, PLAIN, 'metrics could not be read\n');
      }
    }
  }
}

function isPermitted({ headers }: IncomingMessage, token: string | undefined): boolean {
  if (token === undefined) return true;
  // Digests have one length, and are compared in one time.
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(headers.authorization ?? ''), digest(`Bearer ${token}`));
}
