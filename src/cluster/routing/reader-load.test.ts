import { expect, test } from 'vitest';
import { ReaderLoad } from './reader-load.ts';

test('reads find room until readers have enough, and again, all at once, when one of those ends', async () => {
  const load = new ReaderLoad(2);
  const reads = [Promise.withResolvers<string>(), Promise.withResolvers<string>()] as const;
  expect(load.room).toBeUndefined();
  const first = load.during(() => reads[0].promise);
  expect(load.room).toBeUndefined();
  const second = load.during(() => reads[1].promise);
  const { room } = load;
  expect(room).toBeInstanceOf(Promise);
  expect(load.room).toBe(room);
  reads[0].resolve('answer');
  expect(await first).toBe('answer');
  await room;
  expect(load.room).toBeUndefined();
  reads[1].resolve('other');
  await second;
});

test('a read that fails makes room too', async () => {
  const load = new ReaderLoad(1);
  const read = Promise.withResolvers<never>();
  const failing = load.during(() => read.promise);
  const { room } = load;
  read.reject(new Error('torn'));
  await expect(failing).rejects.toThrow('torn');
  await room;
  expect(load.room).toBeUndefined();
});
