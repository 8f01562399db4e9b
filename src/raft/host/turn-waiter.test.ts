import { expect, test } from 'vitest';
import { TurnWaiter } from './turn-waiter.ts';

test('who waits is told when it is so', async () => {
  const waiter = new TurnWaiter(1, 3);
  const state: { value?: string } = {};
  const wait = waiter.until(() => state.value);
  waiter.poll();
  state.value = 'so';
  waiter.poll();
  expect(await wait).toBe('so');
  expect(await waiter.until(() => 'at once')).toBe('at once');
});

test('who waits is told when it will not come, or is too late', async () => {
  const waiter = new TurnWaiter(1, 3);
  const controller = new AbortController();
  const failed = waiter.until(() => new Error('never'));
  const late = waiter.until(() => undefined, controller.signal);
  const left = waiter.until(() => undefined);
  controller.abort();
  await expect(failed).rejects.toThrow('never');
  await expect(late).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  waiter.close(new Error('the end'));
  await expect(left).rejects.toThrow('the end');
  const aborted = waiter.until(() => undefined, controller.signal);
  await expect(aborted).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
});

test('who waits without leadership is told after a while that it did not come', async () => {
  const waiter = new TurnWaiter(1, 3);
  const wait = waiter.until(() => undefined);
  const ended = expect(wait).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  const state: { value?: string } = {};
  for (let tick = 0; tick < 10; tick += 1) waiter.tick(true);
  waiter.tick(false);
  const later = waiter.until(() => state.value);
  waiter.tick(false);
  waiter.tick(false);
  await ended;
  state.value = 'so';
  waiter.poll();
  expect(await later).toBe('so');
});
