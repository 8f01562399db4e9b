import { expect, test } from 'vitest';
import { TurnScheduler } from './turn-scheduler.ts';

function scheduler() {
  const log: string[] = [];
  const deferred: (() => void)[] = [];
  const turns = new TurnScheduler({
    defer: (callback) => deferred.push(callback),
    end: () => log.push('end'),
    onGroupError: (_, error) => error instanceof RangeError,
    onError: (error) => log.push((error as Error).message),
  });
  const group = (number: number, again: boolean[] = []) => ({
    group: number,
    takeTurn: () => {
      log.push(String(number));
      return again.shift() ?? false;
    },
  });
  const turn = (): void => {
    for (const callback of deferred.splice(0)) callback();
  };
  return { turns, log, deferred, group, turn };
}

test('a turn runs each group that was woken once, the catalog first, then ends', () => {
  const { turns, log, deferred, group, turn } = scheduler();
  const [catalog, first, second] = [group(0), group(1), group(2)];
  for (const each of [second, first, catalog, second]) turns.wake(each);
  expect(deferred).toHaveLength(1);
  turn();
  expect(log).toEqual(['0', '2', '1', 'end']);
  turn();
  expect(log).toHaveLength(4);
});

test('a group that has more to do gets another turn, behind those that wait', () => {
  const { turns, log, group, turn } = scheduler();
  turns.wake(group(1, [true]));
  turn();
  turns.wake(group(2));
  turn();
  expect(log).toEqual(['1', 'end', '1', '2', 'end']);
});

test('a turn can be had for no group', () => {
  const { turns, log, turn } = scheduler();
  turns.schedule();
  turn();
  expect(log).toEqual(['end']);
});

test('an error ends all turns, before anything of this one is sent', () => {
  const { turns, log, group, turn } = scheduler();
  turns.wake({
    group: 1,
    takeTurn: () => {
      throw new Error('broken');
    },
  });
  turn();
  turns.wake(group(2));
  turn();
  expect(log).toEqual(['broken']);
});

test('an error of one group alone leaves the others their turn', () => {
  const { turns, log, group, turn } = scheduler();
  turns.wake({
    group: 1,
    takeTurn: () => {
      throw new RangeError('damaged');
    },
  });
  turns.wake(group(2));
  turn();
  expect(log).toEqual(['2', 'end']);
});

test('after it was stopped nothing runs, not even what was deferred', () => {
  const { turns, log, group, turn } = scheduler();
  turns.wake(group(1));
  turns.stop();
  turn();
  expect(log).toEqual([]);
});
