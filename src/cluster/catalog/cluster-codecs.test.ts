import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { VectorSchema } from '../../index/collection-schema.ts';
import { type CatalogImage, decodeCatalogImage, encodeCatalogImage } from './catalog-image.ts';
import type { ClusterCommand, ClusterCommandResult } from './cluster-command.ts';
import { decodeClusterCommand, encodeClusterCommand } from './cluster-command-codec.ts';
import { decodeClusterResult, encodeClusterResult } from './cluster-result-codec.ts';
import { type ClusterState, EMPTY_CLUSTER } from './cluster-state.ts';
import { decodeClusterState, encodeClusterState } from './cluster-state-codec.ts';

const founder = {
  nodeId: 'node-1',
  raftAddress: '10.0.0.1:7000',
  grpcAddress: '10.0.0.1:6334',
  restAddress: '10.0.0.1:6333',
  zone: 'east',
  incarnation: 'b7f0',
};
const vector: VectorSchema = {
  dimension: 768,
  distance: 'cosine',
  quantization: 'binary',
  m: 16,
  efConstruction: 200,
  efSearch: 64,
};
const schema = {
  number: 1,
  name: 'docs',
  // Anyone's words, as an own key.
  vectors: { '': vector, ['__proto__']: { ...vector, distance: 'dot' as const } },
  payloadIndexes: { 'a.b': { kind: 'text' as const, lowercase: true } },
};

const COMMANDS: Readonly<Record<string, ClusterCommand>> = {
  foundCluster: {
    kind: 'foundCluster',
    clusterId: 'grapes',
    settings: { shardCount: 16, replicaCount: 3 },
    founder,
  },
  registerNode: { kind: 'registerNode', node: { ...founder, nodeId: 'node-2', zone: '' } },
  leaveNode: { kind: 'leaveNode', node: 3 },
  cancelLeave: { kind: 'leaveNode', node: 3, cancel: true },
  forgetNode: { kind: 'forgetNode', node: 3 },
  replaceNode: { kind: 'forgetNode', node: 3, replace: true },
  setRebalancing: { kind: 'setRebalancing', on: true },
  setReplicaCount: { kind: 'setReplicaCount', count: 5 },
  beginMove: { kind: 'beginMove', shard: 7, epoch: 4, reason: 'rebalance', add: 4, remove: 1 },
  beginTrim: { kind: 'beginMove', shard: 7, epoch: 4, reason: 'trim', remove: 1 },
  advanceMove: { kind: 'advanceMove', move: 9, from: 'adding', to: 'switching' },
  endMove: { kind: 'advanceMove', move: 9, from: 'removing' },
  createCollection: {
    kind: 'collections',
    command: { kind: 'createCollection', name: 'docs', vectors: schema.vectors },
  },
  dropCollection: { kind: 'collections', command: { kind: 'dropCollection', name: 'docs' } },
  forgetCollection: { kind: 'collections', command: { kind: 'forgetCollection', number: 1 } },
  updateAliases: {
    kind: 'collections',
    command: {
      kind: 'updateAliases',
      changes: [
        { kind: 'create', alias: 'a', collection: 'docs' },
        { kind: 'rename', alias: 'a', newAlias: 'b' },
        { kind: 'delete', alias: 'b' },
      ],
    },
  },
  createPayloadIndex: {
    kind: 'collections',
    command: {
      kind: 'createPayloadIndex',
      collection: 'docs',
      field: 'a.b',
      schema: {
        kind: 'text',
        tokenizer: 'prefix',
        lowercase: false,
        minTokenLength: 2,
        maxTokenLength: 9,
      },
    },
  },
  dropPayloadIndex: {
    kind: 'collections',
    command: { kind: 'dropPayloadIndex', collection: 'docs', field: 'a.b' },
  },
};

const RESULTS: Readonly<Record<string, ClusterCommandResult>> = {
  done: { kind: 'done', version: 12, changed: true },
  registered: { kind: 'registered', version: 13, node: 2 },
  moveBegun: { kind: 'moveBegun', version: 14, move: 9 },
  refused: { kind: 'refused', code: 'NOT_FOUND', message: 'there is no move 9' },
  refusedField: {
    kind: 'refused',
    code: 'ALREADY_EXISTS',
    message: 'there is a collection or alias "docs" already',
    field: 'name',
  },
};

const STATE: ClusterState = {
  version: 21,
  clusterId: 'grapes',
  settings: { shardCount: 2, replicaCount: 2 },
  nextNode: 4,
  nodes: new Map([
    [1, { ...founder, number: 1, state: 'leaving' }],
    [3, { ...founder, number: 3, nodeId: 'node-2', incarnation: 'c801', state: 'member' }],
  ]),
  shards: [
    {
      epoch: 2,
      replicas: [
        { node: 1, replica: 2 ** 20 },
        { node: 3, replica: 3 * 2 ** 20 + 1 },
      ],
      generations: new Map([
        [1, 1],
        [3, 2],
      ]),
    },
    { epoch: 1, replicas: [{ node: 1, replica: 2 ** 20 }], generations: new Map([[1, 1]]) },
  ],
  nextMove: 5,
  moves: new Map([
    [
      4,
      { id: 4, shard: 1, reason: 'repair', step: 'adding', add: { node: 3, replica: 3 * 2 ** 20 } },
    ],
  ]),
  rebalancing: true,
  collections: {
    version: 3,
    nextNumber: 3,
    collections: new Map([['docs', schema]]),
    aliases: new Map([['current', 'docs']]),
    dropping: new Map([[2, { ...schema, number: 2, name: 'old' }]]),
  },
};

