import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { IdChoice } from './id-choice.ts';
import { SOURCE_START, type ImportSource, type PositionedPoint } from './import-source.ts';
import { readLines } from './line-reader.ts';
import { encodeNpyHeader } from './npy-header.ts';
import { openSource } from './open-source.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grape-source-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function put(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

function npyOf(rows: readonly (readonly number[])[]): Uint8Array {
  const shape = [rows.length, rows[0]?.length ?? 1];
  const header = encodeNpyHeader({ descr: '<f4', fortranOrder: false, shape });
  return Buffer.concat([header, new Uint8Array(Float32Array.from(rows.flat()).buffer)]);
}

async function all(source: ImportSource, from = SOURCE_START): Promise<PositionedPoint[]> {
  const points: PositionedPoint[] = [];
  for await (const point of source.points(from)) points.push(point);
  return points;
}

const open = (
  path: string,
  options: { payloads?: string; ids?: IdChoice; vectorName?: string } = {},
): Promise<ImportSource> =>
  openSource({
    path,
    payloads: options.payloads,
    ids: options.ids ?? { kind: 'auto' },
    vectorName: options.vectorName ?? '',
  });

const seen = ({ point }: PositionedPoint): unknown => [
  point.id,
  Object.fromEntries(Object.entries(point.vectors).map(([name, vector]) => [name, [...vector]])),
  Buffer.from(point.payload).toString(),
];

describe('vectors with payloads', () => {
  const VECTORS = [
    [1, 2],
    [3, 4],
    [5, 6],
  ];
  const LINES = '{"id":"a","n":1.0}\r\n{"n":2,"id":18446744073709551615}\n{"id":7}';

  test('keep the lines as payloads and take ids from the field `id`', async () => {
    const vectors = await put('v.npy', npyOf(VECTORS));
    await using source = await open(vectors, { payloads: await put('p.jsonl', LINES) });
    expect(source.rows).toBe(3);
    expect(source.dimensions).toEqual({ '': 2 });
    expect((await all(source)).map(seen)).toEqual([
      ['a', { '': [1, 2] }, '{"id":"a","n":1.0}'],
      [18446744073709551615n, { '': [3, 4] }, '{"n":2,"id":18446744073709551615}'],
      [7, { '': [5, 6] }, '{"id":7}'],
    ]);
  });

  test('go on from any position', async () => {
    const vectors = await put('v.npy', npyOf(VECTORS));
    await using source = await open(vectors, { payloads: await put('p.jsonl', LINES) });
    const whole = await all(source);
    for (const [index, { after }] of whole.entries()) {
      expect((await all(source, after)).map(seen)).toEqual(whole.slice(index + 1).map(seen));
    }
  });

  test('are numbered where there is no `id`, no payload, or where it is asked for', async () => {
    const vectors = await put('v.npy', npyOf(VECTORS));
    const without = await put('n.jsonl', '{"n":1}\n{"id":5}\n\n');
    await using bare = await open(vectors);
    await using anonymous = await open(vectors, { payloads: without });
    const payloads = await put('p.jsonl', LINES);
    await using range = await open(vectors, { payloads, ids: { kind: 'range' } });
    for (const source of [bare, anonymous, range]) {
      expect((await all(source)).map(({ point }) => point.id)).toEqual([0, 1, 2]);
    }
  });

  test('may take ids from another field, and may be for a named vector', async () => {
    const vectors = await put('v.npy', npyOf(VECTORS.slice(0, 1)));
    const payloads = await put('k.jsonl', '{"key":"x"}');
    const ids = { kind: 'field', field: 'key' } as const;
    await using source = await open(vectors, { payloads, ids, vectorName: 'text' });
    expect((await all(source)).map(seen)).toEqual([['x', { text: [1, 2] }, '{"key":"x"}']]);
    await expect(open(vectors, { ids })).rejects.toMatchObject({ field: '--ids' });
  });

  test.each([
    ['{"id":1}\n{"id":2}\n', ':3 is missing'],
    ['{"id":1}\n{"id":2}\n{"id":3}\n{"id":4}\n', ':4 is one too many'],
    ['{"id":1}\n{"x":2}\n{"id":3}\n', ':2 has no member "id"'],
    ['{"id":1}\n{"id":-2}\n{"id":3}\n', ':2 "id" is -2'],
    ['{"id":1}\n{"id":2.5}\n{"id":3}\n', ':2 "id" is 2.5'],
    ['{"id":1}\n["id"]\n{"id":3}\n', ':2 is not a JSON object'],
  ])('that do not fit are refused at their line: %j', async (text, reason) => {
    const vectors = await put('v.npy', npyOf(VECTORS));
    await using source = await open(vectors, { payloads: await put('bad.jsonl', text) });
    await expect(all(source)).rejects.toThrow(reason);
  });

  test('are found in a folder', async () => {
    const { mkdir } = await import('node:fs/promises');
    await mkdir(join(folder, 'set'), { recursive: true });
    await put('set/vectors.npy', npyOf(VECTORS));
    await put('set/points.jsonl', LINES);
    await using source = await open(join(folder, 'set'));
    expect((await all(source)).map(({ point }) => point.id)).toEqual([
      'a',
      18446744073709551615n,
      7,
    ]);
  });
});

