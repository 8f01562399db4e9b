import { afterEach, describe, expect, test } from 'vitest';

import {
  collectionSchema,
  keyOf,
  LocalIndex,
  vectorQuery,
  vectorSchema,
} from '../../../test/support/local-index.ts';
import { MemoryRecoverySource } from '../../../test/support/memory-recovery-source.ts';
import { decodePointId } from '../../base/point-id.ts';
import { type Random, seededRandom } from '../../base/random.ts';
import type { CollectionSchema } from '../collection-schema.ts';
import { exactScore } from '../engine/flat-index.ts';
import type { Filter } from '../filter/filter.ts';
import { recoverIndex } from './recovery.ts';

interface Tagged {
  readonly n: number;
  readonly tag: string;
}

const SHARDS = 3;
const FILTERS: readonly { readonly filter: Filter; readonly passes: (p: Tagged) => boolean }[] = [
  {
    filter: { must: [{ kind: 'field', key: 'tag', test: { kind: 'value', value: 'a' } }] },
    passes: ({ tag }) => tag === 'a',
  },
  {
    filter: { must: [{ kind: 'field', key: 'n', test: { kind: 'range', gte: 10, lt: 30 } }] },
    passes: ({ n }) => n >= 10 && n < 30,
  },
  {
    filter: {
      must: [{ kind: 'field', key: 'tag', test: { kind: 'value', value: 'b' } }],
      mustNot: [{ kind: 'field', key: 'n', test: { kind: 'range', lt: 50 } }],
    },
    passes: ({ n, tag }) => tag === 'b' && n >= 50,
  },
];

/** The index, what it must hold, and a store to recover it from. */
class Model implements AsyncDisposable {
  readonly local: LocalIndex;
  readonly stores = new Map(
    Array.from({ length: SHARDS }, (_, shard) => [shard, new MemoryRecoverySource(1)]),
  );
  readonly #random: Random;
  readonly #batchMax: number;
  schema: CollectionSchema;

  constructor(local: LocalIndex, schema: CollectionSchema, seed: number, batchMax: number) {
    this.#batchMax = batchMax;
    this.local = local;
    this.schema = schema;
    this.#random = seededRandom(seed);
  }

  async step(): Promise<void> {
    const { index } = this.local;
    const roll = this.#random.below(1000);
    if (roll < 700) this.#batch();
    else if (roll < 900) this.check();
    else if (roll < 925) await index.flush();
    else if (roll < 935) await index.optimize();
    else if (roll < 945) index.checkpoint();
    else if (roll < 960) await this.#reopen('close');
    else if (roll < 975) await this.#reopen('crash');
    else if (roll < 985) this.#trim();
    else await this.#changeSchema();
  }

  async recover(): Promise<void> {
    await recoverIndex({ index: this.local.index, stores: this.stores });
  }

