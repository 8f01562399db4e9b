import { gaussian, type Random, seededRandom } from '../src/base/random.ts';
import { cachedFloats } from './cache-folder.ts';
import type { VectorSet } from './vector-set.ts';

const DIMENSION = 768;
const ROWS_PER_CLUSTER = 1000;
const CLUSTERS_MIN = 100;
/** Directions in which the rows of a cluster differ, as those of embeddings do, and how far. */
const DIRECTIONS = 16;
const SPREAD = 0.25;
/** Width of what is added to every number, about a third of how rows of a cluster differ. */
const NOISE = 2.5;
const SEED = 1;
export const CLUSTERED_QUERIES = 1000;

/** Changes with the generator, so that no older file is taken for what it makes. */
const VERSION = 'v3';

/** What files of such data are called by; another name where the generator makes something else. */
export const clusteredName = (rows: number): string => `clustered-${VERSION}-${rows}`;

/**
 * Vectors in clusters, one for a thousand rows and at least 100, each normally distributed along a few directions of its own and with noise in all, with
 * queries from the same clusters; the same for the same `rows` on every machine. Kept after the first time.
 *
 * How hard they are is set by the noise alone, and once: such that 100,000 of them take the engines about as long as they took when the engines were
 * chosen. There one bit a number (m 32, efConstruction 400) with rescoring came to a recall of 0.99 in 0.26 ms, int8 (m 16) to 0.995 in 0.24 ms.
 * With less noise one bit tells rows apart that it does not in embeddings: 0.12 ms were enough.
 */
export function clusteredData(rows: number): VectorSet {
  const name = clusteredName(rows);
  const all = cachedFloats(`${name}.f32`, () => draw(rows));
  return {
    name,
    dimension: DIMENSION,
    rows: all.subarray(0, rows * DIMENSION),
    queries: all.subarray(rows * DIMENSION),
  };
}

interface Cluster {
  readonly center: Float32Array;
  readonly directions: readonly Float32Array[];
}

function draw(rows: number): Float32Array {
  const random = seededRandom(SEED);
  const count = rows + CLUSTERED_QUERIES;
  const clusterCount = Math.max(CLUSTERS_MIN, Math.floor(rows / ROWS_PER_CLUSTER));
  const clusters = Array.from({ length: clusterCount }, () => cluster(random));
  const all = new Float32Array(count * DIMENSION);
  for (let index = 0; index < count; index += 1) {
    const row = all.subarray(index * DIMENSION, (index + 1) * DIMENSION);
    drawInto(row, clusters[random.below(clusterCount)] as Cluster, random);
  }
  return all;
}

function cluster(random: Random): Cluster {
  const normal = (): Float32Array =>
    Float32Array.from({ length: DIMENSION }, () => gaussian(random));
  return { center: normal(), directions: Array.from({ length: DIRECTIONS }, normal) };
}

function drawInto(row: Float32Array, { center, directions }: Cluster, random: Random): void {
  row.set(center);
  for (const direction of directions) {
    const factor = SPREAD * gaussian(random);
    for (let i = 0; i < DIMENSION; i += 1) {
      row[i] = (row[i] as number) + factor * (direction[i] as number);
    }
  }
  let squares = 0;
  for (let i = 0; i < DIMENSION; i += 1) {
    const value = (row[i] as number) + NOISE * (random.next() - 0.5);
    row[i] = value;
    squares += value * value;
  }
  const scale = 1 / Math.sqrt(squares);
  for (let i = 0; i < DIMENSION; i += 1) row[i] = (row[i] as number) * scale;
}
