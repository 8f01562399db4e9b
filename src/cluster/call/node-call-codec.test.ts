import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VectorDbError } from '../../base/error.ts';
import { encodePointId } from '../../base/point-id.ts';
import { packPoints, unpackPoints } from '../../worker/packed-points.ts';
import type { NodeAnswers, NodeCall } from './node-call.ts';
import { NodeCallCodec } from './node-call-codec.ts';
import type { NodeReport } from './node-report.ts';

const codec = new NodeCallCodec();
const key = (id: number | string): Uint8Array => new Uint8Array(encodePointId(id, 'id', 512));
const select = { payload: { include: ['a.b'] }, vectors: ['title'] } as const;
const filter = {
  must: [{ kind: 'field', key: 'n', test: { kind: 'value', value: 2n ** 60n } }],
} as const;
const packed = packPoints([
  {
    key: key(7),
    version: 9,
    score: 0.25,
    payload: new Uint8Array(Buffer.from('{"a":1}')),
    vectors: { '': Float32Array.of(1, -0.5) },
  },
]);
const report: NodeReport = {
  node: 2,
  version: '1.0.0',
  catalogVersion: 12,
  groups: [
    {
      state: 'open',
      group: 3,
      replica: 2 * 2 ** 20,
      role: 'leader',
      term: 4,
      leaderNode: 2,
      appliedIndex: 100,
      lastIndex: 101,
      configuration: {
        voters: [1, 2],
        outgoing: [],
        learners: [3],
        learnersNext: [],
        autoLeave: false,
      },
      progress: [
        {
          replica: 1,
          state: 'replicate',
          match: 100,
          next: 101,
          inflightMessages: 1,
          inflightBytes: 10,
          isPaused: false,
          recentlyActive: true,
          isLearner: false,
          pendingSnapshot: 0,
        },
      ],
      isIndexed: true,
      points: 5,
      bytes: 2 ** 40,
      snapshotBytesReceived: undefined,
      snapshotBytesTaken: 7,
    },
    { state: 'corrupt', group: 4, replica: 5 },
  ],
  swept: [8],
  writable: false,
  reasons: ['the disk is full'],
  diskFreeBytes: undefined,
  memoryBytes: 1e9,
  uptimeSeconds: 1.5,
};

/** Every kind of call, with an answer; their bytes are in the golden file. */
const SAMPLES: Readonly<Record<string, { call: NodeCall; answer: NodeAnswers[NodeCall['kind']] }>> =
  {
    propose: {
      call: {
        kind: 'propose',
        shard: 3,
        epoch: 7,
        command: Uint8Array.of(1, 2, 3),
        session: { session: 2 ** 40, sequence: 6, respondedUpTo: 5 },
      },
      answer: { result: Uint8Array.of(9) },
    },
    proposeAlone: {
      call: { kind: 'propose', shard: 0, epoch: 0, command: new Uint8Array(0), session: undefined },
      answer: { result: new Uint8Array(0) },
    },
    openSession: { call: { kind: 'openSession', group: 2 }, answer: { session: 77 } },
    changeCatalog: {
      call: {
        kind: 'changeCatalog',
        command: { kind: 'setRebalancing', on: true },
        session: { session: 1, sequence: 2, respondedUpTo: 0 },
      },
      answer: { kind: 'refused', code: 'NOT_FOUND', message: 'no', field: 'name' },
    },
    awaitCatalog: { call: { kind: 'awaitCatalog', version: 9 }, answer: { version: 10 } },
    search: {
      call: {
        kind: 'read',
        consistency: 'linearizable',
        request: {
          kind: 'search',
          query: {
            collection: 4,
            shards: Uint16Array.of(0, 15, 300),
            using: 'title',
            vector: Float32Array.of(0.5, -1),
            limit: 10,
            offset: 2,
            ef: 64,
            exact: false,
            filter,
            scoreThreshold: -0.5,
            select,
            explain: true,
            timed: false,
          },
        },
      },
      answer: {
        points: packed,
        explanation: {
          segments: [
            {
              kind: 'sealed',
              rows: 100,
              estimated: 3.5,
              strategy: 'filteredGraph',
              indexed: ['n'],
              unindexed: [],
              candidates: 20,
              rescored: 10,
            },
          ],
        },
        stages: { graph: 0.25, thread: 0.5 },
      },
    },
    get: {
      call: {
        kind: 'read',
        consistency: 'local',
        request: {
          kind: 'get',
          collection: 4,
          keys: [key(1), key('a')],
          shards: Uint16Array.of(2, 3),
          select: { payload: true, vectors: false },
        },
      },
      answer: { points: packed },
    },
    scroll: {
      call: {
        kind: 'read',
        consistency: 'linearizable',
        request: {
          kind: 'scroll',
          collection: 4,
          filter: undefined,
          from: key('b'),
          limit: 3,
          select: { payload: { exclude: ['x'] }, vectors: true },
        },
      },
      answer: { points: packed, next: key(8) },
    },
    count: {
      call: {
        kind: 'read',
        consistency: 'linearizable',
        request: { kind: 'count', collection: 4, filter: undefined },
      },
      answer: { count: 12 },
    },
    matching: {
      call: {
        kind: 'read',
        consistency: 'linearizable',
        request: { kind: 'matching', collection: 4, filter, from: undefined, limit: 3 },
      },
      answer: { keys: [key(1)] },
    },
    describe: {
      call: { kind: 'describe', collection: 1 },
      answer: {
        points: 3,
        segments: [{ kind: 'growing', rows: 4, deletedRows: 1, bytes: 100 }],
        building: true,
      },
    },
    optimize: { call: { kind: 'optimize', collection: 1 }, answer: { done: true } },
    changeConfiguration: {
      call: {
        kind: 'changeConfiguration',
        group: 3,
        change: {
          steps: [{ kind: 'addLearner', replica: 3 * 2 ** 20 }],
          leave: 'auto',
          context: Uint8Array.of(5),
        },
      },
      answer: { done: true },
    },
    transferLeadership: {
      call: { kind: 'transferLeadership', group: 3, to: 2 },
      answer: { done: true },
    },
    checkDigest: { call: { kind: 'checkDigest', group: 3 }, answer: { digest: 'abc' } },
    report: { call: { kind: 'report' }, answer: report },
  };