const IMAGE: CatalogImage = {
  applied: { term: 3, index: 77 },
  state: STATE,
  rows: new Map([['configuration', Uint8Array.of(1, 2, 3)]]),
};

const golden = JSON.parse(
  readFileSync(new URL('../../../test/golden/cluster-catalog-v1.json', import.meta.url), 'utf8'),
) as Readonly<Record<'commands' | 'results' | 'image', Readonly<Record<string, string>>>>;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('the bytes that docs/formats describe', () => {
  test('are those of every command', () => {
    const bytes = Object.entries(COMMANDS).map(([name, command]) => [
      name,
      hex(encodeClusterCommand(command)),
    ]);
    expect(Object.fromEntries(bytes)).toEqual(golden.commands);
    for (const [name, command] of Object.entries(COMMANDS)) {
      const stored = Buffer.from(golden.commands[name] ?? '', 'hex');
      expect(decodeClusterCommand(stored)).toEqual(command);
    }
  });

  test('are those of every result', () => {
    const bytes = Object.entries(RESULTS).map(([name, result]) => [
      name,
      hex(encodeClusterResult(result)),
    ]);
    expect(Object.fromEntries(bytes)).toEqual(golden.results);
    for (const [name, result] of Object.entries(RESULTS)) {
      const stored = Buffer.from(golden.results[name] ?? '', 'hex');
      expect(decodeClusterResult(stored)).toEqual(result);
    }
  });

  test('are those of the file', () => {
    expect(hex(encodeCatalogImage(IMAGE))).toBe(golden.image['file']);
    const read = decodeCatalogImage(Buffer.from(golden.image['file'] ?? '', 'hex'));
    expect(read).toEqual(IMAGE);
    expect(Object.keys(read.state.collections.collections.get('docs')?.vectors ?? {})).toContain(
      '__proto__',
    );
  });
});

test('an empty state goes through its bytes', () => {
  expect(decodeClusterState(encodeClusterState(EMPTY_CLUSTER))).toEqual(EMPTY_CLUSTER);
});

test('equal states have equal bytes, in whatever order they came about', () => {
  const reversed = <K, V>(map: ReadonlyMap<K, V>): ReadonlyMap<K, V> =>
    new Map([...map].toReversed());
  const [first] = STATE.shards;
  const { collections } = STATE;
  const vectors = Object.fromEntries(Object.entries(schema.vectors).toReversed());
  const other: ClusterState = {
    ...STATE,
    nodes: reversed(STATE.nodes),
    shards: STATE.shards.with(0, {
      epoch: 2,
      replicas: first?.replicas ?? [],
      generations: reversed(first?.generations ?? new Map()),
    }),
    collections: { ...collections, collections: new Map([['docs', { ...schema, vectors }]]) },
  };
  expect(hex(encodeClusterState(other))).toBe(hex(encodeClusterState(STATE)));
});

const CODECS = {
  command: {
    decode: decodeClusterCommand,
    samples: Object.values(COMMANDS).map(encodeClusterCommand),
  },
  result: { decode: decodeClusterResult, samples: Object.values(RESULTS).map(encodeClusterResult) },
  state: { decode: decodeClusterState, samples: [encodeClusterState(STATE)] },
  image: { decode: decodeCatalogImage, samples: [encodeCatalogImage(IMAGE)] },
};

describe.each(Object.entries(CODECS))('bytes of a %s', (_, { decode, samples }) => {
  /** Bytes give a value of the right type or DATA_CORRUPT, and nothing else. */
  const tryDecode = (bytes: Uint8Array): boolean => {
    try {
      decode(bytes);
      return true;
    } catch (thrown) {
      expect(thrown).toMatchObject({ name: 'VectorDbError', code: 'DATA_CORRUPT' });
      return false;
    }
  };

  test('that are cut short anywhere, or have something behind them, are refused', () => {
    for (const sample of samples) {
      for (let end = 0; end < sample.length; end += 1) {
        expect(tryDecode(sample.subarray(0, end))).toBe(false);
      }
      expect(tryDecode(Buffer.concat([sample, Uint8Array.of(0)]))).toBe(false);
    }
  });

  test('of a later version are refused', () => {
    for (const sample of samples) expect(tryDecode(sample.with(0, 2))).toBe(false);
  });

  test('with any bit or byte changed are another value or refused', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...samples),
        fc.nat(),
        fc.integer({ min: 0, max: 255 }),
        (sample, at, byte) => {
          tryDecode(sample.with(at % sample.length, byte));
        },
      ),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        expect(tryDecode(Buffer.concat([Uint8Array.of(1), bytes]))).toBe(false);
      }),
    );
  });
});
