import { encodePointId, type PointId, type PointKey, successorOf } from '../base/point-id.ts';
import { VectorDbError } from '../base/error.ts';
import type { CollectionSchema } from '../index/collection-schema.ts';
import type { Filter } from '../index/filter/filter.ts';
import { checkPayload } from '../index/payload/payload-validation.ts';
import { parseKeyPath } from '../index/payload/key-path.ts';
import type { HashRouter } from '../sharding/hash-router.ts';
import type { CommandSelection, PointUpsert, ShardCommand } from '../sharding/shard-command.ts';
import type { ShardCommandCodec } from '../sharding/shard-command-codec.ts';
import type { ProposalStamp, ShardLog } from '../sharding/shard-log.ts';
import type { PayloadJson } from '../storage/point-record.ts';
import {
  decodeClientSession,
  encodeClientSession,
  SESSION_SHARDS_MAX,
  sessionOfShard,
} from './client-session.ts';
import { type CollectionResolver, RESOLVES_MAX } from './collection-resolver.ts';
import type { Limits } from './limits.ts';
import type { ReadExecutor } from './read-executor.ts';
import { checkedVector } from './vector-checks.ts';
import type {
  PointInput,
  PointSelector,
  PointWriter,
  WriteOptions,
  WriteResult,
} from './vector-database.ts';
import { worstFailure } from './write-failure.ts';
import type { WriteGate } from './write-gate.ts';

export interface PointWritesOptions {
  readonly collections: CollectionResolver;
  readonly router: HashRouter;
  readonly log: ShardLog;
  readonly codec: ShardCommandCodec;
  readonly reads: ReadExecutor;
  readonly gate: WriteGate;
  readonly limits: Limits;
  /** Binds clients' sessions to their cluster. */
  readonly clusterId: () => string;
}

/** A command without its keys: the same for every shard that it is sent to. */
type CommandFor = (keys: readonly PointKey[]) => ShardCommand;

/** Keys that one command of a write by filter takes. */
const FILTERED_KEYS_PER_ROUND = 10_000;

/** Checks writes, splits them by shard and proposes them; a write by filter first asks which points match, and its commands ask again when applied. */
export class PointWrites implements PointWriter {
  readonly #options: PointWritesOptions;

  constructor(options: PointWritesOptions) {
    this.#options = options;
  }

