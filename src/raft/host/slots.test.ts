import { expect, test } from 'vitest';
import { Slots } from './slots.ts';

const never = new AbortController().signal;

test('slots go to those who wait, in their order', async () => {
  const slots = new Slots(1);
  expect(await slots.take(never)).toBe(true);
  expect(slots.tryTake()).toBe(false);
  const order: number[] = [];
  const waits = [1, 2].map(async (who) => {
    await slots.take(never);
    order.push(who);
  });
  slots.release();
  await waits[0];
  expect(order).toEqual([1]);
  slots.release();
  await waits[1];
  expect(order).toEqual([1, 2]);
  slots.release();
  expect(slots.tryTake()).toBe(true);
});

test('who gives up does not wait for the others, and leaves no gap', async () => {
  const slots = new Slots(1);
  await slots.take(never);
  const controller = new AbortController();
  const first = slots.take(controller.signal);
  const second = slots.take(never);
  controller.abort();
  expect(await first).toBe(false);
  expect(await slots.take(controller.signal)).toBe(false);
  slots.release();
  expect(await second).toBe(true);
  slots.release();
  expect(slots.tryTake()).toBe(true);
});
