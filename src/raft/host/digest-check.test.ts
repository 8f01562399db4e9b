import { expect, test } from 'vitest';
import { DigestCheck, type DigestMismatch } from './digest-check.ts';

test('equal digests, and those that were not taken here, are no news', () => {
  const found: DigestMismatch[] = [];
  const check = new DigestCheck(3, (mismatch) => found.push(mismatch));
  check.taken(5, 'a');
  check.reported(5, 'a');
  check.reported(6, 'b');
  expect(found).toEqual([]);
  check.taken(7, 'a');
  check.reported(7, 'b');
  expect(found).toEqual([{ group: 3, index: 7, own: 'a', reported: 'b' }]);
});

test('only the last few digests are kept', () => {
  const found: DigestMismatch[] = [];
  const check = new DigestCheck(3, (mismatch) => found.push(mismatch));
  for (let index = 1; index <= 20; index += 1) check.taken(index, 'a');
  for (let index = 1; index <= 20; index += 1) check.reported(index, 'b');
  expect(found.map(({ index }) => index)).toEqual([13, 14, 15, 16, 17, 18, 19, 20]);
});
