import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkUsearchFile } from './usearch-file.ts';
import { UsearchGraph } from './usearch-graph.ts';

const options = { dimension: 8, scalar: 'i8', metric: 'l2sq', m: 4, efConstruction: 16 } as const;
const ROWS = 300;

let directory = '';
let whole: Buffer = Buffer.alloc(0);
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'usearch-'));
  const graph = new UsearchGraph(options);
  const rows = Int8Array.from({ length: ROWS * 8 }, (_, i) => (i * 37) % 255);
  graph.add(
    Uint32Array.from({ length: ROWS }, (_, i) => i),
    rows,
  );
  graph.save(join(directory, 'whole'));
  whole = readFileSync(join(directory, 'whole'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const corrupt = expect.objectContaining({ code: 'DATA_CORRUPT' });

function check(bytes: Uint8Array): void {
  const path = join(directory, 'damaged');
  writeFileSync(path, bytes);
  checkUsearchFile(path);
}

describe('a graph file', () => {
  test('is as long as its heads say', () => {
    expect(() => check(whole)).not.toThrow();
  });

  test('of no rows is one, too', () => {
    const path = join(directory, 'empty');
    new UsearchGraph(options).save(path);
    expect(() => checkUsearchFile(path)).not.toThrow();
  });

  test('that is cut off anywhere is corrupt', () => {
    for (let length = 0; length < whole.length; length += 97) {
      expect(() => check(whole.subarray(0, length))).toThrow(corrupt);
    }
    expect(() => check(whole.subarray(0, -1))).toThrow(corrupt);
  });

  test('that goes on after its end is corrupt', () => {
    expect(() => check(Buffer.concat([whole, Buffer.alloc(1)]))).toThrow(corrupt);
  });

  test('with other counts in its heads is corrupt', () => {
    const graphHead = 8 + ROWS * 8 + 64;
    for (const at of [0, 4, graphHead, graphHead + 8, graphHead + 16, graphHead + 40]) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] as number) ^ 1;
      expect(() => check(damaged)).toThrow(corrupt);
    }
  });

  test('of zeros or of ones is corrupt', () => {
    expect(() => check(Buffer.alloc(whole.length))).toThrow(corrupt);
    expect(() => check(Buffer.alloc(whole.length, 255))).toThrow(corrupt);
  });

  test('is read only after the check, by either way', () => {
    const path = join(directory, 'cut');
    writeFileSync(path, whole.subarray(0, whole.length / 2));
    expect(() => new UsearchGraph(options).load(path)).toThrow(corrupt);
    expect(() => new UsearchGraph(options).view(path)).toThrow(corrupt);
  });
});
