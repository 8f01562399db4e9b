import { describe, expect, test } from 'vitest';
import { testEdits, upsert } from '../../test/support/shard-commands.ts';
import { VectorDbError } from '../base/error.ts';
import { encodePointId, pointKeyText } from '../base/point-id.ts';
import type { PointRecord } from '../storage/point-record.ts';
import { ANY_EPOCH } from './command-epoch.ts';
import type { ShardCommand } from './shard-command.ts';
import { ShardCommandCodec } from './shard-command-codec.ts';
import { ShardStateMachine, ShardUnreadable } from './shard-state-machine.ts';

const codec = new ShardCommandCodec();
/** A collection that was dropped before. */
const DROPPED = 6;
const key = (n: number): Uint8Array => new Uint8Array(encodePointId(n, 'id', 512));
const json = (value: unknown): Uint8Array => new Uint8Array(Buffer.from(JSON.stringify(value)));

/** A machine over records that are there already, by id; payloads as objects. */
function machine(records: Record<number, object> = {}, appliedIndex = 0, epoch = 0) {
  const refused: number[] = [];
  const stored = new Map<string, PointRecord>(
    Object.entries(records).map(([id, payload]) => [
      pointKeyText(key(Number(id))),
      { version: 1, vectors: { '': Float32Array.of(Number(id)) }, payload: json(payload) },
    ]),
  );
  const sharded = new ShardStateMachine({
    records: {
      shard: 3,
      appliedIndex,
      epoch,
      isDropped: (collection) => collection === DROPPED,
      has: (_, k) => stored.has(pointKeyText(k)),
      get: (_, k) => stored.get(pointKeyText(k)),
    },
    codec,
    edits: testEdits,
    onRefused: (_, index) => refused.push(index),
  });
  const apply = (...commands: (ShardCommand | Uint8Array)[]) =>
    sharded.apply(
      commands.map((command, i) => ({
        index: appliedIndex + 1 + i,
        command: command instanceof Uint8Array ? command : codec.encode(command),
      })),
    );
  return { apply, refused };
}

/** What is left of the points, by id: their payload, or that they went. */
function final(effects: ReturnType<ShardStateMachine['apply']>): Record<string, unknown> {
  return Object.fromEntries(
    effects.mutations.map(({ key: k, record }) => [
      Buffer.from(k).readBigUInt64BE(1),
      record === undefined ? 'gone' : JSON.parse(Buffer.from(record.payload).toString()),
    ]),
  );
}

const changed = (effects: ReturnType<ShardStateMachine['apply']>): unknown[] =>
  effects.outcomes.map((outcome) =>
    outcome.kind === 'applied' ? outcome.result.changed : outcome.error.code,
  );

describe('the shard state machine', () => {
  test('inserts and replaces points; the last of equal ids counts', () => {
    const effects = machine({ 1: {} }).apply(upsert(7, { 1: { a: 1 }, 2: { a: 2 } }), {
      kind: 'upsert',
      collection: 7,
      points: [4, 5].map((n) => ({ key: key(2), vectors: {}, payload: json({ a: n }) })),
    });
    expect(changed(effects)).toEqual([2, 1]);
    expect(final(effects)).toEqual({ 1: { a: 1 }, 2: { a: 5 } });
    expect(effects.mutations.map(({ record }) => record?.version)).toEqual([1, 2]);
    expect(effects.batch.countDeltas).toEqual(new Map([[7, 1]]));
    expect(effects.batch.journal).toEqual([
      { index: 1, collection: 7, keys: [key(1), key(2)] },
      { index: 2, collection: 7, keys: [key(2)] },
    ]);
  });

  test('deletes what is there, each point once', () => {
    const effects = machine({ 1: {}, 2: {} }).apply(
      { kind: 'delete', collection: 7, keys: [key(1), key(1), key(9)] },
      { kind: 'delete', collection: 7, keys: [key(1)] },
    );
    expect(changed(effects)).toEqual([1, 0]);
    expect(final(effects)).toEqual({ 1: 'gone' });
    expect(effects.batch.countDeltas).toEqual(new Map([[7, -1]]));
  });

  test('a point that comes and goes in one batch counts for nothing', () => {
    const effects = machine().apply(upsert(7, { 1: {} }), {
      kind: 'delete',
      collection: 7,
      keys: [key(1)],
    });
    expect(changed(effects)).toEqual([1, 1]);
    expect(final(effects)).toEqual({ 1: 'gone' });
    expect(effects.batch.countDeltas).toEqual(new Map([[7, 0]]));
  });

  test('edits payloads, keeps vectors, and passes over points that are not there', () => {
    const keys = [key(1), key(2), key(3)];
    const effects = machine({ 1: { a: 1, b: 1 }, 2: { a: 2 } }).apply(
      { kind: 'setPayload', collection: 7, keys, payload: json({ b: 2 }) },
      { kind: 'deletePayload', collection: 7, keys: [key(1)], paths: ['a'] },
      { kind: 'overwritePayload', collection: 7, keys: [key(2)], payload: json({ c: 3 }) },
    );
    expect(changed(effects)).toEqual([2, 1, 1]);
    expect(final(effects)).toEqual({ 1: { b: 2 }, 2: { c: 3 } });
    expect(effects.mutations[1]?.record?.vectors).toEqual({ '': Float32Array.of(2) });
    expect(effects.mutations.map(({ record }) => record?.version)).toEqual([2, 3]);
  });

  test('asks the filter again, about the point as the batch has made it', () => {
    const filter = { must: [{ kind: 'isEmpty' as const, key: 'a' }] };
    const keys = [key(1), key(2)];
    const effects = machine({ 1: { a: 1 }, 2: {} }).apply(
      { kind: 'overwritePayload', collection: 7, keys: [key(1)], payload: json({}) },
      { kind: 'setPayload', collection: 7, keys, filter, payload: json({ a: 5 }) },
      { kind: 'delete', collection: 7, keys, filter },
    );
    expect(changed(effects)).toEqual([1, 2, 0]);
    expect(final(effects)).toEqual({ 1: { a: 5 }, 2: { a: 5 } });
  });

  test('refuses what it cannot read, changes nothing by it and goes on', () => {
    const { apply, refused } = machine({ 1: {} });
    const effects = apply(Uint8Array.of(0xc1), upsert(7, { 2: {} }));
    expect(changed(effects)).toEqual(['DATA_CORRUPT', 1]);
    expect(refused).toEqual([1]);
    expect(effects.batch.journal).toEqual([{ index: 2, collection: 7, keys: [key(2)] }]);
  });

  test('a command that fails in the middle changes nothing at all', () => {
    const effects = machine({ 1: {}, 2: { broken: true } }).apply({
      kind: 'setPayload',
      collection: 7,
      keys: [key(1), key(2)],
      payload: json({ a: 1 }),
    });
    expect(changed(effects)).toEqual(['DATA_CORRUPT']);
    expect(effects.mutations).toEqual([]);
    expect(effects.batch.records).toEqual([]);
  });

  test('leaves out entries that were applied before', () => {
    const sharded = new ShardStateMachine({
      records: {
        shard: 3,
        appliedIndex: 5,
        epoch: 0,
        isDropped: () => false,
        has: () => false,
        get: () => undefined,
      },
      codec,
      edits: testEdits,
      onRefused: () => {},
    });
    const entries = [4, 5, 6].map((index) => ({
      index,
      command: codec.encode(upsert(7, { [index]: {} })),
    }));
    const effects = sharded.apply(entries);
    expect(effects.batch.journal.map(({ index }) => index)).toEqual([6]);
    expect(final(effects)).toEqual({ 6: {} });
  });
});

