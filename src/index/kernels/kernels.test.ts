import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { generateKernels } from '../../../scripts/generate-kernels.ts';
import { gaussian, seededRandom } from '../../base/random.ts';
import { kernelsOver } from './kernels.ts';

const WIDTH = 80;
const ROWS = 9;
const QUERY = 0;
const QUERY_CODES = WIDTH * 4;
const SLOTS = QUERY_CODES + WIDTH;
const OUT = 1024;
const META = 2048;
const CODES = 4096;
const ROWS_AT = 8192;

function scored(variant: 'fastest' | 'plain'): Float32Array[] {
  const memory = new WebAssembly.Memory({ initial: 2, maximum: 2, shared: true });
  const kernels = kernelsOver(memory, variant);
  const random = seededRandom(4);
  const numbers = new Float32Array(memory.buffer);
  for (let i = 0; i < WIDTH; i += 1) numbers[QUERY / 4 + i] = gaussian(random);
  for (let i = 0; i < ROWS * WIDTH; i += 1) numbers[ROWS_AT / 4 + i] = gaussian(random);
  new Uint32Array(memory.buffer).set([8, 1, 5, 0, 2, 3], SLOTS / 4);
  const out = (count: number): Float32Array => numbers.slice(OUT / 4, OUT / 4 + count);
  const results: Float32Array[] = [];
  for (const kind of ['dot', 'euclid', 'manhattan'] as const) {
    kernels[`${kind}Slots`](ROWS_AT, SLOTS, 6, QUERY, WIDTH, OUT);
    results.push(out(6));
    kernels[`${kind}Range`](ROWS_AT, ROWS, QUERY, WIDTH, OUT);
    results.push(out(ROWS));
  }
  for (let row = 0; row < ROWS; row += 1) {
    kernels.encodeRow(ROWS_AT + row * WIDTH * 4, WIDTH, CODES + row * WIDTH, META + row * 12);
  }
  const step = kernels.encodeQuery(QUERY, WIDTH, QUERY_CODES);
  for (const euclid of [0, 1] as const) {
    kernels.scanCodes(CODES, META, ROWS, QUERY_CODES, WIDTH, step, euclid, OUT);
    results.push(out(ROWS));
  }
  return results;
}

test('kernels with and without relaxed SIMD score alike', () => {
  const plain = scored('plain');
  scored('fastest').forEach((scores, kind) => {
    scores.forEach((score, i) => expect(score).toBeCloseTo(plain[kind]?.[i] as number, 4));
  });
});

test('rows at places and rows in a range have the same scores', () => {
  const [dotSlots, dotRange, euclidSlots, euclidRange, manhattanSlots, manhattanRange] =
    scored('fastest');
  [8, 1, 5, 0, 2, 3].forEach((slot, i) => {
    expect(dotSlots?.[i]).toBe(dotRange?.[slot]);
    expect(euclidSlots?.[i]).toBe(euclidRange?.[slot]);
    expect(manhattanSlots?.[i]).toBe(manhattanRange?.[slot]);
  });
});

test('scores by codes are near the exact ones', () => {
  const results = scored('fastest');
  const exact = results[1] as Float32Array;
  const coded = results[6] as Float32Array;
  coded.forEach((score, i) => expect(Math.abs(score - (exact[i] as number))).toBeLessThan(0.6));
  expect(coded).not.toEqual(exact);
});

test('the committed kernels are those of the source', { timeout: 60_000 }, async () => {
  for (const { path, content } of await generateKernels()) {
    const committed = readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
    expect(committed === content, `${path} is made anew by npm run generate`).toBe(true);
  }
});
