import { expect, test } from 'vitest';
import { LeadershipWaits } from './leadership-waits.ts';

const never = new Promise<string>(() => {});

test('an answer is waited for while its node leads, and not for longer', async () => {
  const waits = new LeadershipWaits(3);
  const [first, second] = [waits.answer(1, never), waits.answer(2, never)];
  waits.changed(0, false);
  waits.changed(2, false);
  await expect(first).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  waits.changed(0, true);
  await expect(second).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
});

test('an answer that comes is passed on, and so is a failure', async () => {
  const waits = new LeadershipWaits(3);
  expect(await waits.answer(1, Promise.resolve('done'))).toBe('done');
  await expect(waits.answer(1, Promise.reject(new Error('no')))).rejects.toThrow('no');
});

test('a pause ends when there is a leader, or with its signal', async () => {
  const waits = new LeadershipWaits(3);
  const aborted = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve());
    });
  const given = new AbortController();
  const found = waits.pause(given.signal, aborted);
  waits.changed(1, false);
  expect(await found).toBe(true);
  const ended = waits.pause(given.signal, aborted);
  given.abort();
  expect(await ended).toBe(false);
});
