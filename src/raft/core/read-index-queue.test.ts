import { expect, test } from 'vitest';
import { ReadIndexQueue } from './read-index-queue.ts';

test('a read is confirmed by the first round that begins after it, or a later one', () => {
  const reads = new ReadIndexQueue(9);
  reads.ask({ from: 1, context: 70 }, 5);
  expect([reads.roundDue, reads.round]).toEqual([true, 1]);
  reads.roundSent();
  reads.ask({ from: 2, context: 70 }, 6);
  expect([reads.roundDue, reads.round]).toEqual([true, 2]);
  expect(reads.confirm(1)).toMatchObject([{ from: 1, context: 70, index: 5 }]);
  expect(reads.confirm(1)).toEqual([]);
  expect(reads.confirm(7)).toMatchObject([{ from: 2, index: 6 }]);
  expect(reads.isConfirming).toBe(false);
});

test('reads that come before a round begins share it', () => {
  const reads = new ReadIndexQueue(9);
  reads.ask({ from: 1, context: 1 }, 5);
  reads.ask({ from: 1, context: 2 }, 5);
  reads.roundSent();
  expect(reads.roundDue).toBe(false);
  expect(reads.confirm(1)).toHaveLength(2);
});

test('a read without a commit in the term waits for it, then for a round of its own', () => {
  const reads = new ReadIndexQueue(9);
  reads.ask({ from: 1, context: 1 }, undefined);
  expect([reads.size, reads.roundDue, reads.isConfirming]).toEqual([1, false, false]);
  expect(reads.confirm(99)).toEqual([]);
  reads.start(8);
  expect(reads.roundDue).toBe(true);
  reads.roundSent();
  reads.start(9);
  expect(reads.confirm(reads.round)).toMatchObject([{ index: 8 }]);
});

test('no more reads wait than are allowed, of both kinds together', () => {
  const reads = new ReadIndexQueue(2);
  reads.ask({ from: 1, context: 1 }, undefined);
  expect(reads.isFull).toBe(false);
  reads.ask({ from: 1, context: 2 }, 4);
  expect(reads.isFull).toBe(true);
});