const names = Object.keys(SAMPLES);
const sampleOf = (name: string) => SAMPLES[name] as (typeof SAMPLES)[string];
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const golden = JSON.parse(
  readFileSync(new URL('../../../test/golden/node-calls-v1.json', import.meta.url), 'utf8'),
) as Record<string, readonly [call: string, answer: string]>;

describe('calls between nodes', () => {
  test.each(names)('%s comes back as it went, its answer too', (name) => {
    const { call, answer } = sampleOf(name);
    expect(codec.decodeCall(codec.encodeCall(call))).toEqual(call);
    expect(codec.decodeAnswer(call, codec.encodeAnswer(call, answer))).toEqual(answer);
  });

  test.each(names)('%s has the bytes that its description says', (name) => {
    const { call, answer } = sampleOf(name);
    expect([hex(codec.encodeCall(call)), hex(codec.encodeAnswer(call, answer))]).toEqual(
      golden[name],
    );
  });

  test('points arrive at the beginning of a buffer of their own', () => {
    const { call, answer } = sampleOf('search');
    const arrived = codec.decodeAnswer(call, codec.encodeAnswer(call, answer));
    const { points } = arrived as NodeAnswers['read'] & { readonly points: Uint8Array };
    expect(points.byteOffset).toBe(0);
    expect(unpackPoints(points)).toEqual(unpackPoints(packed));
  });

  test('a failure comes back with all that a caller may act on', () => {
    const { call } = sampleOf('propose');
    const failures = [
      new VectorDbError('NOT_LEADER', 'no', { leaderNode: 3 }),
      new VectorDbError('OVERLOADED', 'full', { retryAfterMs: 50 }),
      new VectorDbError('INVALID_ARGUMENT', 'bad', { field: 'a' }),
    ];
    for (const failure of failures) {
      expect(() => codec.decodeAnswer(call, codec.encodeFailure(failure))).toThrow(failure);
      expect(() => codec.decodeAnswer(call, codec.encodeFailure(failure))).toThrow(
        expect.objectContaining({
          code: failure.code,
          leaderNode: failure.leaderNode,
          retryAfterMs: failure.retryAfterMs,
          field: failure.field,
        }) as Error,
      );
    }
  });

  test('damaged bytes are refused, or are another call of the same form', () => {
    const refusedOrSound = (decode: () => unknown): void => {
      try {
        decode();
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(VectorDbError);
      }
    };
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.nat(),
        fc.nat(255),
        fc.boolean(),
        (name, at, byte, isCut) => {
          const { call, answer } = sampleOf(name);
          for (const [bytes, decode] of [
            [codec.encodeCall(call), (damaged: Uint8Array) => codec.decodeCall(damaged)],
            [
              codec.encodeAnswer(call, answer),
              (damaged: Uint8Array) => codec.decodeAnswer(call, damaged),
            ],
          ] as const) {
            const place = at % bytes.length;
            bytes[place] = byte;
            refusedOrSound(() => decode(isCut ? bytes.subarray(0, place) : bytes));
          }
        },
      ),
      { numRuns: 3_000 },
    );
  });

  test('another version, or a kind that is not known, is refused', () => {
    const bytes = codec.encodeCall({ kind: 'report' });
    const other = bytes.slice();
    other[0] = 2;
    expect(() => codec.decodeCall(other)).toThrow('version 2');
    const unknown = codec.encodeCall({ kind: 'nothing' } as unknown as NodeCall);
    expect(() => codec.decodeCall(unknown)).toThrow('kind nothing');
  });
});