describe('points as JSON lines', () => {
  test('keep the payload as it was written', async () => {
    const path = await put(
      'points.jsonl',
      '\ufeff{"id":1,"vector":[1,2.5],"payload":{ "a": 1.0, "b":"}" }}\n\n' +
        '{"vectors":{"t":[3]},"id":"x","vector":[1,2],"payload":null}',
    );
    await using source = await open(path);
    expect(source.dimensions).toEqual({ '': 2 });
    const points = await all(source);
    expect(points.map(seen)).toEqual([
      [1, { '': [1, 2.5] }, '{ "a": 1.0, "b":"}" }'],
      ['x', { '': [1, 2], t: [3] }, ''],
    ]);
    expect((await all(source, points[0]?.after)).map(seen)).toEqual(points.slice(1).map(seen));
  });

  test.each([
    ['{"id":1}', 'has no vector'],
    ['{"id":1,"vector":[]}', 'not a list of numbers'],
    ['{"id":1,"vector":[1,"2"]}', 'has no number at 1'],
    ['{"id":1,"vector":[1,]}', 'is not JSON'],
    ['{"id":1,"vector":[1],"payload":[]}', '"payload" is not an object'],
    ['{"id":1,"vector":[1],"words":"x"}', 'has a member "words"'],
    ['{"vector":[1]}', 'has no member "id"'],
    ['', 'holds no points'],
  ])('are refused where they are none: %s', async (text, reason) => {
    await expect(open(await put('bad.jsonl', text))).rejects.toThrow(reason);
  });
});

describe('readLines', () => {
  test('gives back the lines that were joined, each with where the next begins', async () => {
    const line = fc
      .string({ unit: 'grapheme', maxLength: 20 })
      .filter((text) => !/[\n\r]$|[\n\ufeff]/.test(text));
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.constantFrom('\n', '\r\n'), async (lines, end) => {
        const path = await put('lines.txt', lines.map((text) => text + end).join(''));
        let offset = 0;
        const found: string[] = [];
        for await (const { bytes, end: next } of readLines(path)) {
          found.push(bytes.toString());
          offset += bytes.length + end.length;
          expect(next).toBe(offset);
        }
        expect(found).toEqual(lines);
      }),
      { numRuns: 50 },
    );
  });

  test('joins lines longer than a piece of the file', async () => {
    const long = 'x'.repeat(700_000);
    const path = await put('long.txt', `a\n${long}\nb\n${long}`);
    const found: number[] = [];
    for await (const { bytes } of readLines(path)) found.push(bytes.length);
    expect(found).toEqual([1, 700_000, 1, 700_000]);
  });
});
