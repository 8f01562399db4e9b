import type { VectorSchema } from '../collection-schema.ts';
import type { GraphEncoding } from './graph-engine.ts';
import { sampleMagnitude, sampleMean } from './sample-fit.ts';
import { usearchEngine, type VectorEncoder } from './usearch-engine.ts';

const ROWS_MAX = 256;

/**
 * One byte a dimension. The scale is such that one number in a thousand is cut off; distances (euclid, manhattan) are taken about the sample's mean, which
 * changes no distance and spares the codes an offset. Manhattan's candidates are found by euclid's.
 */
export const int8Engine = usearchEngine({
  scalar: 'i8',
  metric: ({ distance }) => (distance === 'cosine' ? 'cos' : distance === 'dot' ? 'ip' : 'l2sq'),
  fit({ dimension, distance }, sample) {
    const center =
      distance === 'euclid' || distance === 'manhattan' ? sampleMean(sample, dimension) : undefined;
    const scale = sampleMagnitude(sample, center, 0.999);
    return center === undefined ? { scale } : { scale, center };
  },
  encoder: (schema, encoding) => new Int8Encoder(schema, encoding),
});

class Int8Encoder implements VectorEncoder {
  readonly dimension: number;
  readonly rowsMax = ROWS_MAX;
  readonly #factor: number;
  readonly #center: Float32Array;
  #codes = new Int8Array(0);

  constructor(schema: VectorSchema, encoding: GraphEncoding) {
    this.dimension = schema.dimension;
    this.#factor = 127 / (encoding.scale ?? 1);
    this.#center = Float32Array.from(encoding.center ?? new Float32Array(schema.dimension));
  }

  encode(rows: Float32Array, count: number): Int8Array {
    const { dimension } = this;
    const center = this.#center;
    if (this.#codes.length < count * dimension) this.#codes = new Int8Array(count * dimension);
    const codes = this.#codes;
    const factor = this.#factor;
    for (let row = 0; row < count; row += 1) {
      const start = row * dimension;
      for (let i = 0; i < dimension; i += 1) {
        const code = ((rows[start + i] as number) - (center[i] as number)) * factor;
        codes[start + i] = code > 127 ? 127 : code < -127 ? -127 : Math.round(code);
      }
    }
    return codes.subarray(0, count * dimension);
  }
}
