import { mkdtempSync, openSync, closeSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { crc32 } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { gaussian, seededRandom } from '../base/random.ts';
import { Bitset } from './bitset.ts';
import { DISTANCES, compareScores, type Distance } from './distance.ts';
import { VectorArena } from './vector-arena.ts';

const random = seededRandom(7);
const vector = (dimension: number): Float32Array =>
  Float32Array.from({ length: dimension }, () => gaussian(random));

function expected(distance: Distance, a: Float32Array, b: Float32Array): number {
  let dot = 0;
  let squares = 0;
  let absolutes = 0;
  for (let i = 0; i < a.length; i += 1) {
    const x = a[i] as number;
    const y = b[i] as number;
    dot += x * y;
    squares += (x - y) ** 2;
    absolutes += Math.abs(x - y);
  }
  if (distance === 'euclid') return Math.sqrt(squares);
  return distance === 'manhattan' ? absolutes : dot;
}

function filled(
  options: { dimension: number; rows: number; codes?: boolean; chunkBytesMax?: number },
  make: (slot: number) => Float32Array = () => vector(options.dimension),
): { arena: VectorArena; rows: Float32Array[] } {
  const { rows: capacity, ...rest } = options;
  const arena = VectorArena.create({ ...rest, capacity, lanes: 2 });
  const rows = Array.from({ length: capacity }, (_, slot) => make(slot));
  rows.forEach((row, slot) => arena.write(slot, row));
  return { arena, rows };
}

function ranking(distance: Distance, rows: Float32Array[], query: Float32Array): number[] {
  return rows
    .map((row, slot) => ({ slot, score: expected(distance, row, query) }))
    .sort((a, b) => compareScores(distance, a.score, b.score) || a.slot - b.slot)
    .map(({ slot }) => slot);
}

describe.each(DISTANCES)('%s', (distance) => {
  test.each([1, 2, 3, 15, 16, 17, 100, 768, 4096])(
    'scores rows of %i numbers as plain arithmetic does',
    (dimension) => {
      const { arena, rows } = filled({ dimension, rows: 11 });
      const query = vector(dimension);
      const slots = Uint32Array.of(10, 0, 3, 3, 9, 1, 2);
      const scores = new Float32Array(slots.length + 1).fill(42);
      arena.score(distance, query, slots, slots.length, scores);
      slots.forEach((slot, i) => {
        const truth = expected(distance, rows[slot] as Float32Array, query);
        expect(Math.abs((scores[i] as number) - truth)).toBeLessThan(1e-6 * dimension + 1e-5);
      });
      expect(scores[slots.length]).toBe(42);
    },
  );

  test('scores a row the same wherever it stands', () => {
    const { arena } = filled({ dimension: 100, rows: 9 });
    const query = vector(100);
    const all = arena.nearest(distance, query, 0, 9, 9);
    for (let i = 0; i < all.count; i += 1) {
      const score = new Float32Array(1);
      arena.score(distance, query, all.slots.slice(i, i + 1), 1, score);
      expect(score[0]).toBe(all.scores[i]);
    }
  });

  test('finds the nearest of a range over several chunks and blocks', () => {
    const { arena, rows } = filled({ dimension: 20, rows: 3000, chunkBytesMax: 150_000 });
    expect(arena.handle.chunks.length).toBeGreaterThan(2);
    const query = vector(20);
    const order = ranking(distance, rows, query);
    const wanted = order.filter((slot) => slot >= 100 && slot < 2900).slice(0, 25);
    const found = arena.nearest(distance, query, 100, 2900, 25);
    expect([...found.slots.subarray(0, found.count)]).toEqual(wanted);

    const scores = new Float32Array(3000);
    arena.score(distance, query, Uint32Array.from(order), 3000, scores);
    order.forEach((slot, i) => {
      const truth = expected(distance, rows[slot] as Float32Array, query);
      expect(Math.abs((scores[i] as number) - truth)).toBeLessThan(1e-4);
    });
  });

  test('finds only rows that are accepted', () => {
    const { arena, rows } = filled({ dimension: 8, rows: 500, codes: true });
    const query = vector(8);
    const odd = new Bitset(500);
    for (let slot = 1; slot < 500; slot += 2) odd.add(slot);
    const wanted = ranking(distance, rows, query)
      .filter((slot) => slot % 2 === 1)
      .slice(0, 10);
    const byBits = arena.nearest(distance, query, 0, 500, 10, odd);
    const byCall = arena.nearest(distance, query, 0, 500, 10, (slot) => slot % 2 === 1);
    const byCodes = arena.nearestByCodes(distance, query, 0, 500, 10, odd);
    for (const found of [byBits, byCall, byCodes]) {
      expect([...found.slots.subarray(0, found.count)]).toEqual(wanted);
    }
  });

  test('finds by codes what it finds exactly', () => {
    for (const dimension of [16, 48, 256]) {
      const { arena } = filled({ dimension, rows: 3000, codes: true, chunkBytesMax: 1 << 20 });
      for (let i = 0; i < 10; i += 1) {
        const query = vector(dimension);
        expect(arena.nearestByCodes(distance, query, 0, 3000, 10)).toEqual(
          arena.nearest(distance, query, 0, 3000, 10),
        );
      }
    }
  });

  test('finds by codes what it finds exactly where rows are far from the origin and near each other', () => {
    const { arena } = filled({ dimension: 64, rows: 2000, codes: true }, () =>
      vector(64).map((x) => 100 + x / 100),
    );
    const query = vector(64).map((x) => 100 + x / 100);
    expect(arena.nearestByCodes(distance, query, 0, 2000, 10)).toEqual(
      arena.nearest(distance, query, 0, 2000, 10),
    );
  });

  test('of equal rows the lower slots are nearer', () => {
    const { arena } = filled({ dimension: 5, rows: 50 }, () => Float32Array.of(1, 2, 3, 4, 5));
    const found = arena.nearest(distance, Float32Array.of(1, 0, 0, 0, 0), 0, 50, 5);
    expect([...found.slots]).toEqual([0, 1, 2, 3, 4]);
  });

  test('finds nothing in an empty range, and not more than there is', () => {
    const { arena } = filled({ dimension: 4, rows: 3, codes: true });
    expect(arena.nearest(distance, vector(4), 2, 2, 10).count).toBe(0);
    expect(arena.nearest(distance, vector(4), 0, 3, 10).count).toBe(3);
    expect(arena.nearest(distance, vector(4), 0, 3, 0).count).toBe(0);
    expect(arena.nearestByCodes(distance, vector(4), 0, 3, 10).count).toBe(3);
  });

  test('scores rows of zeros', () => {
    const { arena } = filled({ dimension: 33, rows: 400, codes: true }, () => new Float32Array(33));
    const found = arena.nearestByCodes(distance, new Float32Array(33), 0, 400, 3);
    expect([...found.scores.subarray(0, 3)]).toEqual([0, 0, 0]);
  });
});

test('rows are read back as they were written', () => {
  const { arena, rows } = filled({ dimension: 7, rows: 5, chunkBytesMax: 1 });
  expect(arena.handle.chunks).toHaveLength(5);
  expect([...arena.row(3)]).toEqual([...(rows[3] as Float32Array)]);
  expect([...arena.copyRows([4, 0])]).toEqual([...(rows[4] ?? []), ...(rows[0] ?? [])]);
  expect([...arena.copyRange(1, 3)]).toEqual([...(rows[1] ?? []), ...(rows[2] ?? [])]);
});

test('a slot outside the arena is refused', () => {
  const { arena } = filled({ dimension: 7, rows: 5 });
  expect(() => arena.write(5, vector(7))).toThrow('inside');
  expect(() => arena.write(0, vector(6))).toThrow('dimension');
  expect(() => arena.score('dot', vector(7), Uint32Array.of(5), 1, new Float32Array(1))).toThrow(
    'inside',
  );
  expect(() => arena.nearest('dot', vector(7), 0, 6, 1)).toThrow('inside');
  expect(() => arena.nearest('dot', vector(6), 0, 5, 1)).toThrow('dimension');
});

test('another thread reads and scores the rows in its own lane', async () => {
  const { arena } = filled({ dimension: 12, rows: 2000, codes: true, chunkBytesMax: 100_000 });
  const query = vector(12);
  const code = `
    import { parentPort, workerData } from 'node:worker_threads';
    const { VectorArena } = await import(workerData.module);
    const arena = VectorArena.attach(workerData.handle, 1);
    for (let i = 0; i < 200; i += 1) arena.nearest('euclid', workerData.query, 0, 2000, 10);
    parentPort.postMessage(arena.nearestByCodes('euclid', workerData.query, 0, 2000, 10));
  `;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), {
    workerData: {
      module: new URL('./vector-arena.ts', import.meta.url).href,
      handle: arena.handle,
      query,
    },
    execArgv: [],
  });
  const answer = new Promise((resolve, reject) => {
    worker.on('message', resolve);
    worker.on('error', reject);
  });
  const truth = arena.nearest('euclid', query, 0, 2000, 10);
  const other = vector(12);
  const mine = arena.nearest('euclid', other, 0, 2000, 10);
  for (let i = 0; i < 200; i += 1) {
    expect(arena.nearest('euclid', other, 0, 2000, 10)).toEqual(mine);
  }
  expect(await answer).toEqual(truth);
  await worker.terminate();
});

