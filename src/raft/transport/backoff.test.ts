import { expect, test } from 'vitest';
import { Backoff } from './backoff.ts';

const backoff = (draw: number): Backoff =>
  new Backoff({ next: () => draw, below: () => 0 }, 50, 1000);
const pauses = (of: Backoff, count: number): number[] =>
  Array.from({ length: count }, () => of.next());

test('pauses double up to their bound', () => {
  expect(pauses(backoff(1), 8)).toEqual([50, 100, 200, 400, 800, 1000, 1000, 1000]);
});

test('pauses are drawn from their upper half', () => {
  expect(pauses(backoff(0), 7)).toEqual([25, 50, 100, 200, 400, 500, 500]);
});

test('pauses stay bounded however often it fails, and begin anew when it did not', () => {
  const one = backoff(1);
  pauses(one, 5000);
  expect(one.next()).toBe(1000);
  one.reset();
  expect(one.next()).toBe(50);
});
