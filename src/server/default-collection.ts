import { type Clock, pause } from '../base/clock.ts';
import { VectorDbError } from '../base/error.ts';
import type { VectorConfig, VectorDatabase } from '../database/vector-database.ts';
import type { CollectionSchema } from '../index/collection-schema.ts';

/** The collection of requests that name none. */
export const DEFAULT_COLLECTION = 'default';

/** A setting of `[vector]` that the default collection was not made with. */
export interface DefaultCollectionDifference {
  readonly setting: 'vector.dimension' | 'vector.distance_metric' | 'vector.quantization';
  readonly configured: number | string;
  /** What the collection has; undefined: it has no unnamed vector. */
  readonly found: number | string | undefined;
}

/** What the default collection is made in. */
export interface DefaultCollectionGround {
  readonly database: Pick<VectorDatabase, 'createCollection'>;
  /** What this node knows of a collection. */
  readonly known: (name: string) => CollectionSchema | undefined;
  readonly clock: Clock;
  /** Ends the attempts. */
  readonly signal: AbortSignal;
}

const RETRY_MS = 500;

/**
 * Makes the default collection where it is not there, however long it takes until the cluster permits that; one that is there stays as it is, and the caller is
 * told in what it differs.
 */
export async function ensureDefaultCollection(
  { database, known, clock, signal }: DefaultCollectionGround,
  vector: VectorConfig,
): Promise<readonly DefaultCollectionDifference[]> {
  while (known(DEFAULT_COLLECTION) === undefined && !signal.aborted) {
    try {
      await database.createCollection({ name: DEFAULT_COLLECTION, vectors: { '': vector } });
    } catch (error) {
      if (!isWorthRetrying(error)) throw error;
      // Another node has made it, or the catalog has no leader at the moment.
      await pause(clock, RETRY_MS, signal);
    }
  }
  const found = known(DEFAULT_COLLECTION)?.vectors[''];
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

function isWorthRetrying(error: unknown): boolean {
  if (!(error instanceof VectorDbError)) return false;
  return error.retryable || error.code === 'ALREADY_EXISTS' || error.code === 'OUTCOME_UNKNOWN';
}
