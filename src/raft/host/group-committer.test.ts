import { describe, expect, test } from 'vitest';
import { HandClock } from '../../../test/support/hand-clock.ts';
import type { GroupLog, GroupWrite, LogStorage } from '../log/log-storage.ts';
import { GroupCommitter } from './group-committer.ts';

interface Append {
  readonly groups: readonly number[];
  readonly sync: boolean;
  readonly finish: () => void;
  readonly fail: (error: Error) => void;
}

function committing(batchesMax = 2) {
  const appends: Append[] = [];
  const errors: unknown[] = [];
  const clock = new HandClock();
  const damaged = new Set<number>();
  const log: Partial<LogStorage> = {
    group: (group) => ({ state: damaged.has(group) ? 'corrupt' : 'open' }) as GroupLog,
    append: (writes, { sync }) =>
      new Promise<void>((resolve, reject) => {
        const groups = writes.map(({ group }) => group);
        appends.push({ groups, sync, finish: resolve, fail: reject });
      }),
  };
  const state = { wakes: 0 };
  const committer = new GroupCommitter({
    log: log as LogStorage,
    clock,
    batchesMax,
    wake: () => {
      state.wakes += 1;
    },
    onError: (error) => errors.push(error),
  });
  const told: string[] = [];
  const submit = (name: string, group: number, write?: Partial<GroupWrite>, sync = true): void =>
    committer.submit(group, write && { group, ...write }, sync, () => told.push(name));
  const soon = async (): Promise<void> => {
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  };
  return { committer, appends, errors, damaged, clock, state, told, submit, soon };
}

const state = (term: number) => ({ hardState: { term, vote: 0, commit: 0 } });
const snapshot = { snapshot: { last: { term: 1, index: 9 }, generation: 1 } };

describe('writes of a turn', () => {
  test('of all groups are one batch, synced if one of them asks for it', async () => {
    const { committer, appends, told, submit, soon } = committing();
    submit('a', 1, state(1), false);
    submit('b', 2, state(1), true);
    expect(appends).toEqual([]);
    committer.flush();
    expect(appends).toMatchObject([{ groups: [1, 2], sync: true }]);
    expect(told).toEqual([]);
    appends[0]?.finish();
    await soon();
    expect(told).toEqual(['a', 'b']);
    expect(committer.isIdle).toBe(true);
  });

  test('gather while as many batches as are allowed are under way', async () => {
    const { committer, appends, told, submit, soon } = committing(1);
    submit('a', 1, state(1));
    committer.flush();
    submit('b', 1, state(2));
    committer.flush();
    submit('c', 1, state(3));
    submit('d', 2, state(1), false);
    committer.flush();
    expect(appends).toHaveLength(1);
    appends[0]?.finish();
    await soon();
    expect(appends).toMatchObject([{ groups: [1] }, { groups: [1, 2], sync: true }]);
    appends[1]?.finish();
    await soon();
    expect(told).toEqual(['a', 'b', 'c', 'd']);
  });

  test('of one group that cannot be merged follow in a batch of their own', async () => {
    const { committer, appends, told, submit, soon } = committing(1);
    submit('a', 1, state(1));
    submit('b', 1, snapshot);
    submit('c', 1, state(2));
    submit('d', 2, state(1));
    committer.flush();
    expect(appends).toMatchObject([{ groups: [1, 2] }]);
    appends[0]?.finish();
    await soon();
    appends[1]?.finish();
    await soon();
    expect(appends).toMatchObject([{ groups: [1, 2] }, { groups: [1] }]);
    expect(told).toEqual(['a', 'd', 'b', 'c']);
  });
});

describe('what waits', () => {
  test('for earlier writes of its group is told after them, or at once', async () => {
    const { committer, appends, told, submit, soon } = committing();
    submit('nothing', 1);
    expect(told).toEqual(['nothing']);
    submit('a', 1, state(1));
    submit('behind a', 1);
    committer.flush();
    submit('behind a too', 1);
    submit('other group', 2);
    expect(told).toEqual(['nothing', 'other group']);
    appends[0]?.finish();
    await soon();
    expect(told.slice(2)).toEqual(['a', 'behind a', 'behind a too']);
    submit('b', 1);
    expect(told.at(-1)).toBe('b');
  });

  test('is told in the order of batches, even where a later one says first that it is durable', async () => {
    const { committer, appends, told, submit, soon } = committing();
    submit('a', 1, state(1));
    committer.flush();
    submit('b', 1, state(2));
    committer.flush();
    appends[1]?.finish();
    await soon();
    expect(told).toEqual([]);
    appends[0]?.finish();
    await soon();
    expect(told).toEqual(['a', 'b']);
  });
});

describe('a log that fails', () => {
  test('is told once; nothing is written or told afterwards', async () => {
    const { committer, appends, errors, told, submit, soon, state: seen } = committing();
    submit('a', 1, state(1));
    committer.flush();
    submit('b', 1, state(2));
    committer.flush();
    appends[0]?.fail(new Error('EIO'));
    appends[1]?.finish();
    await soon();
    submit('c', 1, state(3));
    committer.flush();
    expect(errors).toEqual([new Error('EIO')]);
    expect(told).toEqual([]);
    expect(appends).toHaveLength(2);
    expect(seen.wakes).toBe(0);
  });

  test('or stands still shows its age', async () => {
    const { committer, appends, clock, submit, soon } = committing();
    expect(committer.stalledMs).toBe(0);
    submit('a', 1, state(1));
    committer.flush();
    clock.pass(300);
    submit('b', 2, state(1));
    committer.flush();
    clock.pass(200);
    expect(committer.stalledMs).toBe(500);
    appends[0]?.finish();
    await soon();
    expect(committer.stalledMs).toBe(200);
  });
});

test('a group that is dropped is neither written nor told; others are', async () => {
  const { committer, appends, told, submit, soon } = committing(1);
  submit('a', 1, state(1));
  committer.flush();
  submit('b', 1, state(2));
  submit('c', 2, state(1));
  submit('d', 1, snapshot);
  committer.drop(1);
  appends[0]?.finish();
  await soon();
  expect(appends).toMatchObject([{ groups: [1] }, { groups: [2] }]);
  appends[1]?.finish();
  await soon();
  expect(told).toEqual(['c']);
  submit('at once', 1);
  expect(told.at(-1)).toBe('at once');
});

test('a group whose log turned out to be damaged does not spoil the batch of the others', async () => {
  const { committer, appends, damaged, told, submit, soon } = committing(1);
  submit('a', 1, state(1));
  committer.flush();
  submit('b', 1, state(2));
  submit('c', 2, state(1));
  submit('d', 3, { destroy: true });
  damaged.add(1).add(3);
  appends[0]?.finish();
  await soon();
  expect(appends).toMatchObject([{ groups: [1] }, { groups: [2, 3] }]);
  appends[1]?.finish();
  await soon();
  expect(told).toEqual(['a', 'c', 'd']);
});

test('stopping waits for what is under way', async () => {
  const { committer, appends, told, submit, soon } = committing();
  submit('a', 1, state(1));
  committer.flush();
  let isStopped = false;
  const stopped = committer.stop().then(() => {
    isStopped = true;
  });
  await soon();
  expect(isStopped).toBe(false);
  appends[0]?.finish();
  await stopped;
  expect(told).toEqual([]);
});
