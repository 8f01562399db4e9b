import type { Config } from '../config/config-schema.ts';
import type { Limits } from '../database/limits.ts';
import type { VectorConfig } from '../database/vector-database.ts';
import type { DatabaseOptions } from './create-database.ts';

const MEBIBYTE = 1024 * 1024;

/** What of the settings the database is made from. */
export function databaseOptions(
  config: Config,
  collaborators: Pick<
    DatabaseOptions,
    'clock' | 'log' | 'onFatal' | 'recorder' | 'node' | 'onWaiting' | 'onRemoved' | 'signal'
  >,
): DatabaseOptions {
  const { server, sharding, storage, index, limits } = config;
  return {
    dataDirectory: server.dataDir,
    shardCount: sharding.shardCount,
    searchThreads: server.workerThreads,
    limits: limits satisfies Limits,
    searchQueueMax: limits.searchQueueMax,
    writeQueueMax: limits.writeQueueMax,
    writeQueueBytesMax: limits.writeQueueBytesMax,
    storage: {
      compression: storage.compressionEnabled,
      cacheBytes: storage.cacheSizeMb * MEBIBYTE,
      writeBufferBytes: storage.writeBufferSizeMb * MEBIBYTE,
      minFreeDiskBytes: storage.minFreeDiskBytes,
    },
    index: {
      growingRows: index.growingRows,
      mergeFanIn: index.mergeFanIn,
      maxSegmentPoints: index.maxSegmentPoints,
      rebuildDeletedRatio: index.rebuildDeletedRatio,
      idleOptimizeMs: index.idleOptimizeMs,
    },
    vectorDefaults: { m: index.m, efConstruction: index.efConstruction, efSearch: index.efSearch },
    ...collaborators,
  };
}

/** The vector of the default collection. */
export function defaultVector(config: Config): VectorConfig {
  const { dimension, distanceMetric: distance, quantization, binaryQuantization } = config.vector;
  if (binaryQuantization) return { dimension, distance, quantization: 'binary' };
  return quantization === '' ? { dimension, distance } : { dimension, distance, quantization };
}
