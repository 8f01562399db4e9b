import { expect, test } from 'vitest';
import { HandClock } from '../../../test/support/hand-clock.ts';
import { TokenBucket } from './token-bucket.ts';

const drain = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('bytes go at the rate, after what may go at once', async () => {
  const clock = new HandClock();
  const bucket = new TokenBucket({ clock, bytesPerSecond: 1000, burstBytes: 100 });
  const done: number[] = [];
  const take = async (bytes: number): Promise<void> => {
    await bucket.take(bytes);
    done.push(clock.monotonicMs());
  };
  const takes = Promise.all([take(100), take(100), take(300)]);
  for (let ms = 0; ms < 500; ms += 50) {
    await drain();
    clock.pass(50);
  }
  await takes;
  expect(done).toEqual([0, 100, 400]);
});

test('a rest earns no more than the burst', async () => {
  const clock = new HandClock();
  const bucket = new TokenBucket({ clock, bytesPerSecond: 1000, burstBytes: 100 });
  clock.pass(60_000);
  let isDone = false;
  const taken = bucket.take(200).then(() => {
    isDone = true;
  });
  clock.pass(99);
  await Promise.resolve();
  expect(isDone).toBe(false);
  clock.pass(1);
  await taken;
});

test('who gives up does not wait', async () => {
  const clock = new HandClock();
  const bucket = new TokenBucket({ clock, bytesPerSecond: 1, burstBytes: 1 });
  const controller = new AbortController();
  const taken = bucket.take(1000, controller.signal);
  controller.abort();
  await taken;
});
