import {
  type ChannelCredentials,
  credentials,
  Client,
  type ClientOptions,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import type { MethodDefinition } from '@grpc/proto-loader';
import { loadProtoPackage } from '../../src/api/grpc/proto-package.ts';
import { ERROR_METADATA } from '../../src/api/grpc/status-mapping.ts';

/** How a call ended. */
export interface CallOutcome {
  /** gRPC status; 0 is OK. */
  readonly status: number;
  readonly message: string;
  /** Of the trailing metadata. */
  readonly code?: string;
  readonly field?: string;
  readonly trailers?: Metadata;
  /** Of a call that ended well: absent fields are absent. */
  readonly response?: Readonly<Record<string, unknown>>;
}

export interface CallOptions {
  readonly metadata?: Readonly<Record<string, string>>;
  /** Wall time in milliseconds. */
  readonly deadline?: number;
  readonly signal?: AbortSignal;
}

/** A client that speaks Grape's services by name, for tests: `Points.Search` and a request as a plain object, or raw bytes. */
export class GrpcTestClient implements Disposable {
  readonly #client: Client;
  readonly #pkg = loadProtoPackage();

  /** @param by - unencrypted unless told */
  constructor(
    address: string,
    options: ClientOptions = {},
    by: ChannelCredentials = credentials.createInsecure(),
  ) {
    this.#client = new Client(address, by, {
      'grpc.max_receive_message_length': -1,
      'grpc.max_send_message_length': -1,
      'grpc.use_local_subchannel_pool': 1,
      ...options,
    });
  }

  /** @param method - service and method: `Points.Search` */
  definition(method: string): MethodDefinition<object, object> {
    const [service = '', name = ''] = method.split('.');
    const methods = this.#pkg[`grape.v1.${service}`] as unknown as Record<
      string,
      MethodDefinition<object, object>
    >;
    const definition = methods[name];
    if (definition === undefined) throw new Error(`there is no method ${method}`);
    return definition;
  }

  /** Never rejects: the outcome tells. */
  call(
    method: string,
    request: object | Uint8Array,
    options: CallOptions = {},
  ): Promise<CallOutcome> {
    const definition = this.definition(method);
    return new Promise((resolve) => {
      const call = this.#client.makeUnaryRequest(
        definition.path,
        (message: object) => bytesOf(definition, message),
        definition.responseDeserialize,
        request,
        metadataOf(options),
        options.deadline === undefined ? {} : { deadline: options.deadline },
        (error, response) => resolve(error ? failed(error) : succeeded(response)),
      );
      options.signal?.addEventListener('abort', () => call.cancel());
    });
  }

  /** Sends the requests of a client stream, each when the transport takes it. */
  stream(
    method: string,
    requests: Iterable<object | Uint8Array> | AsyncIterable<object | Uint8Array>,
    options: CallOptions = {},
  ): Promise<CallOutcome> {
    const definition = this.definition(method);
    return new Promise((resolve) => {
      let isOver = false;
      const call = this.#client.makeClientStreamRequest(
        definition.path,
        (message: object) => bytesOf(definition, message),
        definition.responseDeserialize,
        metadataOf(options),
        options.deadline === undefined ? {} : { deadline: options.deadline },
        (error, response) => {
          isOver = true;
          resolve(error ? failed(error) : succeeded(response));
        },
      );
      options.signal?.addEventListener('abort', () => call.cancel());
      void (async () => {
        for await (const request of requests) {
          if (isOver) return;
          await new Promise<void>((taken) => call.write(request, () => taken()));
        }
        call.end();
      })();
    });
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

function bytesOf(definition: MethodDefinition<object, object>, message: object): Buffer {
  return message instanceof Uint8Array
    ? Buffer.from(message.buffer, message.byteOffset, message.byteLength)
    : definition.requestSerialize(message);
}

function metadataOf(options: CallOptions): Metadata {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(options.metadata ?? {})) metadata.set(key, value);
  return metadata;
}

function succeeded(response: object | undefined): CallOutcome {
  return { status: 0, message: '', response: (response ?? {}) as Record<string, unknown> };
}

function failed(error: ServiceError): CallOutcome {
  const text = (key: string): string | undefined => error.metadata.get(key)[0]?.toString();
  const code = text(ERROR_METADATA.code);
  const field = text(ERROR_METADATA.field);
  return {
    status: error.code,
    message: error.details,
    trailers: error.metadata,
    ...(code === undefined ? {} : { code }),
    ...(field === undefined ? {} : { field: decodeURIComponent(field) }),
  };
}
