import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VectorDbError } from '../base/error.ts';
import { encodePointId } from '../base/point-id.ts';
import type { Filter } from '../index/filter/filter.ts';
import { ANY_EPOCH, commandEpoch, setCommandEpoch } from './command-epoch.ts';
import type { ShardCommand } from './shard-command.ts';
import { ShardCommandCodec } from './shard-command-codec.ts';

const codec = new ShardCommandCodec();
const plain = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes);
const key = (id: number | bigint | string): Uint8Array => plain(encodePointId(id, 'id', 512));

const anyKey = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(key),
  fc.uuid().map(key),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).map(key),
);
const anyKeys = fc.array(anyKey, { maxLength: 5 });
const anyPayload = fc.uint8Array({ maxLength: 40 });
const anyMatch = fc.oneof(
  fc.string(),
  fc.double({ noNaN: true }).filter((value) => !Object.is(value, -0)),
  fc.boolean(),
  fc.bigInt(2n ** 53n, 2n ** 64n - 1n),
  fc.bigInt(-(2n ** 80n), -(2n ** 53n)),
);
const anyFilter: fc.Arbitrary<Filter> = fc.array(anyMatch, { maxLength: 3 }).map((values) => ({
  must: [{ kind: 'field', key: '__proto__.a', test: { kind: 'any', values } }],
  mustNot: [{ kind: 'hasId', ids: [1, 'x', 2n ** 60n] }],
}));
const maybeFilter = fc.option(anyFilter, { nil: undefined });
const maybeTextIndexes = fc.constantFrom(
  {},
  { textIndexes: { 'a.b': { kind: 'text', tokenizer: 'prefix', minTokenLength: 2 } } as const },
);
const selection = fc
  .tuple(fc.nat(0xffff_ffff), anyKeys, maybeFilter, maybeTextIndexes)
  .map(([collection, keys, filter, textIndexes]) => ({
    collection,
    keys,
    ...(filter === undefined ? {} : { filter }),
    ...textIndexes,
  }));
const maybeBound = fc.constantFrom({}, { payloadBytesMax: 0 }, { payloadBytesMax: 2 ** 40 });
const anyPoint = fc.record({
  key: anyKey,
  payload: anyPayload,
  vectors: fc
    .dictionary(fc.string({ maxLength: 5 }), fc.float32Array({ maxLength: 8, noNaN: true }))
    .map((vectors) => Object.fromEntries(Object.entries(vectors))),
});
const anyCommand: fc.Arbitrary<ShardCommand> = fc.oneof(
  fc.record({
    kind: fc.constant('upsert' as const),
    collection: fc.nat(0xffff_ffff),
    points: fc.array(anyPoint, { maxLength: 4 }),
  }),
  fc.constant({ kind: 'fence' as const }),
  fc.record({ kind: fc.constant('drop' as const), collection: fc.nat(0xffff_ffff) }),
  selection.map((rest) => ({ kind: 'delete' as const, ...rest })),
  fc.tuple(selection, anyPayload, maybeBound).map(([rest, payload, bound]) => ({
    kind: 'setPayload' as const,
    ...rest,
    payload,
    ...bound,
  })),
  fc.tuple(selection, anyPayload).map(([rest, payload]) => ({
    kind: 'overwritePayload' as const,
    ...rest,
    payload,
  })),
  fc.tuple(selection, fc.array(fc.string(), { maxLength: 3 })).map(([rest, paths]) => ({
    kind: 'deletePayload' as const,
    ...rest,
    paths,
  })),
);

/** Decodes; the one error that may come is DATA_CORRUPT. */
function decodeOrRefuse(bytes: Uint8Array): void {
  try {
    codec.decode(bytes);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(VectorDbError);
    expect((thrown as VectorDbError).code).toBe('DATA_CORRUPT');
  }
}

const golden: Record<string, ShardCommand> = {
  upsert: {
    kind: 'upsert',
    collection: 7,
    points: [
      {
        key: key('doc-1'),
        vectors: { '': Float32Array.of(1, -0.5), title: Float32Array.of(0.25) },
        payload: plain(Buffer.from('{"a":1}')),
      },
      { key: key(9), vectors: {}, payload: new Uint8Array(0) },
    ],
  },
  delete: { kind: 'delete', collection: 7, keys: [key(1), key(2)] },
  setPayload: {
    kind: 'setPayload',
    collection: 7,
    keys: [key(1)],
    filter: { must: [{ kind: 'field', key: 'n', test: { kind: 'value', value: 2n ** 60n } }] },
    payload: plain(Buffer.from('{"b":2}')),
  },
  overwritePayload: {
    kind: 'overwritePayload',
    collection: 7,
    keys: [],
    payload: plain(Buffer.from('{}')),
  },
  deletePayload: { kind: 'deletePayload', collection: 7, keys: [key(1)], paths: ['a.b', 'c'] },
  drop: { kind: 'drop', collection: 7 },
  fence: { kind: 'fence' },
};

describe('shard commands', () => {
  test('come back as they were', () => {
    fc.assert(
      fc.property(anyCommand, (command) => {
        expect(codec.decode(codec.encode(command))).toEqual(command);
      }),
      { numRuns: 300 },
    );
  });

  test('carry the epoch of who sends them, which may be changed', () => {
    const command = golden['delete'] as ShardCommand;
    const bytes = codec.encode(command, 7);
    expect(commandEpoch(bytes)).toBe(7);
    expect(commandEpoch(codec.encode(command))).toBe(0);
    setCommandEpoch(bytes, ANY_EPOCH);
    expect(commandEpoch(bytes)).toBe(ANY_EPOCH);
    expect(codec.decode(bytes)).toEqual(command);
    expect(() => setCommandEpoch(bytes, ANY_EPOCH + 1)).toThrow('epoch');
  });

  test('have memory of their own, so that a message carries no more than them', () => {
    const bytes = codec.encode(golden['delete'] as ShardCommand);
    expect(bytes.byteLength).toBe(bytes.buffer.byteLength);
  });

  test('of any bytes are decoded or refused', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), decodeOrRefuse), { numRuns: 2_000 });
  });

  test('with changed or missing bytes are decoded or refused', () => {
    fc.assert(
      fc.property(anyCommand, fc.nat(), fc.nat(255), fc.boolean(), (command, at, byte, cut) => {
        const bytes = codec.encode(command);
        bytes[at % bytes.length] = byte;
        decodeOrRefuse(cut ? bytes.subarray(0, at % bytes.length) : bytes);
      }),
      { numRuns: 2_000 },
    );
  });

  test('of a version that is not known are refused', () => {
    const bytes = codec.encode(golden['delete'] as ShardCommand);
    bytes[0] = 3;
    expect(() => codec.decode(bytes)).toThrow('version 3');
  });

  test.each(Object.keys(golden))('%s has the bytes that its description says', (name) => {
    const file = readFileSync(
      new URL('../../test/golden/shard-commands-v2.json', import.meta.url),
      'utf8',
    );
    const hex = (JSON.parse(file) as Record<string, string>)[name];
    expect(Buffer.from(codec.encode(golden[name] as ShardCommand, 258)).toString('hex')).toBe(hex);
    expect(codec.decode(Buffer.from(hex as string, 'hex'))).toEqual(golden[name]);
  });
});
