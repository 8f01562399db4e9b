import { describe, expect, test } from 'vitest';

import type { Clock } from '../../base/clock.ts';
import { deferred } from '../../base/deferred.ts';
import { VectorDbError } from '../../base/error.ts';
import { seededRandom } from '../../base/random.ts';
import type { GrapeCaller } from '../../client/grpc/grape-connection.ts';
import type { PointInputMessage } from '../../client/grpc/grape-messages.ts';
import type { ImportSource, SourcePosition } from '../source/import-source.ts';
import { runImport, type ImportOutcome } from './import-run.ts';

/** A clock whose pauses end at once, and move it. */
function jumpingClock(): Clock & { readonly waits: number[] } {
  let now = 0;
  const waits: number[] = [];
  return {
    waits,
    monotonicMs: () => now,
    wallMs: () => now,
    after(delayMs, callback) {
      now += delayMs;
      waits.push(delayMs);
      queueMicrotask(callback);
      return { cancel: () => {} };
    },
  };
}

function sourceOf(rows: number): ImportSource {
  return {
    name: 'memory',
    paths: [],
    rows,
    dimensions: { '': 1 },
    async *points(from) {
      for (let row = from.row; row < rows; row += 1) {
        const point = { id: row, vectors: { '': Float32Array.of(row) }, payload: Buffer.of() };
        yield { point, after: { row: row + 1, byte: 10 * (row + 1) } };
      }
    },
    async [Symbol.asyncDispose]() {},
  };
}

type Answer = (ids: readonly string[]) => Promise<void> | void;

function callerOf(answer: Answer): GrapeCaller {
  return {
    async call(_method, request) {
      const { points } = request as { points: readonly PointInputMessage[] };
      await answer(points.map(({ id }) => id.integer ?? ''));
      return { applied: true, changed: String(points.length) } as never;
    },
  };
}

interface Run {
  readonly rows: number;
  readonly answer: Answer;
  readonly from?: number;
  readonly limit?: number;
  readonly concurrency?: number;
  readonly stop?: AbortController;
  readonly clock?: Clock;
  readonly seen?: SourcePosition[];
}

function run(options: Run): Promise<ImportOutcome> {
  return runImport({
    caller: callerOf(options.answer),
    source: sourceOf(options.rows),
    collection: 'c',
    from: { row: options.from ?? 0, byte: 10 * (options.from ?? 0) },
    limit: options.limit,
    batch: 3,
    concurrency: options.concurrency ?? 2,
    timeoutMs: 1000,
    patienceMs: 10_000,
    clock: options.clock ?? jumpingClock(),
    random: seededRandom(1),
    signal: (options.stop ?? new AbortController()).signal,
    onProgress: (position) => void options.seen?.push(position),
    onRetry: () => {},
  });
}

const overloaded = (retryAfterMs?: number): VectorDbError =>
  new VectorDbError('OVERLOADED', 'full', retryAfterMs === undefined ? {} : { retryAfterMs });

describe('an import', () => {
  test.each([
    { rows: 10, from: 0, limit: undefined, expected: 10 },
    { rows: 10, from: 4, limit: undefined, expected: 10 },
    { rows: 10, from: 4, limit: 6, expected: 6 },
    { rows: 10, from: 6, limit: 6, expected: 6 },
    { rows: 9, from: 0, limit: 100, expected: 9 },
    { rows: 0, from: 0, limit: undefined, expected: 0 },
  ])('writes each point once: %o', async ({ rows, from, limit, expected }) => {
    const written: number[] = [];
    const outcome = await run({
      rows,
      from,
      ...(limit === undefined ? {} : { limit }),
      answer: (ids) => void written.push(...ids.map(Number)),
    });
    const all = Array.from({ length: expected - from }, (_, index) => from + index);
    expect(written.toSorted((a, b) => a - b)).toEqual(all);
    expect(outcome).toEqual({
      acknowledged: { row: expected, byte: 10 * expected },
      written: all.length,
      stopped: false,
    });
  });

  test('counts only what is acknowledged without a gap', async () => {
    const first = deferred<void>();
    const seen: SourcePosition[] = [];
    const ended: string[] = [];
    const outcome = run({
      rows: 12,
      concurrency: 4,
      seen,
      async answer([id = '']) {
        if (id === '0') await first.promise;
        ended.push(id);
        if (ended.length === 3) {
          // The other three are written, but the first is not: nothing may be counted yet.
          expect(seen).toEqual([]);
          first.resolve();
        }
      },
    });
    expect((await outcome).acknowledged.row).toBe(12);
    expect(seen.map(({ row }) => row)).toEqual([12]);
  });

  test('has no more requests under way than it may', async () => {
    let underWay = 0;
    let most = 0;
    await run({
      rows: 60,
      concurrency: 3,
      async answer() {
        underWay += 1;
        most = Math.max(most, underWay);
        await new Promise((resolve) => setImmediate(resolve));
        underWay -= 1;
      },
    });
    expect(most).toBe(3);
  });

  test('tries again what may succeed later, waiting at least as long as the server says', async () => {
    const clock = jumpingClock();
    let failures = 3;
    const outcome = await run({
      rows: 3,
      clock,
      answer() {
        failures -= 1;
        if (failures >= 0) throw overloaded(failures === 1 ? 777 : undefined);
      },
    });
    expect(outcome.acknowledged.row).toBe(3);
    expect(clock.waits).toHaveLength(3);
    expect(clock.waits[0]).toBeGreaterThanOrEqual(50);
    expect(clock.waits[0]).toBeLessThanOrEqual(100);
    expect(clock.waits[1]).toBe(777);
    expect(clock.waits[2]).toBeGreaterThanOrEqual(200);
  });

  test('gives up when its patience ends, and keeps what was written before', async () => {
    const outcome = await run({
      rows: 9,
      concurrency: 1,
      answer([id]) {
        if (id === '3') throw overloaded();
      },
    });
    expect(outcome.acknowledged.row).toBe(3);
    expect(outcome.error).toMatchObject({ code: 'OVERLOADED' });
  });

  test('ends at once at an error that will not go away', async () => {
    const clock = jumpingClock();
    const tried: string[] = [];
    const outcome = await run({
      rows: 300,
      clock,
      answer([id = '']) {
        tried.push(id);
        if (id === '6') throw new VectorDbError('INVALID_VECTOR', 'zero');
      },
    });
    expect(outcome.error).toMatchObject({ code: 'INVALID_VECTOR' });
    expect(outcome.acknowledged.row).toBe(6);
    expect(clock.waits).toEqual([]);
    expect(tried.length).toBeLessThan(6);
  });

  test('told to stop, waits for what is under way and begins nothing more', async () => {
    const stop = new AbortController();
    const outcome = await run({
      rows: 300,
      stop,
      async answer([id]) {
        if (id === '30') stop.abort();
        await Promise.resolve();
      },
    });
    expect(outcome.stopped).toBe(true);
    expect(outcome.error).toBeUndefined();
    expect(outcome.acknowledged.row).toBeGreaterThanOrEqual(33);
    expect(outcome.acknowledged.row).toBeLessThan(45);
    expect(outcome.written).toBe(outcome.acknowledged.row);
  });

  test('stopped in a pause ends without an error and without the failing batch', async () => {
    const stop = new AbortController();
    const outcome = await run({
      rows: 6,
      concurrency: 1,
      stop,
      answer([id]) {
        if (id !== '3') return;
        stop.abort();
        throw overloaded();
      },
    });
    expect(outcome).toEqual({ acknowledged: { row: 3, byte: 30 }, written: 3, stopped: true });
  });
});
