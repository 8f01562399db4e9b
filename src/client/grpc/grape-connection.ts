import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import {
  Client,
  credentials,
  Metadata,
  status,
  type ClientUnaryCall,
  type MethodDefinition,
  type ServiceDefinition,
  type ServiceError,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

import { must } from '../../base/assert.ts';
import type { Clock } from '../../base/clock.ts';
import { ERROR_CODES, type ErrorCode } from '../../base/error-codes.ts';
import { VectorDbError } from '../../base/error.ts';
import type { GrapeMethod, GrapeMethods } from './grape-messages.ts';

export interface GrapeConnectionOptions {
  /** `host:port`. */
  readonly url: string;
  readonly apiKey?: string | undefined;
  readonly tls?: boolean | undefined;
  /** A file of certificates (PEM) to trust instead of the system's; implies TLS. */
  readonly caPath?: string | undefined;
  readonly clock: Clock;
}

export interface CallOptions {
  /** Absent: the call may take as long as it needs. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Beside the API key. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** What the commands need of a server; calls may run side by side. */
export interface GrapeCaller {
  /** @throws {VectorDbError} with the server's code, or `NOT_READY` where no server answers */
  call<K extends GrapeMethod>(
    method: K,
    request: GrapeMethods[K]['request'],
    options?: CallOptions,
  ): Promise<GrapeMethods[K]['response']>;
}

const PROTO = fileURLToPath(new URL('../../../proto/grape/v1/grape.proto', import.meta.url));
const MESSAGE_BYTES_MAX = 256 * 1024 * 1024;

type AnyMethod = MethodDefinition<object, object>;

/** A connection to a server's gRPC port. It connects with the first call, and again by itself when the server comes back. */
export class GrapeConnection implements GrapeCaller, Disposable {
  readonly url: string;
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #metadata = new Metadata();
  readonly #methods = new Map<string, AnyMethod>();

  /** @throws {VectorDbError} INVALID_ARGUMENT when the certificates cannot be read */
  constructor(options: GrapeConnectionOptions) {
    this.url = options.url;
    this.#clock = options.clock;
    if (options.apiKey !== undefined) this.#metadata.set('api-key', options.apiKey);
    this.#client = new Client(options.url, credentialsOf(options), {
      'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
      'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
      // The caller retries where that is right, and tells what it waits for.
      'grpc.enable_retries': 0,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 2000,
    });
    const definition = loadSync(PROTO, {
      longs: String,
      enums: String,
      defaults: true,
      oneofs: true,
    });
    for (const [name, service] of Object.entries(definition)) {
      if ('format' in service) continue;
      for (const [method, entry] of Object.entries(service as ServiceDefinition)) {
        this.#methods.set(`${name.split('.').at(-1)}.${method}`, entry as AnyMethod);
      }
    }
  }

  call<K extends GrapeMethod>(
    method: K,
    request: GrapeMethods[K]['request'],
    options: CallOptions = {},
  ): Promise<GrapeMethods[K]['response']> {
    const { timeoutMs, signal, metadata = {} } = options;
    const sent = this.#metadata.clone();
    for (const [key, value] of Object.entries(metadata)) sent.set(key, value);
    const entry = must(this.#methods.get(method), `no method ${method}`);
    const deadline = timeoutMs === undefined ? {} : { deadline: this.#clock.wallMs() + timeoutMs };
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(new VectorDbError('CANCELLED', 'given up'));
        return;
      }
      const cancel = (): void => call.cancel();
      const call: ClientUnaryCall = this.#client.makeUnaryRequest(
        entry.path,
        entry.requestSerialize,
        entry.responseDeserialize,
        request,
        sent,
        deadline,
        (error, response) => {
          signal?.removeEventListener('abort', cancel);
          if (error) reject(toError(error, this.url));
          else resolve(response as GrapeMethods[K]['response']);
        },
      );
      signal?.addEventListener('abort', cancel, { once: true });
    });
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

function credentialsOf(options: GrapeConnectionOptions): ReturnType<typeof credentials.createSsl> {
  const { caPath } = options;
  if (caPath === undefined) {
    return options.tls ? credentials.createSsl() : credentials.createInsecure();
  }
  try {
    return credentials.createSsl(readFileSync(caPath));
  } catch (error) {
    throw new VectorDbError('INVALID_ARGUMENT', `${caPath} cannot be read as certificates`, {
      field: '--ca',
      cause: error,
    });
  }
}

/** What a status means where the answer carries no code of the server's: it came from the transport or from something between. */
const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  [status.CANCELLED]: 'CANCELLED',
  [status.INVALID_ARGUMENT]: 'INVALID_ARGUMENT',
  [status.DEADLINE_EXCEEDED]: 'DEADLINE_EXCEEDED',
  [status.NOT_FOUND]: 'NOT_FOUND',
  [status.PERMISSION_DENIED]: 'PERMISSION_DENIED',
  [status.RESOURCE_EXHAUSTED]: 'OVERLOADED',
  [status.UNAVAILABLE]: 'NOT_READY',
  [status.UNAUTHENTICATED]: 'UNAUTHENTICATED',
  [status.UNIMPLEMENTED]: 'FAILED_PRECONDITION',
};

/** How the library begins what it says of a request that is no message. */
const UNSERIALIZABLE = 'Request message serialization failure';

function toError(error: ServiceError, url: string): VectorDbError {
  const text = (key: string): string | undefined => error.metadata.get(key)[0]?.toString();
  const given = text('grape-error-code');
  const field = text('grape-error-field');
  const retryAfter = Number(text('grpc-retry-pushback-ms') ?? text('retry-after-ms') ?? NaN);
  const details = {
    cause: error,
    ...(field === undefined ? {} : { field }),
    ...(retryAfter >= 0 ? { retryAfterMs: retryAfter } : {}),
  };
  if (given !== undefined && Object.hasOwn(ERROR_CODES, given)) {
    return new VectorDbError(given as ErrorCode, error.details, details);
  }
  const code = error.details.startsWith(UNSERIALIZABLE)
    ? 'INVALID_ARGUMENT'
    : (CODE_OF_STATUS[error.code] ?? 'INTERNAL');
  const message =
    code === 'NOT_READY' ? `no server answers at ${url}: ${error.details}` : error.details;
  return new VectorDbError(code, message, details);
}
