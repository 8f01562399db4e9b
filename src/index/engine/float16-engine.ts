import type { VectorSchema } from '../collection-schema.ts';
import type { GraphEncoding } from './graph-engine.ts';
import { sampleMagnitude, sampleMean } from './sample-fit.ts';
import { usearchEngine, type VectorEncoder } from './usearch-engine.ts';

const ROWS_MAX = 256;

/**
 * Half precision: two bytes a dimension. Numbers are divided by the largest of the sample, so that they lie where half precision is dense and does
 * not overflow; distances are taken about the sample's mean. Manhattan's candidates are found by euclid's.
 */
export const float16Engine = usearchEngine({
  scalar: 'f16',
  metric: ({ distance }) => (distance === 'cosine' ? 'cos' : distance === 'dot' ? 'ip' : 'l2sq'),
  fit({ dimension, distance }, sample) {
    const center =
      distance === 'euclid' || distance === 'manhattan' ? sampleMean(sample, dimension) : undefined;
    const scale = sampleMagnitude(sample, center, 1);
    return center === undefined ? { scale } : { scale, center };
  },
  encoder: (schema, encoding) => new ScaledEncoder(schema, encoding),
});

class ScaledEncoder implements VectorEncoder {
  readonly dimension: number;
  readonly rowsMax = ROWS_MAX;
  readonly #factor: number;
  readonly #center: Float32Array;
  #scaled = new Float32Array(0);

  constructor(schema: VectorSchema, encoding: GraphEncoding) {
    this.dimension = schema.dimension;
    this.#factor = 1 / (encoding.scale ?? 1);
    this.#center = Float32Array.from(encoding.center ?? new Float32Array(schema.dimension));
  }

  encode(rows: Float32Array, count: number): Float32Array {
    const { dimension } = this;
    const center = this.#center;
    if (this.#scaled.length < count * dimension) this.#scaled = new Float32Array(count * dimension);
    const scaled = this.#scaled;
    const factor = this.#factor;
    for (let row = 0; row < count; row += 1) {
      const start = row * dimension;
      for (let i = 0; i < dimension; i += 1) {
        scaled[start + i] = ((rows[start + i] as number) - (center[i] as number)) * factor;
      }
    }
    return scaled.subarray(0, count * dimension);
  }
}
