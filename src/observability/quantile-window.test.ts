import { expect, test } from 'vitest';
import type { Clock } from '../base/clock.ts';
import { seededRandom } from '../base/random.ts';
import { QuantileWindow } from './quantile-window.ts';

function standing(): Clock & { now: number } {
  return {
    now: 1_000_000,
    monotonicMs() {
      return this.now;
    },
    wallMs: () => 0,
    after: () => ({ cancel() {} }),
  };
}

test('quantiles are at most 5 % off', () => {
  const window = new QuantileWindow({ clock: standing(), windowMs: 60_000 });
  const random = seededRandom(7);
  const values = Array.from({ length: 5000 }, () => 0.0002 * 10 ** (random.next() * 4));
  for (const value of values) window.observe(value);
  const sorted = values.toSorted((a, b) => a - b);
  const parts = [0.5, 0.95, 0.99];
  window.quantiles(parts).forEach((quantile, at) => {
    const exact = sorted[Math.ceil((parts[at] as number) * sorted.length) - 1] as number;
    expect(Math.abs(quantile / exact - 1)).toBeLessThan(0.05);
  });
  expect(window.count).toBe(5000);
  expect(window.sum).toBeCloseTo(
    values.reduce((sum, value) => sum + value, 0),
    6,
  );
});

test('a value counts for the window and is forgotten after it; sum and count stay', () => {
  const clock = standing();
  const window = new QuantileWindow({ clock, windowMs: 60_000 });
  window.observe(8);
  clock.now += 30_000;
  window.observe(0.001);
  expect(window.quantiles([1])[0]).toBeGreaterThan(7);
  clock.now += 35_000;
  expect(window.quantiles([1])[0]).toBeLessThan(0.002);
  clock.now += 3_600_000;
  expect(window.quantiles([0.5, 0.95])).toEqual([0, 0]);
  expect(window.count).toBe(2);
});

test('values beyond both ends count at the ends', () => {
  const window = new QuantileWindow({ clock: standing(), windowMs: 60_000 });
  for (const value of [0, -1, 1e-9]) window.observe(value);
  expect(window.quantiles([1])[0]).toBeLessThan(2e-6);
  window.observe(1e9);
  expect(window.quantiles([1])[0]).toBeGreaterThan(200);
});
