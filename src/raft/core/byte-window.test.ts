import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteWindow } from './byte-window.ts';

test('a window is full by items or by bytes', () => {
  const window = new ByteWindow({ itemsMax: 2, bytesMax: 10 });
  window.add(1, 3);
  expect(window.isFull).toBe(false);
  window.add(5, 3);
  expect(window.isFull).toBe(true);
  window.freeTo(4);
  expect([window.size, window.bytes, window.isFull]).toEqual([1, 3, false]);
  window.add(6, 7);
  expect(window.isFull).toBe(true);
});

test('the item that begins below the limit may exceed it', () => {
  const window = new ByteWindow({ itemsMax: 9, bytesMax: 10 });
  window.add(1, 9);
  expect(window.isFull).toBe(false);
  window.add(2, 1000);
  expect([window.isFull, window.bytes]).toEqual([true, 1009]);
});

test('items without bytes count as items, and an emptied window starts anew', () => {
  const window = new ByteWindow({ itemsMax: 1, bytesMax: 10 });
  window.add(1, 0);
  expect(window.isFull).toBe(true);
  window.clear();
  expect([window.size, window.bytes, window.isFull]).toEqual([0, 0, false]);
  window.add(1, 4);
  expect(window.bytes).toBe(4);
});

test('items come in order, into a window that has room for one', () => {
  const window = new ByteWindow({ itemsMax: 3, bytesMax: 10 });
  window.add(4, 1);
  expect(() => window.add(3, 1)).toThrow('in order');
  expect(() => new ByteWindow({ itemsMax: 0, bytesMax: 1 })).toThrow('at least one');
});

test('a window holds what a list of its items would', () => {
  const step = fc.oneof(
    fc.record({ add: fc.nat(3), bytes: fc.nat(9) }),
    fc.record({ free: fc.nat(30) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const window = new ByteWindow({ itemsMax: 5, bytesMax: 20 });
      let list: { index: number; bytes: number }[] = [];
      let index = 0;
      for (const each of steps) {
        if ('add' in each) {
          index += each.add;
          window.add(index, each.bytes);
          list.push({ index, bytes: each.bytes });
        } else {
          window.freeTo(each.free);
          list = list.filter((item) => item.index > each.free);
        }
        const bytes = list.reduce((sum, item) => sum + item.bytes, 0);
        expect([window.size, window.bytes]).toEqual([list.length, bytes]);
        expect(window.isFull).toBe(list.length >= 5 || bytes >= 20);
      }
    }),
  );
});
