import { afterEach, describe, expect, test } from 'vitest';

import {
  collectionSchema,
  keyOf,
  LocalIndex,
  vectorQuery,
} from '../../../test/support/local-index.ts';
import { MemoryRecoverySource } from '../../../test/support/memory-recovery-source.ts';
import { must } from '../../base/assert.ts';
import { decodePointId, type PointKey } from '../../base/point-id.ts';
import { type Random, seededRandom } from '../../base/random.ts';
import type { Filter } from '../filter/filter.ts';
import type { IndexedPoint } from './growing-segment.ts';
import { recoverIndex } from './recovery.ts';
import { ShardFill } from './shard-fill.ts';

const SHARDS = 6;
const KEYS = 240;
const SLICE_ROWS = 7;
const schema = collectionSchema({ payloadIndexes: { n: { kind: 'integer' } } });
const LOW: Filter = { must: [{ kind: 'field', key: 'n', test: { kind: 'range', lt: 40 } }] };
const isLow = (payload: Uint8Array): boolean =>
  (JSON.parse(Buffer.from(payload).toString()) as { n: number }).n < 40;

interface Mutation {
  readonly shard: number;
  readonly key: PointKey;
  /** Absent: removed. */
  readonly point?: IndexedPoint;
}

/** An index on a node whose shards come and go, with the shards' stores: a write changes its store at once, and the index in a later turn. */
class Node implements AsyncDisposable {
  readonly local: LocalIndex;
  /** By shard: those that are here, and those that other nodes have meanwhile. */
  readonly here = new Map<number, MemoryRecoverySource>();
  readonly elsewhere = new Map<number, MemoryRecoverySource>();
  readonly fills = new Map<number, ShardFill>();
  /** Durable, and not yet said to the index. */
  pending: Mutation[] = [];
  readonly #random: Random;
  #lineages = 0;

  constructor(local: LocalIndex, seed: number) {
    this.local = local;
    this.#random = seededRandom(seed);
    for (let shard = 0; shard < SHARDS; shard += 1) {
      this.elsewhere.set(shard, new MemoryRecoverySource(schema.number));
    }
  }

  async step(): Promise<void> {
    const { index } = this.local;
    const roll = this.#random.below(1000);
    if (roll < 350) this.#write();
    else if (roll < 550) this.turn();
    else if (roll < 750) await this.fillStep();
    else if (roll < 800) await this.arrive();
    else if (roll < 830) await this.leave();
    else if (roll < 930) this.check();
    else if (roll < 950) await index.flush();
    else if (roll < 960) await index.optimize();
    else if (roll < 970) index.checkpoint();
    else await this.restart();
  }

