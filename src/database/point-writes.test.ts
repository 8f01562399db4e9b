import { describe, expect, test } from 'vitest';
import { VectorDbError } from '../base/error.ts';
import { encodePointId } from '../base/point-id.ts';
import type { CollectionSchema } from '../index/collection-schema.ts';
import { HashRouter } from '../sharding/hash-router.ts';
import { ShardCommandCodec } from '../sharding/shard-command-codec.ts';
import type { ProposeOptions, ShardLog } from '../sharding/shard-log.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { PointWrites } from './point-writes.ts';
import type { PointInput } from './vector-database.ts';
import { WriteGate } from './write-gate.ts';

const SHARDS = 4;
const SCHEMA: CollectionSchema = {
  number: 1,
  name: 'words',
  vectors: {
    '': {
      dimension: 2,
      distance: 'dot',
      quantization: 'none',
      m: 8,
      efConstruction: 8,
      efSearch: 8,
    },
  },
  payloadIndexes: {},
};

const point = (id: number): PointInput => ({
  id,
  vectors: { '': Float32Array.of(1, 2) },
  payload: new Uint8Array(0),
});
const points = Array.from({ length: 40 }, (_, id) => point(id));

/** A log that takes note of what is proposed, and fails where it is told to. */
class NotingLog implements ShardLog {
  readonly proposals: { shard: number; stamp: ProposeOptions['stamp'] }[] = [];
  readonly failures = new Map<number, VectorDbError>();
  readonly closed = new Set<number>();

  async propose(shard: number, _command: Uint8Array, options: ProposeOptions = {}) {
    this.proposals.push({ shard, stamp: options.stamp });
    const failure = this.failures.get(shard);
    if (failure !== undefined) throw failure;
    return { index: this.proposals.length, changed: 1 };
  }

  async openSession(shard: number): Promise<number> {
    if (this.closed.has(shard)) throw new VectorDbError('UNAVAILABLE', `shard ${shard}`);
    return 100 + shard;
  }
}

function writesOver(
  log: ShardLog,
  options: { clusterId?: string; shardCount?: number; freshNumber?: number } = {},
) {
  return new PointWrites({
    collections: {
      find: () => SCHEMA,
      findFresh: () => Promise.resolve({ ...SCHEMA, number: options.freshNumber ?? 1 }),
    },
    router: new HashRouter({ shardCount: options.shardCount ?? SHARDS }),
    log,
    codec: new ShardCommandCodec(),
    reads: { read: () => Promise.reject(new Error('nothing is read here')) },
    gate: new WriteGate(),
    limits: DEFAULT_LIMITS,
    clusterId: () => options.clusterId ?? 'cluster',
  });
}

/** A log whose collections up to a number were dropped. */
class DroppingLog extends NotingLog {
  readonly numbers: number[] = [];
  readonly #codec = new ShardCommandCodec();
  readonly #dropped: number;

  constructor(dropped: number) {
    super();
    this.#dropped = dropped;
  }

  override async propose(shard: number, command: Uint8Array, options: ProposeOptions = {}) {
    const { kind, ...rest } = this.#codec.decode(command);
    if (kind === 'fence' || !('collection' in rest)) throw new Error('writes points only');
    this.numbers.push(rest.collection);
    if (rest.collection <= this.#dropped) {
      const text = 'the collection was dropped';
      throw new VectorDbError('COLLECTION_NOT_FOUND', text, { field: 'collection' });
    }
    return super.propose(shard, command, options);
  }
}

describe('a write by a name that means another collection than this node knows', () => {
  const one = [point(1)];

  test('goes to the collection that has the name now', async () => {
    const log = new DroppingLog(1);
    const written = await writesOver(log, { freshNumber: 2 }).upsertPoints('words', one);
    expect(written).toEqual({ status: 'applied', changed: 1 });
    const ids = { kind: 'ids', ids: [1] } as const;
    await writesOver(log, { freshNumber: 2 }).deletePoints('words', ids);
    expect(log.numbers).toEqual([1, 2, 1, 2]);
  });

  test('is refused where the name is the old one still', async () => {
    const log = new DroppingLog(1);
    const writing = writesOver(log).upsertPoints('words', one);
    await expect(writing).rejects.toMatchObject({ code: 'COLLECTION_NOT_FOUND' });
    expect(log.numbers).toEqual([1]);
  });

  test('is given up where that goes on', async () => {
    const log = new DroppingLog(100);
    let number = 1;
    const writes = writesOver(log, {
      get freshNumber() {
        return (number += 1);
      },
    });
    await expect(writes.upsertPoints('words', one)).rejects.toMatchObject({ field: 'collection' });
    expect(log.numbers).toEqual([1, 2, 3, 4]);
  });

  test("asks for another number where the client's own has ended", async () => {
    const log = new DroppingLog(1);
    const writes = writesOver(log, { freshNumber: 2 });
    const stamp = { session: await writes.openSession(), sequence: 1, respondedUpTo: 0 };
    await expect(writes.upsertPoints('words', one, { stamp })).rejects.toMatchObject({
      code: 'COLLECTION_NOT_FOUND',
      field: 'sequence',
    });
    expect(log.numbers).toEqual([1]);
  });
});