  check(): void {
    const rows = [...this.stores.values()].flatMap((store) => store.all);
    expect(this.local.index.liveRows).toBe(rows.length);
    const query = this.#vector();
    this.#compare(rows, query, undefined);
    const { filter, passes } = FILTERS[this.#random.below(FILTERS.length)] as (typeof FILTERS)[0];
    const matching = rows.filter(({ record }) => passes(payloadOf(record.payload)));
    this.#compare(matching, query, filter);
    const { searcher, view } = this.local;
    expect(searcher.count(view, filter)).toBe(matching.length);
    const keys = matching.map(({ key }) => key).toSorted((a, b) => Buffer.compare(a, b));
    const from = keys[this.#random.below(keys.length + 1)];
    const page = searcher.matching(view, filter, { from, limit: 7 });
    const rest = keys.filter((key) => from === undefined || Buffer.compare(key, from) >= 0);
    expect(page.map((key) => decodePointId(key))).toEqual(
      rest.slice(0, 7).map((key) => decodePointId(key)),
    );
  }

  #compare(
    rows: ReturnType<MemoryRecoverySource['all']['slice']>,
    query: Float32Array,
    filter: Filter | undefined,
  ): void {
    const truth = rows
      .map(({ key, record }) => ({
        id: decodePointId(key),
        version: record.version,
        score: exactScore('euclid', record.vectors['v'] ?? query, query),
        hasVector: 'v' in record.vectors,
      }))
      .filter(({ hasVector }) => hasVector)
      .toSorted((a, b) => a.score - b.score);
    // Asked for more than the graphs hold, an approximate search is as good as an exact one.
    const overrides = { using: 'v', filter, exact: this.#random.below(2) === 0, ef: 2_000 };
    const { hits } = this.local.searcher.search(
      this.local.view,
      vectorQuery([...query], overrides),
    );
    const scores = hits.map((hit) => hit.score);
    expect(scores.length).toBe(Math.min(10, truth.length));
    scores.forEach((score, i) => expect(score).toBeCloseTo(truth[i]?.score as number, 4));
    const known = new Map(truth.map((row) => [row.id, row]));
    for (const hit of hits) {
      const row = known.get(decodePointId(hit.key));
      expect(row?.version).toBe(hit.version);
      expect(hit.score).toBeCloseTo(row?.score as number, 4);
    }
  }

  #batch(): void {
    const { index } = this.local;
    for (let i = this.#random.below(this.#batchMax); i >= 0; i -= 1) {
      const id = this.#random.below(250);
      const key = keyOf(id % 7 === 0 ? `id ${id}` : id);
      const shard = id % SHARDS;
      const store = this.stores.get(shard) as MemoryRecoverySource;
      if (this.#random.below(4) === 0) {
        store.write(key, undefined);
        index.remove(key);
        continue;
      }
      const payload = { n: this.#random.below(100), tag: 'abc'[this.#random.below(3)] };
      const record = {
        vectors: this.#random.below(10) === 0 ? {} : { v: this.#vector() },
        payload: Buffer.from(JSON.stringify(payload)),
      };
      const version = store.write(key, record);
      index.upsert({ key, shard, version, ...record });
    }
    index.commit([...this.stores].map(([shard, store]) => [shard, store.appliedIndex]));
  }

  async #reopen(how: 'close' | 'crash'): Promise<void> {
    await this.local.reopen(how);
    await this.recover();
    if (this.local.index.schema !== this.schema) await this.local.index.updateSchema(this.schema);
    this.check();
  }

  #trim(): void {
    for (const [shard, store] of this.stores) {
      const upTo = this.local.index.watermark(shard);
      if (upTo >= store.journalStart) store.trim(upTo);
    }
  }

  async #changeSchema(): Promise<void> {
    const indexes = [
      ['tag', { kind: 'keyword' }],
      ['n', { kind: 'integer' }],
    ] as const;
    const payloadIndexes = Object.fromEntries(indexes.filter(() => this.#random.below(2) === 0));
    this.schema = { ...this.schema, payloadIndexes };
    await this.local.index.updateSchema(this.schema);
    this.check();
  }

  #vector(): Float32Array {
    return Float32Array.from({ length: 4 }, () => this.#random.below(1000) / 1000 - 0.5);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.local[Symbol.asyncDispose]();
  }
}

const payloadOf = (bytes: Uint8Array): Tagged =>
  JSON.parse(Buffer.from(bytes).toString()) as Tagged;

const open: Model[] = [];
afterEach(async () => {
  for (const model of open.splice(0)) await model[Symbol.asyncDispose]();
});

describe('the index of a collection against a plain map', () => {
  test.each([
    [1, 64, 12],
    [2, 20, 12],
    [3, 600, 150],
  ])(
    'any history of seed %d with %d growing rows, batches up to %d, gives what the map gives',
    async (seed, growingRows, batchMax) => {
      const schema = collectionSchema({ vectors: { v: vectorSchema() } });
      const options = { growingRows, mergeFanIn: 3, shards: [] };
      const model = new Model(await LocalIndex.open(schema, options), schema, seed, batchMax);
      open.push(model);
      await model.recover();
      for (let step = 0; step < 500; step += 1) {
        try {
          await model.step();
        } catch (error) {
          throw new Error(`seed ${seed}, step ${step}: ${String(error)}`, { cause: error });
        }
      }
      await model.local.index.optimize();
      model.check();
      const states = model.local.index.describe();
      expect(states.filter(({ rows }) => rows > 0)).toHaveLength(1);
    },
  );
});
