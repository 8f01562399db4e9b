import { VectorDbError } from '../base/error.ts';
import type { VectorConfig, VectorDatabase } from '../database/vector-database.ts';

/** The collection of requests that name none. */
export const DEFAULT_COLLECTION = 'default';

/** A setting of `[vector]` that the default collection was not made with. */
export interface DefaultCollectionDifference {
  readonly setting: 'vector.dimension' | 'vector.distance_metric' | 'vector.quantization';
  readonly configured: number | string;
  /** What the collection has; undefined: it has no unnamed vector. */
  readonly found: number | string | undefined;
}

/** Makes the default collection where it is not there; one that is there stays as it is, and the caller is told in what it differs. */
export async function ensureDefaultCollection(
  database: VectorDatabase,
  vector: VectorConfig,
): Promise<readonly DefaultCollectionDifference[]> {
  try {
    await database.createCollection({ name: DEFAULT_COLLECTION, vectors: { '': vector } });
    return [];
  } catch (error) {
    if (!(error instanceof VectorDbError) || error.code !== 'ALREADY_EXISTS') throw error;
  }
  const { schema } = await database.describeCollection(DEFAULT_COLLECTION);
  const found = schema.vectors[''];
  const differences: DefaultCollectionDifference[] = [
    {
      setting: 'vector.dimension',
      configured: vector.dimension,
      found: found?.dimension,
    },
    {
      setting: 'vector.distance_metric',
      configured: vector.distance,
      found: found?.distance,
    },
    {
      setting: 'vector.quantization',
      // Where it is left to the program, whatever was chosen is right.
      configured: vector.quantization ?? found?.quantization ?? '',
      found: found?.quantization ?? '',
    },
  ];
  return differences.filter((each) => each.configured !== each.found);
}
