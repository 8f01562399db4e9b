import type { VectorSchema } from '../collection-schema.ts';
import type { GraphEncoding } from './graph-engine.ts';
import { Rotation } from './rotation.ts';
import { sampleLength, sampleMean } from './sample-fit.ts';
import { type UsearchEncoding, usearchEngine, type VectorEncoder } from './usearch-engine.ts';

/** Fewer bits than this tell too little apart, however few the dimensions. */
const BITS_MIN = 256;
const ROTATION_SEED = 20_260_119;

/**
 * One bit a dimension, after a random rotation. Bits tell angles apart, so vectors are placed first such that the angle decides: they are moved by the sample's
 * mean, and get one more number that completes them to a common length, that of the sample's longest (Neyshabur and Srebro 2015, "On symmetric and
 * asymmetric LSHs for inner product search"). Then the angle between two grows with their distance, which under cosine, where all have length 1,
 * is as good as the angle they had. Under dot product the query stays as it is: rows moved by the mean change its products by one amount.
 */
export const binaryEncoding: UsearchEncoding = {
  scalar: 'b1',
  metric: () => 'hamming',
  fit(schema, sample) {
    const rotationSeed = ROTATION_SEED;
    const center = sampleMean(sample, schema.dimension);
    if (center === undefined) return { rotationSeed };
    if (!isCompleted(schema)) return { rotationSeed, center };
    return {
      rotationSeed,
      center,
      scale: sampleLength(sample, schema.dimension, center, 0.999),
    };
  },
  encoder: (schema, encoding) => new BinaryEncoder(schema, encoding),
};

/** Graphs of usearch over such bits. */
export const binaryEngine = usearchEngine(binaryEncoding);

/** Under cosine the lengths about the mean differ little: there the one number more is not worth twice the bits. */
function isCompleted({ dimension, distance }: VectorSchema): boolean {
  return distance !== 'cosine' || bitsFor(dimension + 1) === bitsFor(dimension);
}

/** Bits of an encoded vector of so many numbers: a power of two, as the rotation needs. */
function bitsFor(numbers: number): number {
  return Math.max(BITS_MIN, 2 ** Math.ceil(Math.log2(numbers)));
}

class BinaryEncoder implements VectorEncoder {
  readonly dimension: number;
  readonly rowsMax: number;
  readonly #schema: VectorSchema;
  readonly #rotation: Rotation;
  readonly #center: Float32Array;
  readonly #origin: Float32Array;
  /** The common length that rows are completed to; 0: they are not. */
  readonly #length: number;

  constructor(schema: VectorSchema, encoding: GraphEncoding) {
    this.#schema = schema;
    this.dimension = bitsFor(schema.dimension + (isCompleted(schema) ? 1 : 0));
    this.#rotation = new Rotation(this.dimension, encoding.rotationSeed ?? ROTATION_SEED);
    this.rowsMax = this.#rotation.rowsMax;
    this.#origin = new Float32Array(schema.dimension);
    this.#center = Float32Array.from(encoding.center ?? this.#origin);
    this.#length = encoding.scale ?? 0;
  }

  encode(rows: Float32Array, count: number, role: 'row' | 'query'): Float32Array {
    const { dimension } = this.#schema;
    const bits = this.dimension;
    const target = this.#rotation.rows;
    // A dot product with rows moved by the mean differs by the same for all of them, so its query stays where it is; and as its length does not
    // matter, it is not completed.
    const isAsymmetric = role === 'query' && this.#schema.distance === 'dot';
    const center = isAsymmetric ? this.#origin : this.#center;
    const isLengthened = this.#length > 0 && !isAsymmetric;
    for (let row = 0; row < count; row += 1) {
      const from = row * dimension;
      const to = row * bits;
      let squares = 0;
      for (let i = 0; i < dimension; i += 1) {
        const x = (rows[from + i] as number) - (center[i] as number);
        target[to + i] = x;
        squares += x * x;
      }
      target.fill(0, to + dimension, to + bits);
      if (isLengthened) {
        target[to + dimension] = Math.sqrt(Math.max(0, this.#length ** 2 - squares));
      }
    }
    this.#rotation.rotate(count);
    return target.subarray(0, count * bits);
  }
}
