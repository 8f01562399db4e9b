import { expect, test } from 'vitest';
import type { Clock } from '../../base/clock.ts';
import { inStage, StageTimer } from './stage-timer.ts';

test('adds up the time of each stage, and passes results on', () => {
  let now = 0;
  const clock: Clock = {
    monotonicMs: () => now,
    wallMs: () => 0,
    after: () => ({ cancel: () => undefined }),
  };
  const timer = new StageTimer(clock);
  const take = (ms: number) => () => {
    now += ms;
    return ms;
  };
  expect(inStage(timer, 'graph', take(3))).toBe(3);
  inStage(timer, 'graph', take(2));
  inStage(timer, 'fetch', take(1));
  expect(inStage(undefined, 'fetch', take(9))).toBe(9);
  expect(timer.milliseconds).toEqual({ graph: 5, fetch: 1 });
});
