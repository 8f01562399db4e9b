import { readFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { Bitset } from '../bitset.ts';
import { PAYLOAD_INDEX_KINDS, type PayloadIndexSchema } from '../collection-schema.ts';
import { parsePayloadText } from '../payload/payload-json.ts';
import type { PayloadObject } from '../payload/payload-value.ts';
import { buildFieldIndex, openFieldIndex } from './field-index-file.ts';
import type { FieldIndex, FieldQuestion } from './field-index.ts';

/** One row for each value of `k`; undefined: a row without it. */
function build(schema: PayloadIndexSchema, values: readonly (string | undefined)[], key = 'k') {
  const rows = values.map((text, slot) => ({
    slot,
    payload: (text === undefined ? {} : parsePayloadText(`{"k":${text}}`)) as PayloadObject,
  }));
  return buildFieldIndex({ key, schema, rowCount: values.length, rows });
}

function slotsOf(index: FieldIndex, question: FieldQuestion): number[] | undefined {
  const answer = index.answer(question);
  if (answer === undefined) return undefined;
  const bits = new Bitset(index.rowCount);
  answer.fill(bits);
  const slots: number[] = [];
  bits.forEach((slot) => slots.push(slot));
  expect(answer.estimate.min).toBeLessThanOrEqual(slots.length);
  expect(answer.estimate.max).toBeGreaterThanOrEqual(slots.length);
  return slots;
}

const VALUES = ['"b"', undefined, 'null', '["a",7,"b"]', '7', '1.0', 'true', '[]', '"2024-01-01"', '{"lon":1,"lat":2}', '"ab"', '[null]'] as const; // prettier-ignore
const open = (schema: PayloadIndexSchema) => openFieldIndex(build(schema, VALUES));

describe('a payload index', () => {
  test.each<[PayloadIndexSchema['kind'], FieldQuestion, number[] | undefined]>([
    ['keyword', { kind: 'value', value: 'b' }, [0, 3]],
    ['keyword', { kind: 'value', value: 'zz' }, []],
    ['keyword', { kind: 'value', value: 7 }, undefined],
    ['keyword', { kind: 'any', values: ['a', 'ab'] }, [3, 10]],
    ['keyword', { kind: 'any', values: [] }, []],
    ['keyword', { kind: 'except', values: ['b'] }, [3, 4, 5, 6, 8, 9, 10]],
    ['keyword', { kind: 'except', values: [] }, [0, 3, 4, 5, 6, 8, 9, 10]],
    ['keyword', { kind: 'prefix', text: 'a' }, [3, 10]],
    ['keyword', { kind: 'prefix', text: '' }, [0, 3, 8, 10]],
    ['keyword', { kind: 'text', text: 'a' }, undefined],
    ['keyword', { kind: 'range', gt: 0 }, undefined],
    ['uuid', { kind: 'value', value: 'b' }, [0, 3]],
    ['integer', { kind: 'value', value: 7 }, [3, 4]],
    ['integer', { kind: 'value', value: 7n }, [3, 4]],
    ['integer', { kind: 'value', value: 1 }, []],
    ['integer', { kind: 'range', gte: 1, lt: 7 }, [5]],
    ['integer', { kind: 'range' }, [3, 4, 5]],
    ['integer', { kind: 'prefix', text: '7' }, undefined],
    ['float', { kind: 'range', gt: 1 }, [3, 4]],
    ['float', { kind: 'value', value: 7 }, undefined],
    ['bool', { kind: 'value', value: true }, [6]],
    ['bool', { kind: 'value', value: false }, []],
    ['datetime', { kind: 'datetimeRange', gt: 0 }, [8]],
    ['datetime', { kind: 'range', gt: 0 }, undefined],
    ['geo', { kind: 'geoRadius', center: { lon: 1, lat: 2 }, radiusMeters: 1 }, [9]],
    ['geo', { kind: 'geoRadius', center: { lon: 1, lat: 3 }, radiusMeters: 1 }, []],
    ['text', { kind: 'text', text: 'A b' }, [3]],
    ['text', { kind: 'textAny', text: 'a ab' }, [3, 10]],
    ['text', { kind: 'phrase', text: 'b a' }, [3]],
    ['text', { kind: 'value', value: 'a' }, undefined],
  ])('of kind %s answers %o with the rows %o', (kind, question, expected) => {
    expect(slotsOf(open({ kind }), question)).toEqual(expected);
  });

  test.each(PAYLOAD_INDEX_KINDS)('of kind %s tells empty fields, nulls and counts', (kind) => {
    const index = open({ kind });
    expect(slotsOf(index, { kind: 'isEmpty' })).toEqual([1, 2, 7]);
    expect(slotsOf(index, { kind: 'isNull' })).toEqual([2, 11]);
    expect(slotsOf(index, { kind: 'valuesCount', gt: 1 })).toEqual([3]);
    expect(slotsOf(index, { kind: 'valuesCount', lt: 1 })).toEqual([1, 2, 7]);
    expect(index).toMatchObject({ kind, rowCount: VALUES.length });
  });

  test('of a path that finds several values in a row does not count them', () => {
    const one = openFieldIndex(build({ kind: 'integer' }, ['[{"x":1}]'], 'k[].x'));
    const two = openFieldIndex(build({ kind: 'integer' }, ['[{"x":1},{"x":2}]'], 'k[].x'));
    expect(slotsOf(one, { kind: 'valuesCount', gte: 1 })).toEqual([0]);
    expect(slotsOf(two, { kind: 'valuesCount', gte: 1 })).toBeUndefined();
    expect(slotsOf(two, { kind: 'value', value: 2 })).toEqual([0]);
  });

  test.each(PAYLOAD_INDEX_KINDS)('of kind %s may have no rows', (kind) => {
    expect(slotsOf(openFieldIndex(build({ kind }, [])), { kind: 'isEmpty' })).toEqual([]);
  });

  test('keeps frequent terms as bitmaps, and rows beyond 32-bit words', () => {
    const values = Array.from({ length: 1000 }, (_, i) =>
      i % 3 === 0 ? '"often"' : `"rare-${i}"`,
    );
    const index = openFieldIndex(build({ kind: 'keyword' }, values));
    const often = slotsOf(index, { kind: 'value', value: 'often' });
    expect(often).toHaveLength(334);
    expect(often?.every((slot) => slot % 3 === 0)).toBe(true);
    expect(slotsOf(index, { kind: 'value', value: 'rare-998' })).toEqual([998]);
    expect(index.answer({ kind: 'value', value: 'often' })?.estimate).toEqual({
      min: 334,
      expected: 334,
      max: 334,
    });
  });

  test('fills without clearing what is set', () => {
    const bits = new Bitset(VALUES.length);
    bits.add(11);
    open({ kind: 'keyword' }).answer({ kind: 'value', value: 'b' })?.fill(bits);
    expect(bits.count()).toBe(3);
    expect(bits.has(11)).toBe(true);
  });

  test('opens over its own bytes, wherever they begin', () => {
    const file = build({ kind: 'float' }, ['1', '2', '3']);
    for (let shift = 0; shift < 9; shift += 1) {
      const moved = new Uint8Array(file.length + shift).subarray(shift);
      moved.set(file);
      expect(slotsOf(openFieldIndex(moved), { kind: 'range', gt: 1 })).toEqual([1, 2]);
    }
  });
});

describe('a payload index file', () => {
  test.each(PAYLOAD_INDEX_KINDS)(
    'of kind %s is refused with any bit flipped or byte missing',
    (kind) => {
      const file = build({ kind }, [
        '"a"',
        '1',
        'true',
        '{"lon":1,"lat":2}',
        '"2024-01-01"',
        'null',
      ]);
      const corrupt = expect.objectContaining({ code: 'DATA_CORRUPT' });
      for (let bit = 0; bit < file.length * 8; bit += 1) {
        const damaged = file.slice();
        damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
        expect(() => openFieldIndex(damaged)).toThrow(corrupt);
      }
      for (let length = 0; length < file.length; length += 7) {
        expect(() => openFieldIndex(file.slice(0, length))).toThrow(corrupt);
      }
    },
  );

  test('of a newer version is refused with a message that says so', () => {
    const file = Buffer.from(build({ kind: 'bool' }, ['true']));
    file.writeUInt16LE(2, 8);
    file.writeUInt32LE(crc32(file.subarray(8)), 4);
    expect(() => openFieldIndex(file)).toThrow(
      expect.objectContaining({
        code: 'FAILED_PRECONDITION',
        message: expect.stringContaining('version 2'),
      }),
    );
  });

  test('is byte for byte what version 1 is', () => {
    const golden = JSON.parse(
      readFileSync(new URL('../../../test/golden/payload-index-v1.json', import.meta.url), 'utf8'),
    ) as Record<string, string>;
    for (const kind of PAYLOAD_INDEX_KINDS) {
      expect(Buffer.from(build({ kind }, VALUES)).toString('hex')).toBe(golden[kind]);
    }
  });
});
