import { expect, test } from 'vitest';
import { encodePointId } from '../base/point-id.ts';
import { HashRouter, murmur3 } from './hash-router.ts';

test.each([
  ['', 0, 0],
  ['', 1, 0x514e28b7],
  ['', 0xffffffff, 0x81f16f39],
  ['test', 0, 0xba6bd213],
  ['test', 0x9747b28c, 0x704b81dc],
  ['Hello, world!', 0, 0xc0363e43],
  ['aaa', 0x9747b28c, 0x283e0130],
])('murmur3 of %j with seed %i is %i', (text, seed, expected) => {
  expect(murmur3(Buffer.from(text), seed)).toBe(expected);
});

test('a point stays in its shard for ever', () => {
  const router = new HashRouter({ shardCount: 16 });
  const ids = [0, 1, 2, 1000, 2n ** 64n - 1n, '0b4a9a04-93cc-4f52-8a6e-0c3b4a2f9d11', 'doc-1', 'é'];
  const shards = ids.map((id) => router.shardOf(1, encodePointId(id, 'id', 512)));
  expect(shards).toEqual(GOLDEN_1);
  const others = ids.map((id) => router.shardOf(2, encodePointId(id, 'id', 512)));
  expect(others).toEqual(GOLDEN_2);
});

const GOLDEN_1 = [7, 15, 8, 10, 11, 5, 1, 7];
const GOLDEN_2 = [14, 11, 10, 1, 9, 9, 1, 1];

test('spreads ids evenly over shards', () => {
  for (const shardCount of [3, 16]) {
    const router = new HashRouter({ shardCount });
    const counts = new Array<number>(shardCount).fill(0);
    for (let id = 0; id < 16_000; id += 1) {
      const shard = router.shardOf(9, encodePointId(id, 'id', 512));
      counts[shard] = (counts[shard] as number) + 1;
    }
    const mean = 16_000 / shardCount;
    for (const count of counts) expect(Math.abs(count - mean)).toBeLessThan(mean * 0.15);
  }
});
