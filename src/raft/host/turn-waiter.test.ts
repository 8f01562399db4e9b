import { expect, test } from 'vitest';
import { TurnWaiter } from './turn-waiter.ts';

test('who waits is told when it is so', async () => {
  const waiter = new TurnWaiter(1);
  const state: { value?: string } = {};
  const wait = waiter.until(() => state.value);
  waiter.poll();
  state.value = 'so';
  waiter.poll();
  expect(await wait).toBe('so');
  expect(await waiter.until(() => 'at once')).toBe('at once');
});

test('who waits is told when it will not come, or is too late', async () => {
  const waiter = new TurnWaiter(1);
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
