import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { openNpyFile } from '../src/cli/source/npy-file.ts';
import { parseNpyHeader, parseNpyPreamble } from '../src/cli/source/npy-header.ts';
import type { Truth } from './truth.ts';
import { countOf, type VectorSet } from './vector-set.ts';

const LARGE = fileURLToPath(new URL('../../shared/data/wordnet-768/', import.meta.url));
const SAMPLE = fileURLToPath(new URL('../samples/wordnet-sample/', import.meta.url));

/** Real vectors with what they are, and which are nearest. */
export interface WordnetData {
  readonly set: VectorSet;
  readonly truth: Truth;
  /** The JSON text of each row. */
  readonly payloads: readonly string[];
}

/** 20,000 WordNet synsets where `../shared` has them, else the sample of 1,000 that comes with the project; which of them is in the set's name. */
export async function wordnetData(sample = !existsSync(LARGE)): Promise<WordnetData> {
  const folder = sample ? SAMPLE : LARGE;
  const rows = await readVectors(`${folder}vectors.npy`);
  const queries = await readVectors(`${folder}queries.npy`);
  const name = sample ? 'wordnet-sample' : 'wordnet-768';
  const set = { name, dimension: rows.dimension, rows: rows.numbers, queries: queries.numbers };
  const payloads = readFileSync(`${folder}points.jsonl`, 'utf8').trimEnd().split('\n');
  return { set, truth: readTruth(`${folder}truth.npy`, countOf(set, 'queries')), payloads };
}

async function readVectors(path: string): Promise<{ dimension: number; numbers: Float32Array }> {
  await using file = await openNpyFile(path);
  const numbers = new Float32Array(file.rows * file.dimension);
  let at = 0;
  for await (const vector of file.read(0)) {
    numbers.set(vector, at);
    at += vector.length;
  }
  return { dimension: file.dimension, numbers };
}

function readTruth(path: string, queries: number): Truth {
  const bytes = readFileSync(path);
  const preamble = parseNpyPreamble(bytes);
  if (typeof preamble === 'string') throw new Error(`${path} ${preamble}`);
  const dataOffset = preamble.headerOffset + preamble.headerBytes;
  const header = parseNpyHeader(bytes.toString('latin1', preamble.headerOffset, dataOffset));
  if (typeof header === 'string') throw new Error(`${path} ${header}`);
  const width = header.shape[1] ?? 0;
  if (header.descr !== '<i4' || header.shape[0] !== queries) {
    throw new Error(`${path} does not hold a row of whole numbers for each query`);
  }
  return { width, rows: new Int32Array(Uint8Array.from(bytes.subarray(dataOffset)).buffer) };
}
