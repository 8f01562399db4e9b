import { mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gaussian, seededRandom } from '../../base/random.ts';
import type { Quantization, VectorSchema } from '../collection-schema.ts';
import { DISTANCES, type Distance } from '../distance.ts';
import { VectorArena } from '../vector-arena.ts';
import { exactNearest } from './flat-index.ts';
import type { GraphBuilder, GraphEngine, GraphView } from './graph-engine.ts';

/** Recall@10 that an engine must reach with 100 candidates of 1,500 clustered rows (250 of many dimensions), rescored. */
export type RecallBound = (dimension: number, distance: Distance) => number;

const DIMENSIONS = [2, 3, 4, 100, 768, 1536, 4096];
const LIMIT = 10;

/** What every {@link GraphEngine} does. */
export function graphEngineContract(
  quantization: Quantization,
  engine: GraphEngine,
  recallBound: RecallBound,
): void {
  let directory = '';
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'engine-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));
  const file = (name: string): string => join(directory, name);
  const schemaOf = (dimension: number, distance: Distance): VectorSchema => ({
    ...{ dimension, distance, quantization },
    ...{ m: 16, efConstruction: 100, efSearch: 100 },
  });

  describe.each(DISTANCES)('%s', (distance) => {
    test.each(DIMENSIONS)('finds the nearest of rows of %i numbers', (dimension) => {
      const schema = schemaOf(dimension, distance);
      const count = dimension > 1000 ? 250 : 1500;
      const { rows, queries } = clustered(dimension, distance, count);
      const sample = flat(rows.slice(0, 400));
      const builder = engine.create(schema, sample);
      addAll(builder, rows, 0);
      const path = file(`recall-${distance}-${dimension}`);
      builder.save(path);
      const view = engine.open(schema, path, roundTrip(builder.encoding));
      expect(view.size).toBe(count);
      const recall = recallOf(view, rows, queries, distance, 100);
      expect(recall).toBeGreaterThanOrEqual(recallBound(dimension, distance));
    });

    test('a graph is extended and finds old and new rows', () => {
      const schema = schemaOf(48, distance);
      const { rows, queries } = clustered(48, distance, 1200);
      const first = engine.create(schema, flat(rows.slice(0, 300)));
      addAll(first, rows.slice(0, 700), 0);
      const path = file(`extend-${distance}`);
      first.save(path);
      const second = engine.extend(schema, path, first.encoding);
      expect(second.size).toBe(700);
      expect(second.encoding).toEqual(first.encoding);
      addAll(second, rows.slice(700), 700);
      const longer = file(`extended-${distance}`);
      second.save(longer);
      expect(engine.open(schema, path, first.encoding).size).toBe(700);
      const view = engine.open(schema, longer, first.encoding);
      expect(view.size).toBe(1200);
      expect(recallOf(view, rows, queries, distance, 100)).toBeGreaterThan(0.9);
    });

    test('returns every row where more candidates are asked for than there are', () => {
      const { view } = built(engine, schemaOf(20, distance), file(`all-${distance}`), 37);
      const found = view.search(new Float32Array(20).fill(0.1), 1000);
      expect([...found].sort((a, b) => a - b)).toEqual(Array.from({ length: 37 }, (_, i) => i));
    });

    test('an empty graph finds nothing, a graph of one row that one', () => {
      const schema = schemaOf(8, distance);
      const none = engine.create(schema, new Float32Array(0));
      none.add(new Uint32Array(0), new Float32Array(0));
      none.save(file(`none-${distance}`));
      const empty = engine.open(schema, file(`none-${distance}`), none.encoding);
      expect(empty.size).toBe(0);
      expect(empty.search(new Float32Array(8).fill(1), 10)).toHaveLength(0);
      const more = engine.extend(schema, file(`none-${distance}`), none.encoding);
      more.add(Uint32Array.of(5), new Float32Array(8).fill(1));
      more.save(file(`one-${distance}`));
      const one = engine.open(schema, file(`one-${distance}`), more.encoding);
      expect([...one.search(new Float32Array(8).fill(1), 10)]).toEqual([5]);
      expect(one.search(new Float32Array(8).fill(1), 0)).toHaveLength(0);
    });

    test('takes rows that are equal, zero, tiny or far out of the sample', () => {
      const schema = schemaOf(32, distance);
      const builder = engine.create(schema, new Float32Array(32 * 10));
      const make = (slot: number): Float32Array => {
        if (slot < 100) return new Float32Array(32).fill(1);
        if (slot < 120) return new Float32Array(32);
        return new Float32Array(32).fill(slot < 140 ? 1e-30 : 1e4);
      };
      addAll(
        builder,
        Array.from({ length: 160 }, (_, slot) => make(slot)),
        0,
      );
      builder.save(file(`odd-${distance}`));
      const view = engine.open(schema, file(`odd-${distance}`), builder.encoding);
      const found = view.search(new Float32Array(32).fill(1), 160);
      // Rows that are equal fill each other's links, so that a few of the others may not be reached.
      expect(new Set(found).size).toBe(found.length);
      expect(found.length).toBeGreaterThan(120);
      expect(view.search(new Float32Array(32), 10)).toHaveLength(10);
    });
  });

  test('a file may be unlinked while it is open', () => {
    const path = file('unlinked');
    const { view } = built(engine, schemaOf(20, 'cosine'), path, 100);
    unlinkSync(path);
    expect(view.search(new Float32Array(20).fill(0.1), 10)).toHaveLength(10);
  });

  test('a row or query of another dimension is refused', () => {
    const { builder, view } = built(engine, schemaOf(20, 'cosine'), file('dimension'), 10);
    expect(() => builder.add(Uint32Array.of(10), new Float32Array(19))).toThrow('row');
    expect(() => view.search(new Float32Array(21), 1)).toThrow('dimension');
  });

  test('a missing or foreign file is corrupt, not the end of the process', () => {
    const schema = schemaOf(20, 'cosine');
    const { encoding } = engine.create(schema, new Float32Array(0));
    writeFileSync(file('foreign'), 'not a graph');
    for (const path of [file('missing'), file('foreign')]) {
      for (const read of ['open', 'extend'] as const) {
        expect(() => engine[read](schema, path, encoding)).toThrow(
          expect.objectContaining({ code: 'DATA_CORRUPT' }),
        );
      }
    }
  });

  test('threads search the same file at the same time', async () => {
    const schema = schemaOf(64, 'cosine');
    const path = file('threads');
    const { view, builder } = built(engine, schema, path, 2000);
    const query = clustered(64, 'cosine', 1).queries[0] as Float32Array;
    const truth = [...view.search(query, 50)];
    const workers = [0, 1].map(() =>
      searchInThread({ quantization, schema, path, encoding: builder.encoding, query }),
    );
    for (let i = 0; i < 100; i += 1) expect([...view.search(query, 50)]).toEqual(truth);
    for (const answer of await Promise.all(workers)) expect(answer).toEqual(truth);
  });
}