describe('a collection that is dropped', () => {
  test('loses what the same batch gave it, and takes nothing any more', () => {
    const effects = machine({ 1: {} }).apply(
      upsert(7, { 1: { a: 1 }, 2: {} }),
      upsert(8, { 3: {} }),
      { kind: 'drop', collection: 7 },
      upsert(7, { 4: {} }),
      upsert(DROPPED, { 5: {} }),
      { kind: 'drop', collection: DROPPED },
    );
    const gone = 'COLLECTION_NOT_FOUND';
    expect(changed(effects)).toEqual([2, 1, 0, gone, gone, 0]);
    expect(effects.batch.dropped).toEqual([7]);
    expect(effects.batch.countDeltas).toEqual(new Map([[8, 1]]));
    expect(final(effects)).toEqual({ 3: {} });
  });
});

describe('a fence', () => {
  const of = (epoch: number, command: ShardCommand) => codec.encode(command, epoch);

  test('refuses commands of an older epoch, and no others', () => {
    const effects = machine({}, 0, 3).apply(
      of(2, upsert(7, { 1: {} })),
      of(3, upsert(7, { 2: {} })),
      of(5, { kind: 'fence' }),
      of(4, { kind: 'fence' }),
      of(4, upsert(7, { 3: {} })),
      of(ANY_EPOCH, upsert(7, { 4: {} })),
    );
    expect(changed(effects)).toEqual(['STALE_EPOCH', 1, 0, 0, 'STALE_EPOCH', 1]);
    expect(effects.batch.epoch).toBe(5);
    expect(final(effects)).toEqual({ 2: {}, 4: {} });
  });
});

test('a record that cannot be read here is no reason to refuse a command', () => {
  const sharded = new ShardStateMachine({
    records: {
      shard: 3,
      appliedIndex: 0,
      epoch: 0,
      isDropped: () => false,
      has: () => true,
      get: () => {
        throw new VectorDbError('DATA_CORRUPT', 'a damaged record');
      },
    },
    codec,
    edits: testEdits,
    onRefused: () => expect.unreachable(),
  });
  const command = codec.encode({
    kind: 'overwritePayload',
    collection: 7,
    keys: [key(1)],
    payload: json({}),
  });
  expect(() => sharded.apply([{ index: 1, command }])).toThrow(ShardUnreadable);
});

describe('a payload that would grow too large', () => {
  test('refuses the whole command, and one of just the size is taken', () => {
    const { apply, refused } = machine({ 1: { a: 1 }, 2: { a: 1, long: 'x'.repeat(20) } });
    const set = (payloadBytesMax: number): ShardCommand => ({
      kind: 'setPayload',
      collection: 7,
      keys: [key(1), key(2)],
      payload: json({ b: 2 }),
      payloadBytesMax,
    });
    const bytes = json({ a: 1, long: 'x'.repeat(20), b: 2 }).length;
    const over = apply(set(bytes - 1));
    expect(changed(over)).toEqual(['LIMIT_EXCEEDED']);
    expect(over.mutations).toEqual([]);
    expect(refused).toEqual([1]);
    expect(changed(apply(set(bytes)))).toEqual([2]);
  });
});
