import { fileURLToPath } from 'node:url';

import { Client, credentials, type MethodDefinition, type ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

import { filterMessage } from '../src/client/grpc/filter-message.ts';
import type { BenchPoint, NodeClient, SearchOptions } from './node-client.ts';

const PROTO = fileURLToPath(new URL('../proto/grape/v1/grape.proto', import.meta.url));
const MESSAGE_BYTES_MAX = 256 * 1024 * 1024;
const CONSISTENCY = {
  linearizable: 'CONSISTENCY_LINEARIZABLE',
  local: 'CONSISTENCY_LOCAL',
} as const;

type AnyMethod = MethodDefinition<object, object>;

interface SearchAnswer {
  readonly points: readonly { readonly id: { readonly integer: string } }[];
}

/** Callers of the gRPC interface, spread over a few connections; vectors travel as bytes. */
export class GrpcClient implements NodeClient, Disposable {
  readonly api = 'grpc';
  readonly #clients: readonly Client[];
  readonly #methods: ReadonlyMap<string, AnyMethod>;
  #next = 0;

  constructor(address: string, connections: number) {
    this.#clients = Array.from(
      { length: connections },
      () =>
        new Client(address, credentials.createInsecure(), {
          'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
          'grpc.max_send_message_length': MESSAGE_BYTES_MAX,
          // Channels to one address share a connection unless told.
          'grpc.use_local_subchannel_pool': 1,
        }),
    );
    const definition = loadSync(PROTO, { longs: String, enums: String, defaults: true });
    const points = definition['grape.v1.Points'] as ServiceDefinition;
    this.#methods = new Map(Object.entries(points) as [string, AnyMethod][]);
  }

  async search(query: Float32Array, options: SearchOptions): Promise<readonly number[]> {
    const {
      collection,
      limit,
      ef,
      exact = false,
      filter,
      payload = false,
      explain,
      consistency,
    } = options;
    const answer = (await this.#call('Search', {
      collection,
      vector: { float32: bytesOf(query) },
      limit,
      ...(ef === undefined ? {} : { ef }),
      exact,
      ...(filter === undefined ? {} : { filter: filterMessage(filter) }),
      payload: { all: payload },
      explain: explain ?? false,
      ...(consistency === undefined ? {} : { consistency: CONSISTENCY[consistency] }),
    })) as SearchAnswer;
    return answer.points.map(({ id }) => Number(id.integer));
  }

  async upsert(collection: string, points: readonly BenchPoint[]): Promise<void> {
    await this.#call('Upsert', upsertMessage(collection, points));
  }

  /**
   * Sends batches in one stream, as fast as the server takes them.
   *
   * @returns points written
   * @throws where a batch failed
   */
  upsertStream(collection: string, batches: Iterable<readonly BenchPoint[]>): Promise<number> {
    const method = this.#method('UpsertStream');
    return new Promise((resolve, reject) => {
      const call = this.#client().makeClientStreamRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        (error, summary) => {
          if (error) return reject(error);
          const { points, errors } = summary as { points: string; errors: readonly unknown[] };
          if (errors.length > 0) return reject(new Error(JSON.stringify(errors[0])));
          resolve(Number(points));
        },
      );
      const send = async (): Promise<void> => {
        for (const batch of batches) {
          if (call.write(upsertMessage(collection, batch))) continue;
          await new Promise((drained) => call.once('drain', drained));
        }
        call.end();
      };
      send().catch(reject);
    });
  }

  [Symbol.dispose](): void {
    for (const client of this.#clients) client.close();
  }

  #client(): Client {
    this.#next = (this.#next + 1) % this.#clients.length;
    return this.#clients[this.#next] as Client;
  }

  #method(name: string): AnyMethod {
    const method = this.#methods.get(name);
    if (method === undefined) throw new Error(`there is no method ${name}`);
    return method;
  }

  #call(name: string, message: object): Promise<object> {
    const method = this.#method(name);
    return new Promise((resolve, reject) => {
      this.#client().makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        message,
        (error, answer) => {
          if (error) reject(error);
          else resolve(answer as object);
        },
      );
    });
  }
}

function upsertMessage(collection: string, points: readonly BenchPoint[]): object {
  return {
    collection,
    points: points.map(({ id, vector, payload }) => ({
      id: { integer: id },
      vector: { float32: bytesOf(vector) },
      payloadJson: payload === undefined ? Buffer.alloc(0) : Buffer.from(payload),
    })),
  };
}

const bytesOf = (vector: Float32Array): Buffer =>
  Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength);
