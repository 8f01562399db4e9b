import { expect, test } from 'vitest';
import { HandClock } from '../../../test/support/hand-clock.ts';
import { Ticker } from './ticker.ts';

function ticking(ticksAtOnceMax = 4) {
  const clock = new HandClock();
  const ticks: number[] = [];
  const ticker = new Ticker({
    clock,
    tickMs: 50,
    ticksAtOnceMax,
    onTicks: (count) => ticks.push(count),
  });
  ticker.start();
  return { clock, ticks, ticker };
}

test('time becomes ticks, without drift where the timer is late', () => {
  const { clock, ticks } = ticking();
  for (const ms of [50, 70, 30, 50, 100]) clock.pass(ms);
  expect(ticks).toEqual([1, 1, 1, 1, 2]);
});

test('a timer that comes early gives nothing', () => {
  const { clock, ticks } = ticking();
  clock.pass(49);
  expect(ticks).toEqual([]);
  clock.pass(1);
  expect(ticks).toEqual([1]);
});

test('a long pause is a few ticks, and none of it is made up for later', () => {
  const { clock, ticks } = ticking();
  clock.pass(60_000);
  clock.pass(50);
  clock.pass(50);
  expect(ticks).toEqual([4, 1, 1]);
});

test('a stopped one is silent', () => {
  const { clock, ticks, ticker } = ticking();
  ticker.stop();
  clock.pass(500);
  expect(ticks).toEqual([]);
});
