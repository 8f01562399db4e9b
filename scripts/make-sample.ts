import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { seededRandom } from '../src/base/random.ts';
import { decodeFloat16 } from '../src/cli/source/float16.ts';
import { encodeNpyHeader, parseNpyHeader, parseNpyPreamble } from '../src/cli/source/npy-header.ts';

const SOURCE = fileURLToPath(new URL('../../shared/data/wordnet-768/', import.meta.url));
const TARGET = fileURLToPath(new URL('../samples/wordnet-sample/', import.meta.url));
const POINTS = 1_000;
const QUERIES = 50;
const NEIGHBOURS = 100;
const SEED = 768;
/** A few fields of meaning only, so that a small sample still has neighbours worth the name. */
const LEXNAMES = ['noun.animal', 'noun.food', 'noun.plant', 'noun.artifact', 'verb.motion'];

/** Rows of a float16 `.npy` file: their bytes, and their numbers. */
interface Rows {
  readonly dimension: number;
  bytes(row: number): Buffer;
  numbers(row: number): Float32Array;
}

async function readRows(path: string): Promise<Rows> {
  const file = await readFile(path);
  const preamble = parseNpyPreamble(file);
  if (typeof preamble === 'string') throw new Error(`${path} ${preamble}`);
  const offset = preamble.headerOffset + preamble.headerBytes;
  const header = parseNpyHeader(file.toString('latin1', preamble.headerOffset, offset));
  if (typeof header === 'string') throw new Error(`${path} ${header}`);
  if (header.descr !== '<f2') throw new Error(`${path} is not float16`);
  const dimension = header.shape[1] as number;
  const bytes = (row: number): Buffer =>
    file.subarray(offset + 2 * dimension * row, offset + 2 * dimension * (row + 1));
  return {
    dimension,
    bytes,
    numbers(row) {
      const numbers = new Float32Array(dimension);
      decodeFloat16(bytes(row), 0, numbers);
      return numbers;
    },
  };
}

async function readLines(path: string): Promise<string[]> {
  return (await readFile(path, 'utf8')).trimEnd().split('\n');
}

/** Seeded choice without repetition, in the order of the source. */
function choose(rows: readonly number[], count: number): number[] {
  const random = seededRandom(SEED);
  const pool = [...rows];
  for (let index = 0; index < count; index += 1) {
    const other = index + random.below(pool.length - index);
    [pool[index], pool[other]] = [pool[other] as number, pool[index] as number];
  }
  return pool.slice(0, count).toSorted((a, b) => a - b);
}

function cosine(a: Float32Array, b: Float32Array): number {
  let dot = 0;
  let aa = 0;
  let bb = 0;
  for (let index = 0; index < a.length; index += 1) {
    const x = a[index] as number;
    const y = b[index] as number;
    dot += x * y;
    aa += x * x;
    bb += y * y;
  }
  return dot / Math.sqrt(aa * bb);
}

/** Rows of the sample, nearest first; equal ones by row. */
function ranked(query: Float32Array, points: readonly Float32Array[]) {
  return points
    .map((point, row) => ({ row, score: cosine(query, point) }))
    .toSorted((a, b) => b.score - a.score || a.row - b.row)
    .slice(0, NEIGHBOURS);
}

function npy(descr: string, shape: readonly number[], data: readonly Uint8Array[]): Buffer {
  return Buffer.concat([encodeNpyHeader({ descr, fortranOrder: false, shape }), ...data]);
}

const vectors = await readRows(`${SOURCE}vectors.npy`);
const queries = await readRows(`${SOURCE}queries.npy`);
const pointLines = await readLines(`${SOURCE}points.jsonl`);
const queryLines = await readLines(`${SOURCE}queries.jsonl`);

const eligible = pointLines.flatMap((line, row) =>
  LEXNAMES.includes((JSON.parse(line) as { lexname: string }).lexname) ? [row] : [],
);
const rows = choose(eligible, POINTS);
const points = rows.map((row) => vectors.numbers(row));

// Of all queries those that have the nearest neighbour here: the others ask for what the sample does not hold.
const chosen = queryLines
  .map((line, row) => ({ line, row, nearest: ranked(queries.numbers(row), points) }))
  .toSorted((a, b) => (b.nearest[0]?.score ?? 0) - (a.nearest[0]?.score ?? 0))
  .slice(0, QUERIES)
  .toSorted((a, b) => a.row - b.row);

const { dimension } = vectors;
await mkdir(TARGET, { recursive: true });
await writeFile(`${TARGET}LICENSE`, await readFile(`${SOURCE}LICENSE`));
await writeFile(
  `${TARGET}vectors.npy`,
  npy(
    '<f2',
    [POINTS, dimension],
    rows.map((row) => vectors.bytes(row)),
  ),
);
await writeFile(`${TARGET}points.jsonl`, `${rows.map((row) => pointLines[row]).join('\n')}\n`);
await writeFile(
  `${TARGET}queries.npy`,
  npy(
    '<f2',
    [QUERIES, dimension],
    chosen.map(({ row }) => queries.bytes(row)),
  ),
);
await writeFile(`${TARGET}queries.jsonl`, `${chosen.map(({ line }) => line).join('\n')}\n`);
await writeFile(
  `${TARGET}truth.npy`,
  npy(
    '<i4',
    [QUERIES, NEIGHBOURS],
    chosen.map(({ nearest }) => {
      const numbers = Int32Array.from(nearest, ({ row }) => row);
      return new Uint8Array(numbers.buffer);
    }),
  ),
);
