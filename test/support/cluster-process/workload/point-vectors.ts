import { gaussian, seededRandom } from '../../../../src/base/random.ts';

/** Numbers in a vector, as the cluster's nodes are told. */
export const DIMENSION = 16;
/** Part of a vector that says which value was written; small, so that a point is the nearest to its own direction whatever its value. */
const VALUE_SHARE = 0.1;
const SEED_OF_VALUES = 1_000_003;

const directions = new Map<number, Float32Array>();

/** Where the point of a key lies, about: of length 1, and far from all others. */
export function directionOf(key: number): Float32Array {
  const known = directions.get(key);
  if (known !== undefined) return known;
  const made = unit(noise(key));
  directions.set(key, made);
  return made;
}

/** The vector that is written with a value, `v17`: it tells the values of a point apart. */
export function vectorOf(key: number, value: string): Float32Array {
  const direction = directionOf(key);
  const own = unit(noise(SEED_OF_VALUES + Number(value.slice(1))));
  return unit(direction.map((each, at) => each + VALUE_SHARE * (own[at] as number)));
}

/** Of vectors of length 1. */
export function cosine(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, each, at) => sum + each * (b[at] as number), 0);
}

function noise(seed: number): Float32Array {
  const random = seededRandom(seed);
  return Float32Array.from({ length: DIMENSION }, () => gaussian(random));
}

function unit(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  return vector.map((each) => each / length);
}