describe('a write with a stamp', () => {
  test("proposes each shard's part with that shard's session and the client's numbers", async () => {
    const log = new NotingLog();
    const writes = writesOver(log);
    const session = await writes.openSession();
    await writes.upsertPoints('words', points, {
      stamp: { session, sequence: 9, respondedUpTo: 7 },
    });
    expect(new Set(log.proposals.map(({ shard }) => shard)).size).toBe(SHARDS);
    for (const { shard, stamp } of log.proposals) {
      expect(stamp).toEqual({ session: 100 + shard, sequence: 9, respondedUpTo: 7 });
    }
  });

  test('changes nothing where the session is of another cluster', async () => {
    const log = new NotingLog();
    const session = await writesOver(log, { clusterId: 'other' }).openSession();
    const writing = writesOver(log).upsertPoints('words', points, {
      stamp: { session, sequence: 1, respondedUpTo: 0 },
    });
    await expect(writing).rejects.toMatchObject({ code: 'FAILED_PRECONDITION', field: 'session' });
    expect(log.proposals).toEqual([]);
  });

  test('changes nothing where one of its shards has no session, and is served where its shards have', async () => {
    const log = new NotingLog();
    log.closed.add(2);
    const writes = writesOver(log);
    const session = await writes.openSession();
    const stamp = { session, sequence: 1, respondedUpTo: 0 };
    await expect(writes.upsertPoints('words', points, { stamp })).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      field: 'session',
    });
    expect(log.proposals).toEqual([]);
    const router = new HashRouter({ shardCount: SHARDS });
    const elsewhere = points.find(
      ({ id }) => router.shardOf(1, encodePointId(id, 'id', 512)) !== 2,
    );
    await writes.upsertPoints('words', [elsewhere as PointInput], { stamp });
    expect(log.proposals).toHaveLength(1);
  });

  test('is refused by a filter and where its outcome is not waited for', async () => {
    const writes = writesOver(new NotingLog());
    const session = await writes.openSession();
    const stamp = { session, sequence: 1, respondedUpTo: 0 };
    await expect(
      writes.deletePoints('words', { kind: 'filter', filter: {} }, { stamp }),
    ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', field: 'filter' });
    await expect(
      writes.upsertPoints('words', points, { stamp, wait: 'accepted' }),
    ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', field: 'wait' });
  });

  test.each([
    [0, 0],
    [3, 3],
    [1.5, 0],
    [2, -1],
    [Number.MAX_SAFE_INTEGER + 1, 0],
  ])('is refused with sequence %d after %d', async (sequence, respondedUpTo) => {
    const writes = writesOver(new NotingLog());
    const session = await writes.openSession();
    await expect(
      writes.upsertPoints('words', points, { stamp: { session, sequence, respondedUpTo } }),
    ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', field: 'sequence' });
  });
});

test('a session cannot be opened while no shard opens one', async () => {
  const log = new NotingLog();
  for (let shard = 0; shard < SHARDS; shard += 1) log.closed.add(shard);
  await expect(writesOver(log).openSession()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

test('a session cannot be opened over more shards than a header has room for', async () => {
  const opening = writesOver(new NotingLog(), { shardCount: 1025 }).openSession();
  await expect(opening).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
});

describe('a write that failed in part', () => {
  test('ends with the failure that says least about its outcome, and tells how much was applied', async () => {
    const log = new NotingLog();
    log.failures.set(0, new VectorDbError('OVERLOADED', 'full', { retryAfterMs: 50 }));
    log.failures.set(2, new VectorDbError('OUTCOME_UNKNOWN', 'who knows'));
    await expect(writesOver(log).upsertPoints('words', points)).rejects.toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      message: expect.stringContaining('4 parts, one a shard, 2 were applied'),
    });
  });

  test('keeps the failure as it is where the write has one part', async () => {
    const log = new NotingLog();
    const failure = new VectorDbError('OVERLOADED', 'full', { retryAfterMs: 50 });
    for (let shard = 0; shard < SHARDS; shard += 1) log.failures.set(shard, failure);
    await expect(writesOver(log).upsertPoints('words', [point(1)])).rejects.toBe(failure);
  });
});
