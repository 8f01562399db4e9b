import { VectorDbError } from '../base/error.ts';
import type { VectorSchema } from '../index/collection-schema.ts';

/** Vectors this near to length 1 are kept as they came, so that normalising twice changes no bit. */
const UNIT_TOLERANCE = 1e-6;
/** Squared length of the longest vector: sums over two such vectors stay finite as float32, so that every score is a number. */
const SQUARED_NORM_MAX = 1e36;

/**
 * A vector as it is stored and compared: finite, of its schema's dimension, and of length 1 under cosine. The vector given is kept where it
 * is right already, else a new one is made.
 *
 * @throws {VectorDbError} DIMENSION_MISMATCH, INVALID_VECTOR
 */
export function checkedVector(
  vector: Float32Array,
  schema: VectorSchema,
  field: string,
): Float32Array {
  if (vector.length !== schema.dimension) {
    throw new VectorDbError(
      'DIMENSION_MISMATCH',
      `${field}: the collection takes vectors of ${schema.dimension} numbers, not ${vector.length}`,
      { field },
    );
  }
  const squared = squaredNorm(vector);
  if (!(squared <= SQUARED_NORM_MAX)) throw outOfRange(vector, field);
  if (schema.distance !== 'cosine') return vector;
  if (squared === 0) {
    throw new VectorDbError(
      'INVALID_VECTOR',
      `${field}: a zero vector has no direction, which cosine distance needs`,
      { field },
    );
  }
  return Math.abs(squared - 1) <= UNIT_TOLERANCE ? vector : normalized(vector, squared);
}

function squaredNorm(vector: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < vector.length; i += 1) sum += (vector[i] as number) * (vector[i] as number);
  return sum;
}

function normalized(vector: Float32Array, squared: number): Float32Array {
  const factor = 1 / Math.sqrt(squared);
  const result = new Float32Array(vector.length);
  for (let i = 0; i < vector.length; i += 1) result[i] = (vector[i] as number) * factor;
  return result;
}

function outOfRange(vector: Float32Array, field: string): VectorDbError {
  const at = vector.findIndex((value) => !Number.isFinite(value));
  if (at < 0) {
    return new VectorDbError('INVALID_VECTOR', `${field}: a vector is at most 1e18 long`, {
      field,
    });
  }
  const where = `${field}[${at}]`;
  return new VectorDbError('INVALID_VECTOR', `${where}: ${vector[at]} is not a finite number`, {
    field: where,
  });
}
