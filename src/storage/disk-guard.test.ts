import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { DiskGuard, freeDiskBytes } from './disk-guard.ts';

const guard = (minFreeBytes: number, free: number): DiskGuard =>
  new DiskGuard({ path: '/data', minFreeBytes, freeBytes: () => free });

test('writes are refused while less than the set room is free', () => {
  expect(() => guard(100, 100).assertRoom()).not.toThrow();
  expect(() => guard(100, 99).assertRoom()).toThrow(
    expect.objectContaining({ code: 'DISK_FULL', retryable: true }),
  );
});

test('a guard of no bytes guards nothing', () => {
  expect(() => guard(0, 0).assertRoom()).not.toThrow();
});

test('the room on a disk is known', () => {
  expect(freeDiskBytes(tmpdir())).toBeGreaterThan(0);
});
