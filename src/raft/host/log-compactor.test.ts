import { expect, test } from 'vitest';
import { VectorDbError } from '../../base/error.ts';
import type { GroupLog } from '../log/log-storage.ts';
import { LogCompactor } from './log-compactor.ts';

function compacting(flush: () => Promise<number>) {
  const log = { compacted: { term: 1, index: 0 } };
  const forgotten: number[] = [];
  const errors: unknown[] = [];
  const compactor = new LogCompactor({
    limits: {
      logEntriesKept: 10,
      logCompactionEntries: 5,
      logBytesKept: 1e6,
      logPinnedBytesMax: 100,
    },
    log: log as GroupLog,
    appliedIndex: () => 100,
    needed: () => [],
    flush,
    forget: (index, whenDone) => {
      forgotten.push(index);
      log.compacted = { term: 1, index };
      whenDone();
    },
    onError: (error) => errors.push(error),
  });
  const soon = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  };
  return { compactor, log, forgotten, errors, soon };
}

test('the log is not forgotten beyond what the state machine has durably', async () => {
  const { compactor, forgotten, soon } = compacting(() => Promise.resolve(42));
  compactor.tick();
  await soon();
  expect(forgotten).toEqual([42]);
});

test('one flush at a time is asked for', async () => {
  let flushes = 0;
  const { compactor, soon } = compacting(() => {
    flushes += 1;
    return new Promise(() => {});
  });
  compactor.tick();
  compactor.tick();
  await soon();
  expect(flushes).toBe(1);
});

test('a snapshot that came meanwhile leaves nothing to forget', async () => {
  const { compactor, log, forgotten, errors, soon } = compacting(() => {
    log.compacted = { term: 2, index: 500 };
    return Promise.resolve(100);
  });
  compactor.tick();
  await soon();
  expect([forgotten, errors]).toEqual([[], []]);
});

test('a flush that fails is an error, one that is too late for a closed group is not', async () => {
  const failing = compacting(() => Promise.reject(new Error('EIO')));
  failing.compactor.tick();
  await failing.soon();
  expect(failing.errors).toEqual([new Error('EIO')]);
  const closed = compacting(() => Promise.reject(new VectorDbError('SHUTTING_DOWN', 'closed')));
  closed.compactor.tick();
  await closed.soon();
  expect(closed.errors).toEqual([]);
});