  async upsertPoints(
    collection: string,
    points: readonly PointInput[],
    options: WriteOptions = {},
  ): Promise<WriteResult> {
    this.#admit(points.length, 'points');
    return this.#resolvedAnew(collection, options, async (schema) => {
      const upserts = points.map((point, i) => this.#checkedPoint(point, schema, `points[${i}]`));
      const byShard = this.#groupByShard(schema.number, upserts, (point) => point.key);
      return this.#propose(
        [...byShard].map(([shard, part]) => [
          shard,
          { kind: 'upsert', collection: schema.number, points: part },
        ]),
        options,
      );
    });
  }

  async deletePoints(
    collection: string,
    selector: PointSelector,
    options: WriteOptions = {},
  ): Promise<WriteResult> {
    return this.#writeSelected(collection, selector, options, (number, extra) => (keys) => ({
      kind: 'delete',
      collection: number,
      keys,
      ...extra,
    }));
  }

  async setPayload(
    collection: string,
    selector: PointSelector,
    payload: PayloadJson,
    options: WriteOptions = {},
  ): Promise<WriteResult> {
    this.#checkPayload(payload, 'payload');
    return this.#writeSelected(collection, selector, options, (number, extra) => (keys) => ({
      kind: 'setPayload',
      collection: number,
      keys,
      payload,
      payloadBytesMax: this.#options.limits.payloadBytesMax,
      ...extra,
    }));
  }

  async overwritePayload(
    collection: string,
    selector: PointSelector,
    payload: PayloadJson,
    options: WriteOptions = {},
  ): Promise<WriteResult> {
    this.#checkPayload(payload, 'payload');
    return this.#writeSelected(collection, selector, options, (number, extra) => (keys) => ({
      kind: 'overwritePayload',
      collection: number,
      keys,
      payload,
      ...extra,
    }));
  }

  async deletePayload(
    collection: string,
    selector: PointSelector,
    paths: readonly string[],
    options: WriteOptions = {},
  ): Promise<WriteResult> {
    if (paths.length === 0)
      return this.overwritePayload(collection, selector, new Uint8Array(0), options);
    paths.forEach((path, i) => parseKeyPath(path, `keys[${i}]`));
    return this.#writeSelected(collection, selector, options, (number, extra) => (keys) => ({
      kind: 'deletePayload',
      collection: number,
      keys,
      paths,
      ...extra,
    }));
  }

  async openSession(signal?: AbortSignal): Promise<string> {
    const { router, log, clusterId } = this.#options;
    const { shardCount } = router;
    if (shardCount > SESSION_SHARDS_MAX) {
      const text = `sessions are for up to ${SESSION_SHARDS_MAX} shards; here are ${shardCount}`;
      throw new VectorDbError('FAILED_PRECONDITION', text);
    }
    const opened = await Promise.allSettled(
      Array.from({ length: shardCount }, (_, shard) => log.openSession(shard, signal)),
    );
    // A shard that is out of reach keeps nobody from writing to the others.
    const sessions = opened.map((one) => (one.status === 'fulfilled' ? one.value : 0));
    const failed = opened.find((one) => one.status === 'rejected');
    if (failed !== undefined && sessions.every((session) => session === 0)) throw failed.reason;
    return encodeClientSession(clusterId(), sessions);
  }

  async #writeSelected(
    collection: string,
    selector: PointSelector,
    options: WriteOptions,
    command: (
      number: number,
      extra: Pick<CommandSelection, 'filter' | 'textIndexes'>,
    ) => CommandFor,
  ): Promise<WriteResult> {
    if (selector.kind === 'ids') {
      this.#admit(selector.ids.length, 'ids');
      return this.#resolvedAnew(collection, options, async ({ number }) => {
        const keys = selector.ids.map((id, i) => this.#key(id, `ids[${i}]`));
        return this.#proposeKeys(number, keys, command(number, {}), options);
      });
    }
    this.#admit(1, 'filter');
    refuseStamp(options, 'filter', 'what it selects may differ when it is sent again');
    const { filter } = selector;
    return this.#resolvedAnew(collection, options, async (schema) => {
      const commandFor = command(schema.number, { filter, ...textIndexesOf(schema) });
      return this.#writeMatching(schema.number, filter, commandFor, options);
    });
  }

  async #writeMatching(
    collection: number,
    filter: Filter,
    commandFor: CommandFor,
    options: WriteOptions,
  ): Promise<WriteResult> {
    let changed = 0;
    let from: PointKey | undefined;
    for (;;) {
      const limit = FILTERED_KEYS_PER_ROUND;
      const request = { kind: 'matching', collection, filter, from, limit } as const;
      const { keys } = await this.#options.reads.read(request, { signal: options.signal });
      const part = await this.#proposeKeys(collection, keys, commandFor, options);
      changed += part.changed;
      const last = keys.at(-1);
      if (last === undefined || keys.length < limit) return { status: part.status, changed };
      from = successorOf(last);
    }
  }

  #proposeKeys(
    collection: number,
    keys: readonly PointKey[],
    commandFor: CommandFor,
    options: WriteOptions,
  ): Promise<WriteResult> {
    const byShard = this.#groupByShard(collection, keys, (key) => key);
    return this.#propose(
      [...byShard].map(([shard, part]) => [shard, commandFor(part)]),
      options,
    );
  }

  async #propose(
    commands: readonly (readonly [number, ShardCommand])[],
    options: WriteOptions,
  ): Promise<WriteResult> {
    const { log, codec } = this.#options;
    const stampFor = this.#stamps(options);
    const stamps = commands.map(([shard]) => stampFor(shard));
    const proposals = commands.map(([shard, command], i) =>
      log.propose(shard, codec.encode(command), { signal: options.signal, stamp: stamps[i] }),
    );
    if (options.wait === 'accepted') {
      // The caller asked not to hear of the outcome; the log tells of failures.
      for (const proposal of proposals) proposal.catch(() => undefined);
      return { status: 'accepted', changed: 0 };
    }
    const outcomes = await Promise.allSettled(proposals);
    const failure = worstFailure(outcomes);
    if (failure !== undefined) throw failure;
    let changed = 0;
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') changed += outcome.value.changed;
    }
    return { status: 'applied', changed };
  }

  /** Stamps of the write's parts, by shard. @throws {VectorDbError} FAILED_PRECONDITION, INVALID_ARGUMENT */
  #stamps(options: WriteOptions): (shard: number) => ProposalStamp | undefined {
    const { stamp } = options;
    if (stamp === undefined) return () => undefined;
    if (options.wait === 'accepted') {
      refuseStamp(
        options,
        'wait',
        'a write that is not waited for has no outcome to ask for again',
      );
    }
    const { sequence, respondedUpTo } = stamp;
    if (!Number.isSafeInteger(respondedUpTo) || respondedUpTo < 0) {
      const text = 'sequence: an integer, and one of 0 and up below it, are needed';
      throw new VectorDbError('INVALID_ARGUMENT', text, { field: 'sequence' });
    }
    if (!Number.isSafeInteger(sequence) || sequence <= respondedUpTo) {
      const text = `sequence: an integer above ${respondedUpTo} is needed, not ${sequence}`;
      throw new VectorDbError('INVALID_ARGUMENT', text, { field: 'sequence' });
    }
    const { clusterId, router } = this.#options;
    const cluster = { clusterId: clusterId(), shardCount: router.shardCount };
    const sessions = decodeClientSession(stamp.session, cluster);
    return (shard) => ({ session: sessionOfShard(sessions, shard), sequence, respondedUpTo });
  }

  #groupByShard<T>(
    collection: number,
    items: readonly T[],
    keyOf: (item: T) => PointKey,
  ): Map<number, T[]> {
    const byShard = new Map<number, T[]>();
    for (const item of items) {
      const shard = this.#options.router.shardOf(collection, keyOf(item));
      const part = byShard.get(shard);
      if (part === undefined) byShard.set(shard, [item]);
      else part.push(item);
    }
    return byShard;
  }

  /** @throws {VectorDbError} LIMIT_EXCEEDED, MEMORY_LIMIT, DISK_FULL */
  #admit(count: number, field: string): void {
    this.#options.gate.pass();
    const { batchPointsMax } = this.#options.limits;
    if (count <= batchPointsMax) return;
    throw new VectorDbError(
      'LIMIT_EXCEEDED',
      `${field}: at most ${batchPointsMax} at once, not ${count}`,
      { field },
    );
  }

  /** Writes to the collection of a name; once more where it turns out to have been dropped, and another one to have the name since. */
  async #resolvedAnew(
    name: string,
    { stamp }: WriteOptions,
    write: (schema: CollectionSchema) => Promise<WriteResult>,
  ): Promise<WriteResult> {
    const { collections } = this.#options;
    let schema = await collections.find(name);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await write(schema);
      } catch (error) {
        if (!isAboutCollection(error) || attempt === RESOLVES_MAX) throw error;
        const { number } = schema;
        schema = await collections.findFresh(name);
        if (schema.number === number) throw error;
        if (stamp !== undefined) throw oldNumber(name);
      }
    }
  }

  #checkedPoint(point: PointInput, schema: CollectionSchema, field: string): PointUpsert {
    this.#checkPayload(point.payload, `${field}.payload`);
    const vectors: Record<string, Float32Array> = {};
    for (const [name, vector] of Object.entries(point.vectors)) {
      const vectorField = name === '' ? `${field}.vector` : `${field}.vectors.${name}`;
      const vectorSchema = Object.hasOwn(schema.vectors, name) ? schema.vectors[name] : undefined;
      if (vectorSchema === undefined) {
        const known = Object.keys(schema.vectors).map((known) => JSON.stringify(known));
        throw new VectorDbError(
          'INVALID_ARGUMENT',
          `${vectorField}: the collection has no vector of that name; it has ${known.join(', ')}`,
          { field: vectorField },
        );
      }
      vectors[name] = checkedVector(vector, vectorSchema, vectorField);
    }
    if (Object.keys(vectors).length === 0) {
      throw new VectorDbError(
        'INVALID_ARGUMENT',
        `${field}.vector: a point has at least one vector`,
        { field: `${field}.vector` },
      );
    }
    return { key: this.#key(point.id, `${field}.id`), vectors, payload: point.payload };
  }

  #checkPayload(payload: PayloadJson, field: string): void {
    if (payload.length === 0) return;
    const { payloadDepthMax, payloadBytesMax } = this.#options.limits;
    checkPayload(payload, { depthMax: payloadDepthMax, bytesMax: payloadBytesMax }, field);
  }

  #key(id: PointId, field: string): PointKey {
    return encodePointId(id, field, this.#options.limits.idBytesMax);
  }
}

/** Whether it was refused since its collection is not what its name means. */
function isAboutCollection(error: unknown): boolean {
  if (!(error instanceof VectorDbError) || error.field !== 'collection') return false;
  return error.code === 'COLLECTION_NOT_FOUND' || error.code === 'NOT_READY';
}

/** Shards remember the refusal under the client's number. */
function oldNumber(name: string): VectorDbError {
  const text = `sequence: the collection ${name} was dropped and made anew; the write has no effect under this number, and may be sent under another one`;
  return new VectorDbError('COLLECTION_NOT_FOUND', text, { field: 'sequence' });
}

function refuseStamp(options: WriteOptions, field: string, why: string): void {
  if (options.stamp === undefined) return;
  throw new VectorDbError('INVALID_ARGUMENT', `${field}: a write with a session has none: ${why}`, {
    field,
  });
}

function textIndexesOf(schema: CollectionSchema): Pick<CommandSelection, 'textIndexes'> {
  const indexes = Object.entries(schema.payloadIndexes).filter(([, { kind }]) => kind === 'text');
  return indexes.length === 0 ? {} : { textIndexes: Object.fromEntries(indexes) };
}
