import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { KeyRange, KeyValueStore, StoreEntry } from '../../src/storage/key-value-store.ts';

/** A store under test, and a way to close it and open it again (undefined: it forgets). */
export interface StoreUnderTest {
  readonly store: KeyValueStore;
  readonly reopen: (() => Promise<KeyValueStore>) | undefined;
  remove(): Promise<void>;
}

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
const text = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : Buffer.from(value).toString('latin1');
const put = (key: string, value: string) =>
  ({ type: 'put', key: bytes(key), value: bytes(value) }) as const;
const del = (key: string) => ({ type: 'del', key: bytes(key) }) as const;
const range = (from: string, to: string): KeyRange => ({ from: bytes(from), to: bytes(to) });
const ALL = range('', '\u00ff\u00ff');

async function entries(slices: AsyncIterable<readonly StoreEntry[]>): Promise<string[]> {
  const found: string[] = [];
  for await (const slice of slices) {
    for (const { key, value } of slice) found.push(`${text(key)}=${text(value)}`);
  }
  return found;
}

/** What every key-value store does. */
export function describeKeyValueStore(name: string, create: () => Promise<StoreUnderTest>): void {
  describe(`${name} as a key-value store`, () => {
    let under: StoreUnderTest;
    let store: KeyValueStore;

    beforeEach(async () => {
      under = await create();
      store = under.store;
    });

    afterEach(async () => {
      await store[Symbol.asyncDispose]();
      await under.remove();
    });

    test('reads what was written and nothing else', async () => {
      await store.write([put('a', '1'), put('b', '')], { sync: true });
      expect(text(store.get(bytes('a')))).toBe('1');
      expect(text(store.get(bytes('b')))).toBe('');
      expect(store.get(bytes('ab'))).toBeUndefined();
      const many = await store.getMany([bytes('b'), bytes('x'), bytes('a')]);
      expect(many.map(text)).toEqual(['', undefined, '1']);
    });

    test('carries a batch out in its order', async () => {
      await store.write([put('a', '1'), del('a'), put('b', '1'), put('b', '2')], { sync: false });
      expect(await entries(store.slices(ALL))).toEqual(['b=2']);
      await store.write([del('b'), del('never there')], { sync: false });
      expect(await entries(store.slices(ALL))).toEqual([]);
    });

    test('takes an empty batch', async () => {
      await store.write([], { sync: true });
      expect(await entries(store.slices(ALL))).toEqual([]);
    });

    test('gives a range in the order of bytes, first key included and last excluded', async () => {
      await store.write(
        ['b', 'a\u00ff', 'a', 'c', '\u0080', 'B'].map((key) => put(key, key)),
        { sync: false },
      );
      expect(await entries(store.slices(range('a', 'c')))).toEqual([
        'a=a',
        'a\u00ff=a\u00ff',
        'b=b',
      ]);
      expect(await entries(store.slices(range('c', 'a')))).toEqual([]);
    });

    test('slices a range, limits it and leaves values out when told', async () => {
      const keys = Array.from({ length: 25 }, (_, i) => `k${String(i).padStart(2, '0')}`);
      await store.write(
        keys.map((key) => put(key, 'v')),
        { sync: false },
      );
      const sizes: number[] = [];
      for await (const slice of store.slices(ALL, { sliceEntries: 10 })) sizes.push(slice.length);
      expect(sizes.reduce((sum, size) => sum + size)).toBe(25);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(10);
      expect(Math.min(...sizes)).toBeGreaterThan(0);
      const limited = await entries(store.slices(ALL, { limit: 12, sliceEntries: 5 }));
      expect(limited).toHaveLength(12);
      expect(await entries(store.slices(ALL, { limit: 1, values: false }))).toEqual(['k00=']);
    });

    test('an iteration that is left early can be started anew', async () => {
      await store.write([put('a', '1'), put('b', '2')], { sync: false });
      for await (const _ of store.slices(ALL, { sliceEntries: 1 })) break;
      expect(await entries(store.slices(ALL))).toHaveLength(2);
    });

    test('a snapshot and an iteration see one moment', async () => {
      await store.write([put('a', '1'), put('b', '1')], { sync: false });
      const snapshot = store.snapshot();
      const during: string[] = [];
      for await (const slice of store.slices(ALL, { sliceEntries: 1 })) {
        await store.write([put('b', '2'), put('c', '2')], { sync: false });
        during.push(...slice.map(({ value }) => text(value) as string));
      }
      expect(during).toEqual(['1', '1']);
      expect(text(store.get(bytes('b'), { snapshot }))).toBe('1');
      expect((await store.getMany([bytes('c')], { snapshot })).map(text)).toEqual([undefined]);
      expect(await entries(store.slices(ALL, { snapshot }))).toEqual(['a=1', 'b=1']);
      expect(text(store.get(bytes('b')))).toBe('2');
      await snapshot[Symbol.asyncDispose]();
    });

    test('bytes handed out and in belong to their holders', async () => {
      const value = bytes('1');
      await store.write([{ type: 'put', key: bytes('a'), value }], { sync: false });
      value[0] = 0;
      const read = store.get(bytes('a')) as Uint8Array;
      read[0] = 0;
      expect(text(store.get(bytes('a')))).toBe('1');
    });

    test('compacts without losing anything and tells a size', async () => {
      await store.write([put('a', 'x'.repeat(10_000)), put('b', '1')], { sync: false });
      await store.write([del('b')], { sync: false });
      await store.compact(ALL);
      expect(await entries(store.slices(ALL))).toEqual([`a=${'x'.repeat(10_000)}`]);
      expect(await store.approximateSize(ALL)).toBeGreaterThan(0);
    });

    test('opened again it holds what it held', async () => {
      await store.write([put('a', '1')], { sync: false });
      await store.reopen();
      expect(text(store.get(bytes('a')))).toBe('1');
      await store.write([put('b', '2')], { sync: true });
      expect(await entries(store.slices(ALL))).toEqual(['a=1', 'b=2']);
    });

    test('is closed for good', async () => {
      await store.write([put('a', '1')], { sync: true });
      await store[Symbol.asyncDispose]();
      expect(() => store.get(bytes('a'))).toThrow(
        expect.objectContaining({ code: 'SHUTTING_DOWN' }),
      );
      await expect(store.write([put('a', '2')], { sync: true })).rejects.toMatchObject({
        code: 'SHUTTING_DOWN',
      });
      await expect(entries(store.slices(ALL))).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
      if (under.reopen === undefined) return;
      store = await under.reopen();
      expect(text(store.get(bytes('a')))).toBe('1');
    });

    test('does what a sorted map does', async () => {
      const key = fc.stringMatching(/^[ab]{1,3}$/);
      const operation = fc.oneof(
        fc.record({ type: fc.constant('put' as const), key, value: fc.string({ maxLength: 3 }) }),
        fc.record({ type: fc.constant('del' as const), key }),
      );
      const model = new Map<string, string>();
      await fc.assert(
        fc.asyncProperty(
          fc.array(operation, { maxLength: 8 }),
          key,
          key,
          async (batch, from, to) => {
            await store.write(
              batch.map((op) => {
                if (op.type === 'del') model.delete(op.key);
                else model.set(op.key, Buffer.from(op.value, 'latin1').toString('latin1'));
                return op.type === 'del' ? del(op.key) : put(op.key, op.value);
              }),
              { sync: false },
            );
            const expected = [...model]
              .filter(([k]) => k >= from && k < to)
              .sort(([a], [b]) => (a < b ? -1 : 1))
              .map(([k, v]) => `${k}=${v}`);
            expect(await entries(store.slices(range(from, to)))).toEqual(expected);
          },
        ),
        { numRuns: 60 },
      );
    });
  });
}
