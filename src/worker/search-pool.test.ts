import { describe, expect, test } from 'vitest';
import { VectorDbError } from '../base/error.ts';
import type { SearchThreadInput, SearchThreadOutput } from './read-messages.ts';
import { mailboxMemory } from './search-mailbox.ts';
import { SearchPool } from './search-pool.ts';

class FakeThread {
  readonly mailbox = mailboxMemory();
  readonly inputs: SearchThreadInput[] = [];
  emit: (message: SearchThreadOutput) => void = () => undefined;

  post(message: SearchThreadInput): void {
    this.inputs.push(message);
  }

  listen(onMessage: (message: SearchThreadOutput) => void): void {
    this.emit = onMessage;
  }

  reads(): number[] {
    return this.inputs.flatMap((input) => (input.kind === 'read' ? [input.id] : []));
  }
}

const count = { kind: 'count', collection: 1, filter: undefined } as const;

function poolOf(
  threadCount: number,
  queueMax: number,
): { pool: SearchPool; threads: FakeThread[] } {
  const threads = Array.from({ length: threadCount }, () => new FakeThread());
  return { pool: new SearchPool({ threads, queueMax, onLog: () => undefined }), threads };
}

describe('search pool', () => {
  test('deals requests to the least busy thread', () => {
    const { pool, threads } = poolOf(2, 10);
    for (let i = 0; i < 4; i += 1) void pool.read(count);
    expect(threads.map((thread) => thread.reads().length)).toEqual([2, 2]);
    expect(pool.depth).toEqual({ waiting: 0, running: 4 });
  });

  test('starts a waiting request when another is done', async () => {
    const { pool, threads } = poolOf(1, 10);
    const results = [1, 2, 3].map(() => pool.read(count));
    const [thread] = threads as [FakeThread];
    expect(thread.reads()).toEqual([1, 2]);
    thread.emit({ kind: 'done', id: 1, response: { count: 7 } });
    expect(thread.reads()).toEqual([1, 2, 3]);
    await expect(results[0]).resolves.toEqual({ count: 7 });
  });

  test('refuses what its queue has no room for', async () => {
    const { pool } = poolOf(1, 1);
    for (let i = 0; i < 3; i += 1) void pool.read(count).catch(() => undefined);
    await expect(pool.read(count)).rejects.toMatchObject({ code: 'OVERLOADED', retryable: true });
  });

  test('does not start a request that was given up while it waited', async () => {
    const { pool, threads } = poolOf(1, 10);
    const controller = new AbortController();
    void pool.read(count);
    void pool.read(count);
    const given = pool.read(count, controller.signal);
    controller.abort();
    threads[0]?.emit({ kind: 'done', id: 1, response: { count: 0 } });
    await expect(given).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    expect(threads[0]?.reads()).toEqual([1, 2]);
  });

  test('hands on what a thread says went wrong', async () => {
    const { pool, threads } = poolOf(1, 10);
    const result = pool.read(count);
    threads[0]?.emit({ kind: 'error', id: 1, error: { code: 'DATA_CORRUPT', message: 'x' } });
    await expect(result).rejects.toMatchObject({ code: 'DATA_CORRUPT' });
  });

  test('ends the requests of a thread that is gone, those that wait and those that come', async () => {
    const { pool } = poolOf(1, 10);
    const results = [1, 2, 3].map(() => pool.read(count));
    pool.fail(0, new VectorDbError('SHUTTING_DOWN', 'the thread ended'));
    for (const result of [...results, pool.read(count), pool.releaseStores()]) {
      await expect(result).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
    }
  });
});