describe('files', () => {
  const directories: string[] = [];
  afterEach(() => {
    for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
  });

  function file(): string {
    const directory = mkdtempSync(join(tmpdir(), 'arena-'));
    directories.push(directory);
    return join(directory, 'rows');
  }

  test.each([5, 16, 768])('rows of %i numbers survive a file', async (dimension) => {
    const { arena } = filled({ dimension, rows: 3000, chunkBytesMax: 400_000 });
    const path = file();
    const fd = openSync(path, 'w');
    const written = arena.writeFile(fd, 0, 2500);
    closeSync(fd);
    const copy = arena.copyRange(0, 2500);
    expect(written).toBe(crc32(new Uint8Array(copy.buffer)));
    const options = { path, dimension, rows: 2500, lanes: 1 };
    const { arena: read, crc } = await VectorArena.fromFile(options);
    expect(crc).toBe(written);
    expect(
      Buffer.compare(Buffer.from(read.copyRange(0, 2500).buffer), Buffer.from(copy.buffer)),
    ).toBe(0);
  });

  test('a file that is too short is corrupt', async () => {
    const { arena } = filled({ dimension: 5, rows: 100 });
    const path = file();
    const fd = openSync(path, 'w');
    arena.writeFile(fd, 0, 100);
    closeSync(fd);
    truncateSync(path, 100 * 20 - 1);
    const reading = VectorArena.fromFile({ path, dimension: 5, rows: 100, lanes: 1 });
    await expect(reading).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
    // As many blocks as are read at once, and all of them behind the end.
    const wide = { path, dimension: 5_000, rows: 400, lanes: 1 };
    await expect(VectorArena.fromFile(wide)).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
  });
});

test('a large arena weighs with the garbage collector what it has in shared memory, a small one nothing', () => {
  const large = VectorArena.create({ dimension: 768, capacity: 8192, lanes: 2 });
  const attached = VectorArena.attach(large.handle, 1);
  expect(attached.weight.byteLength).toBe(attached.byteLength);
  expect(large.byteLength).toBeGreaterThan(8192 * 768 * 4);
  expect(VectorArena.create({ dimension: 8, capacity: 256, lanes: 2 }).weight.byteLength).toBe(0);
});
