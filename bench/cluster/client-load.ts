import { ClusterClient } from '../../src/client/cluster-client.ts';
import type { ProcessCluster } from '../../test/support/cluster-process/process-cluster.ts';
import { countOf, vectorOf, type VectorSet } from '../vector-set.ts';

/** One request as it ended, by `performance.now()`. */
export interface LoadedCall {
  readonly what: 'write' | 'search';
  readonly startMs: number;
  readonly endMs: number;
  readonly isAnswered: boolean;
}

export interface ClientLoadOptions {
  readonly cluster: ProcessCluster;
  readonly set: VectorSet;
  /** Which has the set's rows as points. */
  readonly collection: string;
  /** Of each kind: half of all callers write one point a call, the others search. */
  readonly callersEach: number;
  readonly limit: number;
  readonly ef: number;
}

/** A closed loop through the project's client, which knows all nodes of the start and tries again elsewhere. Ends with its scope. */
export class ClientLoad implements AsyncDisposable {
  /** In the order of their ends. */
  readonly calls: LoadedCall[] = [];
  readonly #options: ClientLoadOptions;
  readonly #client: ClusterClient;
  readonly #callers: readonly Promise<void>[];
  #next = 0;
  #isEnding = false;

  /** Begins. */
  constructor(options: ClientLoadOptions) {
    const { cluster, callersEach } = options;
    this.#options = options;
    this.#client = new ClusterClient({ endpoints: cluster.started.map(({ grpcUrl }) => grpcUrl) });
    const each = Array.from({ length: callersEach });
    this.#callers = [
      ...each.map(() => this.#loop('write', (index) => this.#write(index))),
      ...each.map(() => this.#loop('search', (index) => this.#search(index))),
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnding = true;
    await Promise.all(this.#callers);
    this.#client[Symbol.dispose]();
  }

  async #loop(what: LoadedCall['what'], call: (index: number) => Promise<unknown>): Promise<void> {
    while (!this.#isEnding) {
      const startMs = performance.now();
      const isAnswered = await call(this.#next++).then(
        () => true,
        () => false,
      );
      this.calls.push({ what, startMs, endMs: performance.now(), isAnswered });
    }
  }

  #write(index: number): Promise<unknown> {
    const { set, collection } = this.#options;
    const id = index % countOf(set, 'rows');
    return this.#client.upsert([{ id, vector: vectorOf(set, 'rows', id) }], { collection });
  }

  #search(index: number): Promise<unknown> {
    const { set, collection, limit, ef } = this.#options;
    const vector = vectorOf(set, 'queries', index % countOf(set, 'queries'));
    return this.#client.search({ vector, collection, limit, ef });
  }
}