function built(
  engine: GraphEngine,
  schema: VectorSchema,
  path: string,
  count: number,
): { builder: GraphBuilder; view: GraphView } {
  const { rows } = clustered(schema.dimension, schema.distance, count);
  const builder = engine.create(schema, flat(rows));
  addAll(builder, rows, 0);
  builder.save(path);
  return { builder, view: engine.open(schema, path, builder.encoding) };
}

/** Gaussian clusters about centers that lie as far apart as their rows do from them, off the origin. */
function clustered(
  dimension: number,
  distance: Distance,
  count: number,
): { rows: Float32Array[]; queries: Float32Array[] } {
  const random = seededRandom(dimension * 31 + count);
  const centers = Array.from({ length: 20 }, () =>
    Float32Array.from({ length: dimension }, () => gaussian(random) + 0.3),
  );
  const draw = (): Float32Array => {
    const center = centers[random.below(centers.length)] as Float32Array;
    const row = center.map((x) => x + 0.7 * gaussian(random));
    if (distance !== 'cosine') return row;
    const length = Math.hypot(...row);
    return row.map((x) => x / length);
  };
  return {
    rows: Array.from({ length: count }, draw),
    queries: Array.from({ length: 10 }, draw),
  };
}

function addAll(builder: GraphBuilder, rows: Float32Array[], from: number): void {
  for (let first = 0; first < rows.length; first += 333) {
    const block = rows.slice(first, first + 333);
    builder.add(
      Uint32Array.from(block, (_, i) => from + first + i),
      flat(block),
    );
  }
}

function recallOf(
  view: GraphView,
  rows: Float32Array[],
  queries: Float32Array[],
  distance: Distance,
  candidates: number,
): number {
  const dimension = (rows[0] as Float32Array).length;
  const arena = VectorArena.create({ dimension, capacity: rows.length, lanes: 1 });
  rows.forEach((row, slot) => arena.write(slot, row));
  let hits = 0;
  for (const query of queries) {
    const slots = view.search(query, candidates);
    expect(new Set(slots).size).toBe(slots.length);
    const scores = new Float32Array(slots.length);
    arena.score(distance, query, slots, slots.length, scores);
    const isLargerNearer = distance === 'cosine' || distance === 'dot';
    const order = [...slots.keys()].sort((a, b) => {
      const difference = (scores[a] as number) - (scores[b] as number);
      return isLargerNearer ? -difference : difference;
    });
    const found = new Set(order.slice(0, LIMIT).map((i) => slots[i]));
    for (const slot of exactNearest(distance, rows, query, LIMIT)) if (found.has(slot)) hits += 1;
  }
  return hits / (queries.length * LIMIT);
}

function flat(rows: readonly Float32Array[]): Float32Array {
  const dimension = rows[0]?.length ?? 0;
  const all = new Float32Array(rows.length * dimension);
  rows.forEach((row, i) => all.set(row, i * dimension));
  return all;
}

/** As an encoding comes back from a message or a manifest. */
function roundTrip<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

function searchInThread(data: Record<string, unknown>): Promise<number[]> {
  const code = `
    import { parentPort, workerData } from 'node:worker_threads';
    const { engineFor } = await import(workerData.module);
    const { quantization, schema, path, encoding, query } = workerData;
    const view = engineFor(quantization).open(schema, path, encoding);
    for (let i = 0; i < 100; i += 1) view.search(query, 50);
    parentPort.postMessage([...view.search(query, 50)]);
  `;
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), {
      workerData: { ...data, module: new URL('./engine-for.ts', import.meta.url).href },
      execArgv: [],
    });
    worker.on('message', resolve);
    worker.on('error', reject);
  });
}
