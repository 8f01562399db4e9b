import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gaussian, seededRandom } from '../../src/base/random.ts';
import { QUANTIZATIONS, type Quantization } from '../../src/index/collection-schema.ts';
import type { Distance } from '../../src/index/distance.ts';
import { engineFor } from '../../src/index/engine/engine-for.ts';
import { VectorArena } from '../../src/index/vector-arena.ts';

/**
 * Build speed, search time and recall@10 of every engine, candidates rescored with the original vectors as a search does; one thread.
 *
 *   node bench/micro/engines.ts --data wordnet|clustered [--rows n] [--distance cosine] [--engine binary] [--m 32] [--ef-construction 400]
 */
const { values } = parseArgs({
  options: {
    data: { type: 'string', default: 'wordnet' },
    rows: { type: 'string', default: '20000' },
    distance: { type: 'string', default: 'cosine' },
    engine: { type: 'string', multiple: true, default: [...QUANTIZATIONS] },
    m: { type: 'string', default: '32' },
    'ef-construction': { type: 'string', default: '400' },
    ef: { type: 'string', multiple: true, default: ['64', '100', '200', '400', '800'] },
  },
});

const LIMIT = 10;
const distance = values.distance as Distance;

interface DataSet {
  readonly dimension: number;
  readonly rows: Float32Array;
  readonly queries: Float32Array;
}

const data = values.data === 'wordnet' ? wordnet() : clustered(Number(values.rows), 768);
const { dimension } = data;
const count = data.rows.length / dimension;
const queryCount = data.queries.length / dimension;
const arena = VectorArena.create({ dimension, capacity: count, lanes: 1 });
for (let slot = 0; slot < count; slot += 1) arena.write(slot, rowOf(data.rows, slot));
const truth = Array.from(
  { length: queryCount },
  (_, i) => arena.nearest(distance, rowOf(data.queries, i), 0, count, LIMIT).slots,
);

console.log(
  `${values.data}: ${count} x ${dimension}, ${distance}, m ${values.m}, efConstruction ${values['ef-construction']}, ${queryCount} queries`,
);
console.log('engine    ef/candidates  recall@10  walk us  rescore us  build/s');
for (const quantization of values.engine as Quantization[]) measure(quantization);

function measure(quantization: Quantization): void {
  const engine = engineFor(quantization);
  const schema = {
    ...{ dimension, distance, quantization, efSearch: 100 },
    ...{ m: Number(values.m), efConstruction: Number(values['ef-construction']) },
  };
  const builder = engine.create(schema, data.rows.subarray(0, 2000 * dimension));
  const start = cpuMs();
  for (let first = 0; first < count; first += 1000) {
    const last = Math.min(count, first + 1000);
    const slots = Uint32Array.from({ length: last - first }, (_, i) => first + i);
    builder.add(slots, data.rows.subarray(first * dimension, last * dimension));
  }
  const perSecond = (count / (cpuMs() - start)) * 1000;
  const directory = mkdtempSync(join(tmpdir(), 'bench-'));
  const path = join(directory, 'graph');
  builder.save(path);
  const view = engine.open(schema, path, builder.encoding);
  for (const ef of values.ef.map(Number)) {
    const scores = new Float32Array(ef);
    let hits = 0;
    let walkMs = 0;
    let rescoreMs = 0;
    for (let i = 0; i < queryCount; i += 1) {
      const query = rowOf(data.queries, i);
      const began = performance.now();
      const slots = view.search(query, ef);
      const walked = performance.now();
      arena.score(distance, query, slots, slots.length, scores);
      rescoreMs += performance.now() - walked;
      walkMs += walked - began;
      hits += hitsOf(slots, scores, truth[i] as Uint32Array);
    }
    const micro = (ms: number): string => ((ms * 1000) / queryCount).toFixed(0);
    console.log(
      [
        quantization.padEnd(9),
        String(ef).padStart(13),
        (hits / (queryCount * LIMIT)).toFixed(4).padStart(10),
        micro(walkMs).padStart(8),
        micro(rescoreMs).padStart(11),
        perSecond.toFixed(0).padStart(8),
      ].join(' '),
    );
  }
  rmSync(directory, { recursive: true });
}

function hitsOf(slots: Uint32Array, scores: Float32Array, wanted: Uint32Array): number {
  const sign = distance === 'cosine' || distance === 'dot' ? -1 : 1;
  const order = [...slots.keys()].sort(
    (a, b) => sign * ((scores[a] as number) - (scores[b] as number)),
  );
  const found = new Set(order.slice(0, LIMIT).map((i) => slots[i]));
  return wanted.reduce((total, slot) => total + (found.has(slot) ? 1 : 0), 0);
}

function rowOf(all: Float32Array, row: number, width = data.dimension): Float32Array {
  return all.subarray(row * width, (row + 1) * width);
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function wordnet(): DataSet {
  const folder = new URL('../../../shared/data/wordnet-768/', import.meta.url);
  const read = (name: string): Float32Array => {
    const file = readFileSync(new URL(name, folder));
    const header = 10 + file.readUInt16LE(8);
    const bytes = file.buffer.slice(file.byteOffset + header, file.byteOffset + file.length);
    return Float32Array.from(new Uint16Array(bytes), fromHalf);
  };
  return { dimension: 768, rows: read('vectors.npy'), queries: read('queries.npy') };
}

function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/**
 * Clusters of rows that differ in a few directions of their own and in a little noise, as embeddings do: one for a thousand rows, at least
 * 100; of length 1 for cosine.
 */
function clustered(rowCount: number, width: number): DataSet {
  const random = seededRandom(1);
  const directions = 16;
  const normal = (): Float32Array => Float32Array.from({ length: width }, () => gaussian(random));
  const clusters = Array.from({ length: Math.max(100, rowCount / 1000) }, () => ({
    center: normal(),
    spread: Array.from({ length: directions }, normal),
  }));
  const draw = (total: number): Float32Array => {
    const all = new Float32Array(total * width);
    for (let slot = 0; slot < total; slot += 1) {
      const { center, spread } = clusters[random.below(clusters.length)] as (typeof clusters)[0];
      const row = rowOf(all, slot, width);
      row.set(center);
      for (const direction of spread) addScaled(row, direction, 0.25 * gaussian(random));
      for (let i = 0; i < width; i += 1) row[i] = (row[i] as number) + 0.2 * (random.next() - 0.5);
      if (distance === 'cosine') addScaled(row, row, 1 / Math.hypot(...row) - 1);
    }
    return all;
  };
  return { dimension: width, rows: draw(rowCount), queries: draw(200) };
}

function addScaled(row: Float32Array, other: Float32Array, factor: number): void {
  for (let i = 0; i < row.length; i += 1) {
    row[i] = (row[i] as number) + factor * (other[i] as number);
  }
}