  /** A few writes of shards here, there or wherever. */
  #write(): void {
    for (let i = this.#random.below(20); i >= 0; i -= 1) {
      const id = this.#random.below(KEYS);
      const shard = id % SHARDS;
      const store = must(this.here.get(shard) ?? this.elsewhere.get(shard), 'it is somewhere');
      const key = keyOf(id);
      const payload = Buffer.from(JSON.stringify({ n: this.#random.below(100) }));
      const vectors = { '': this.#vector() };
      const isRemoval = this.#random.below(4) === 0;
      const version = store.write(key, isRemoval ? undefined : { vectors, payload });
      if (!this.here.has(shard)) continue;
      const point = { key, shard, version, vectors, payload };
      this.pending.push({ shard, key, ...(!isRemoval && { point }) });
    }
  }

  /** The index hears of everything that was written so far. */
  turn(): void {
    const { index } = this.local;
    for (const { key, point } of this.pending) {
      if (point === undefined) index.remove(key);
      else index.upsert(point);
    }
    this.pending = [];
    index.commit([...this.here].map(([shard, store]) => [shard, store.appliedIndex]));
  }

  async fillStep(): Promise<void> {
    const [shard, fill] = this.#pick([...this.fills]) ?? [];
    if (shard === undefined || fill === undefined) return;
    const progress = await fill.step();
    expect(progress).not.toBe('gone');
    if (progress === 'filled') this.fills.delete(shard);
  }

  async arrive(): Promise<void> {
    const [shard, store] = this.#pick([...this.elsewhere]) ?? [];
    if (shard === undefined || store === undefined) return;
    this.elsewhere.delete(shard);
    const source = store.copy(this.#nextLineage());
    this.here.set(shard, source);
    const { index } = this.local;
    expect(index.admitShard(shard, source.lineage)).toBe(0);
    this.fills.set(shard, new ShardFill({ index, shard, source, sliceRows: SLICE_ROWS }));
    await this.fillStep();
  }

  async leave(): Promise<void> {
    const [shard] = this.#pick([...this.here]) ?? [];
    if (shard === undefined) return;
    this.#depart(shard);
    this.local.index.forgetShard(shard);
    // Whoever was filling it does nothing any more.
    const fill = this.fills.get(shard);
    this.fills.delete(shard);
    if (fill !== undefined) expect(await fill.step()).toBe('gone');
  }

  #depart(shard: number): void {
    const store = must(this.here.get(shard), 'it is here');
    this.here.delete(shard);
    this.elsewhere.set(shard, store);
    this.pending = this.pending.filter((mutation) => mutation.shard !== shard);
  }

  /** The process ends, and shards may leave, or be replaced by snapshots, before the index hears of it. */
  async restart(): Promise<void> {
    this.fills.clear();
    const isCrash = this.#random.below(2) === 0;
    if (!isCrash) this.turn();
    this.pending = [];
    for (const [shard, store] of this.here) {
      const roll = this.#random.below(10);
      if (roll === 0) this.#depart(shard);
      if (roll === 1) this.here.set(shard, store.copy(this.#nextLineage()));
      const upTo = this.local.index.watermark(shard);
      if (roll === 2 && upTo >= store.journalStart) store.trim(upTo);
      if (roll === 3) store.trim(store.appliedIndex);
    }
    await this.local.reopen(isCrash ? 'crash' : 'close');
    await this.recover();
  }

  async recover(): Promise<void> {
    const { index } = this.local;
    const options = { index, stores: this.here, sliceRows: SLICE_ROWS, fillLater: true };
    for (const fill of await recoverIndex(options)) this.fills.set(fill.shard, fill);
    this.check();
  }

  /** What the index says of the shards that are read in is what their stores have. */
  check(): void {
    this.turn();
    const { index, view, searcher } = this.local;
    const told = view.shards.map(({ shard, isIndexed }) => [shard, isIndexed] as const);
    const expected = [...this.here.keys()].map((shard) => [shard, !this.fills.has(shard)] as const);
    expect(told).toEqual(expected.toSorted((a, b) => a[0] - b[0]));
    const indexed = index.shards.filter((shard) => shard.isIndexed);
    for (const { shard, rows, lineage } of indexed) {
      const store = must(this.here.get(shard), 'it is here');
      expect(rows).toBe(store.all.length);
      expect(lineage).toBe(store.lineage);
      expect(index.watermark(shard)).toBeLessThanOrEqual(store.appliedIndex);
    }
    const asked = indexed.map(({ shard }) => shard).filter(() => this.#random.below(3) > 0);
    const shards = Uint16Array.from(asked);
    const rows = asked.flatMap((shard) => this.here.get(shard)?.all ?? []);
    const low = rows.filter(({ record }) => isLow(record.payload));
    for (const [filter, wanted] of [
      [undefined, rows],
      [LOW, low],
    ] as const) {
      const overrides = { shards, filter, limit: KEYS, ef: 2_000 };
      const exact = this.#random.below(2) === 0;
      const query = vectorQuery([...this.#vector()], { ...overrides, exact });
      const { hits } = searcher.search(view, query);
      const found = hits.map(({ key, shard, version }) => [decodePointId(key), shard, version]);
      const truth = wanted.map(({ key, record }) => {
        const id = decodePointId(key) as number;
        return [id, id % SHARDS, record.version];
      });
      const byId = (a: unknown[], b: unknown[]): number => (a[0] as number) - (b[0] as number);
      expect(found.toSorted(byId)).toEqual(truth.toSorted(byId));
    }
    expect(searcher.count(view, LOW, shards)).toBe(low.length);
    const keys = searcher.matching(view, LOW, { limit: 5, shards });
    const ids = low.map(({ key }) => decodePointId(key) as number).toSorted((a, b) => a - b);
    expect(keys.map((key) => decodePointId(key))).toEqual(ids.slice(0, 5));
    if (this.fills.size > 0) return;
    const all = [...this.here.values()].reduce((sum, store) => sum + store.all.length, 0);
    expect(index.liveRows).toBe(all);
  }

  async settle(): Promise<void> {
    while (this.fills.size > 0) await this.fillStep();
    this.check();
    await this.local.index.optimize();
    this.check();
  }

  #pick<T>(from: readonly T[]): T | undefined {
    return from[this.#random.below(Math.max(1, from.length))];
  }

  #nextLineage(): number {
    this.#lineages += 1;
    return this.#lineages;
  }

  #vector(): Float32Array {
    return Float32Array.from({ length: 4 }, () => this.#random.below(1000) / 1000 - 0.5);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.local[Symbol.asyncDispose]();
  }
}

const open: Node[] = [];
afterEach(async () => {
  for (const node of open.splice(0)) await node[Symbol.asyncDispose]();
});

describe('an index whose shards come and go', () => {
  test.each([
    [1, 16],
    [2, 64],
    [3, 300],
    [4, 30],
  ])(
    'has what the stores have, after any history (seed %d, %d growing rows)',
    async (seed, rows) => {
      const options = { growingRows: rows, mergeFanIn: 3, shards: [] };
      const node = new Node(await LocalIndex.open(schema, options), seed);
      open.push(node);
      for (let step = 0; step < 400; step += 1) {
        try {
          await node.step();
        } catch (error) {
          throw new Error(`seed ${seed}, step ${step}: ${String(error)}`, { cause: error });
        }
      }
      await node.settle();
    },
  );
});
