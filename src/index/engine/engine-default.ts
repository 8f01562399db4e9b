import type { Quantization } from '../collection-schema.ts';

/** From how many dimensions on one bit of each is enough to find candidates by. */
const BINARY_DIMENSION_MIN = 256;

/**
 * The quantization of a vector whose schema does not name one. Bits are two to three times as fast as bytes at equal recall where there are many of
 * them (`bench/micro/engines.ts`), whatever the distance; of few dimensions they leave too much apart.
 */
export function defaultQuantization(dimension: number): Quantization {
  return dimension >= BINARY_DIMENSION_MIN ? 'binary' : 'int8';
}
