import { setTimeout as wait } from 'node:timers/promises';
import { encodePointId } from '../../../../src/base/point-id.ts';
import { HashRouter } from '../../../../src/sharding/hash-router.ts';
import type { ProcessCluster } from '../process-cluster.ts';
import { type Asker, patientAsker } from './asker.ts';
import { DIMENSION } from './point-vectors.ts';

const SHARD_COUNT = 16;
const PAUSE_MS = 100;
const ID_BYTES_MAX = 100;
const COLLECTION = 'probe';
/** The default collection is the first that a cluster makes, and this one has to be the second: then each shard has one of the points. */
const COLLECTION_NUMBER = 2;
const VECTOR = Float32Array.from({ length: DIMENSION }, (_, at) => (at === 0 ? 1 : 0));

/** Writes one point of every shard again and again, by the project's client, and tells how long a shard took no writes. Ends with its scope. */
export class ShardProbe implements AsyncDisposable {
  /** What writes failed with; none should. */
  readonly failures: string[] = [];
  readonly #asker: Asker;
  /** When writes of each shard ended well. */
  readonly #ends: readonly number[][];
  readonly #workers: readonly Promise<void>[];
  #isEnding = false;

  private constructor(cluster: ProcessCluster) {
    this.#asker = patientAsker(cluster.started.map((node) => node.grpcUrl));
    this.#ends = Array.from({ length: SHARD_COUNT }, () => []);
    this.#workers = probeIds().map((id, shard) => this.#work(id, this.#ends[shard] as number[]));
  }

  /** Makes its collection and begins. */
  static async start(cluster: ProcessCluster): Promise<ShardProbe> {
    await cluster.createCollection(COLLECTION);
    return new ShardProbe(cluster);
  }

  /** The longest time within `from` and `to` in which no write of some shard ended, in milliseconds. */
  longestGap(from: number, to: number): number {
    const gaps = this.#ends.map((ends) => {
      const within = [from, ...ends.filter((at) => at > from && at < to), to];
      return Math.max(...within.slice(1).map((at, index) => at - (within[index] as number)));
    });
    return Math.max(...gaps);
  }

  /** Shards of which no write that ended since then is known. */
  unwritten(since: number): readonly number[] {
    return [...this.#ends.keys()].filter((shard) => !((this.#ends[shard]?.at(-1) ?? 0) > since));
  }

  /** Ends it. */
  async stop(): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    await Promise.all(this.#workers);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.#asker[Symbol.dispose]();
  }

  async #work(id: string, ends: number[]): Promise<void> {
    while (!this.#isEnding) {
      const points = [{ id, vector: VECTOR }];
      const outcome = await this.#asker.ask({ kind: 'upsert', collection: COLLECTION, points });
      if (outcome.ok) ends.push(performance.now());
      else this.failures.push(`${outcome.failure.error.code}: ${outcome.failure.error.message}`);
      await wait(PAUSE_MS);
    }
  }
}

/** A point's id for each shard. */
function probeIds(): readonly string[] {
  const router = new HashRouter({ shardCount: SHARD_COUNT });
  const ids: string[] = [];
  for (let number = 0; Object.keys(ids).length < SHARD_COUNT; number += 1) {
    const id = `probe ${number}`;
    ids[router.shardOf(COLLECTION_NUMBER, encodePointId(id, 'id', ID_BYTES_MAX))] ??= id;
  }
  return ids;
}
