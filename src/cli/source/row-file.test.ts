import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { encodeNpyHeader } from './npy-header.ts';
import { openVectorFile } from './open-source.ts';
import type { RowFile } from './row-file.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'grape-rows-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function put(name: string, ...parts: readonly Uint8Array[]): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, Buffer.concat(parts));
  return path;
}

const bytesOf = (numbers: Float32Array | Float64Array | Int32Array | Uint16Array): Uint8Array =>
  new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);

const npy = (descr: string, shape: readonly number[], fortranOrder = false): Uint8Array =>
  encodeNpyHeader({ descr, fortranOrder, shape });

async function allRows(file: RowFile, from = 0): Promise<number[][]> {
  const rows: number[][] = [];
  for await (const vector of file.read(from)) rows.push([...vector]);
  return rows;
}

const ROWS = [
  [1, -2],
  [0.5, 3],
  [0, 1.5],
];
const FLAT = Float32Array.from(ROWS.flat());

describe('a file of vectors', () => {
  test.each([
    ['f4.npy', () => [npy('<f4', [3, 2]), bytesOf(FLAT)]],
    ['f8.npy', () => [npy('<f8', [3, 2]), bytesOf(Float64Array.from(FLAT))]],
    [
      'f2.npy',
      () => [
        npy('<f2', [3, 2]),
        bytesOf(Uint16Array.of(0x3c00, 0xc000, 0x3800, 0x4200, 0, 0x3e00)),
      ],
    ],
    ['a.fbin', () => [bytesOf(Int32Array.of(3, 2)), bytesOf(FLAT)]],
    [
      'a.fvecs',
      () => ROWS.flatMap((row) => [bytesOf(Int32Array.of(2)), bytesOf(Float32Array.from(row))]),
    ],
  ])('of kind %s is read row by row, from any row', async (name, parts) => {
    await using file = await openVectorFile(await put(name, ...parts()));
    expect([file.rows, file.dimension]).toEqual([3, 2]);
    expect(await allRows(file)).toEqual(ROWS);
    expect(await allRows(file, 2)).toEqual(ROWS.slice(2));
    expect(await allRows(file, 3)).toEqual([]);
    expect([...(await file.row(1))]).toEqual(ROWS[1]);
    await expect(file.row(3)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  test('is read right across the borders of pieces', async () => {
    const dimension = 700;
    const rows = 1000;
    const numbers = Float32Array.from({ length: rows * dimension }, (_, index) => index);
    await using file = await openVectorFile(
      await put('large.npy', npy('<f4', [rows, dimension]), bytesOf(numbers)),
    );
    let row = 0;
    for await (const vector of file.read(0)) {
      expect(vector.length).toBe(dimension);
      expect(vector[0]).toBe(row * dimension);
      expect(vector[dimension - 1]).toBe((row + 1) * dimension - 1);
      row += 1;
    }
    expect(row).toBe(rows);
  });

  test.each([
    ['short.npy', [npy('<f4', [4, 2]), bytesOf(FLAT)], 'should have'],
    ['long.npy', [npy('<f4', [2, 2]), bytesOf(FLAT)], 'should have'],
    ['fortran.npy', [npy('<f4', [3, 2], true), bytesOf(FLAT)], 'Fortran order'],
    ['big-endian.npy', [npy('>f4', [3, 2]), bytesOf(FLAT)], '>f4'],
    ['integers.npy', [npy('<i4', [3, 2]), bytesOf(FLAT)], '<i4'],
    ['flat.npy', [npy('<f4', [6]), bytesOf(FLAT)], '1 dimensions'],
    ['none.npy', [npy('<f4', [6, 0])], 'no numbers'],
    ['empty.npy', [], 'not an .npy file'],
    ['cut.npy', [npy('<f4', [3, 2]).subarray(0, 50)], 'within its header'],
    ['empty.fvecs', [], 'not an .fvecs file'],
    ['zero.fvecs', [new Uint8Array(8)], 'not an .fvecs file'],
    ['negative.fvecs', [bytesOf(Int32Array.of(-1, 0, 0, 0))], 'not an .fvecs file'],
    ['short.fbin', [bytesOf(Int32Array.of(3, 2)), bytesOf(FLAT).subarray(4)], 'should have'],
    ['empty.fbin', [], 'not an .fbin file'],
    ['unknown.txt', [], 'no known kind'],
  ])('%s is refused with the reason', async (name, parts, reason) => {
    const path = await put(name, ...parts);
    await expect(openVectorFile(path)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      field: path,
      message: expect.stringContaining(reason) as string,
    });
  });

  test('.fvecs with a row of another length is refused where it comes', async () => {
    const rows = [Int32Array.of(2, 0, 0), Int32Array.of(1, 0, 0)].map(bytesOf);
    await using file = await openVectorFile(await put('mixed.fvecs', ...rows));
    await expect(allRows(file)).rejects.toThrow('1 numbers in row 1, but 2 in the first');
  });

  test('that is not there is refused', async () => {
    await expect(openVectorFile(join(folder, 'absent.npy'))).rejects.toThrow('cannot be read');
  });

  test('of arbitrary bytes is opened or refused with a code', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('.npy', '.fvecs', '.fbin'),
        fc.uint8Array({ maxLength: 64 }),
        async (ending, bytes) => {
          const magic = ending === '.npy' ? Buffer.from('\x93NUMPY\x01\0', 'latin1') : Buffer.of();
          const path = await put(`fuzz${ending}`, magic, bytes);
          try {
            await using file = await openVectorFile(path);
            await allRows(file);
          } catch (error) {
            expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', field: path });
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
