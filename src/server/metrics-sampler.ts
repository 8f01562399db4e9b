import { type Clock, pause } from '../base/clock.ts';
import type { Service } from '../base/service.ts';
import type { CollectionDescription } from '../database/vector-database.ts';
import type { Lookups } from '../index/search/lookup-counts.ts';
import { machineIo } from '../observability/machine-io.ts';
import type { Metrics, SegmentReading } from '../observability/metrics.ts';
import { clusterReading, type MeasuredNode } from './cluster-reading.ts';
import type { RunningDatabase } from './create-database.ts';

export interface MetricsSamplerOptions {
  readonly metrics: Metrics;
  readonly running: Pick<
    RunningDatabase,
    'database' | 'gate' | 'queueDepths' | 'shardSizes' | 'filterLookups'
  > & { readonly node: MeasuredNode };
  readonly clock: Clock;
  readonly intervalMs: number;
  readonly memoryLimitBytes: number;
  /** The newest reading of the machine. */
  readonly resources: () => {
    readonly memoryBytes: number;
    readonly diskFreeBytes: number | undefined;
  };
  /** Told of a sample that could not be taken. */
  readonly onFailure: (error: unknown) => void;
}

/** Reads sizes and depths every few seconds, for metrics that are not told of as they change. */
export function metricsSampler(options: MetricsSamplerOptions): Service {
  const { metrics, running } = options;
  let known: Lookups = { hits: 0, misses: 0 };
  return {
    name: 'metrics sampler',
    async run(signal) {
      while (!signal.aborted) {
        try {
          const lookups = running.filterLookups();
          metrics.cacheLookedUp('filter', 'hit', lookups.hits - known.hits);
          metrics.cacheLookedUp('filter', 'miss', lookups.misses - known.misses);
          known = lookups;
          await sample(options);
        } catch (error) {
          if (!signal.aborted) options.onFailure(error);
        }
        await pause(options.clock, options.intervalMs, signal);
      }
    },
  };
}

/** What this node knows by itself comes first: it is wanted most where the rest cannot be read. */
async function sample(options: MetricsSamplerOptions): Promise<void> {
  const { database, gate, node, queueDepths, shardSizes } = options.running;
  const [shards, io] = await Promise.all([shardSizes(), machineIo()]);
  const { search, write } = queueDepths();
  options.metrics.read({
    ...options.resources(),
    memoryLimitBytes: options.memoryLimitBytes,
    writable: gate.reason === undefined,
    queues: { search, write },
    shards,
    io,
    raft: clusterReading(node),
  });
  const collections = await database.listCollections();
  options.metrics.readCollections({
    collections: collections.map(({ schema, points }) => ({ name: schema.name, points })),
    segments: segmentReadings(collections),
  });
}

function segmentReadings(
  collections: readonly Pick<CollectionDescription, 'segments'>[],
): SegmentReading[] {
  return (['growing', 'sealed'] as const).map((kind): SegmentReading => {
    const reading = { kind, segments: 0, rows: 0, deletedRows: 0, bytes: 0 };
    for (const segment of collections.flatMap((collection) => collection.segments)) {
      if (segment.kind !== kind) continue;
      reading.segments += 1;
      reading.rows += segment.rows;
      reading.deletedRows += segment.deletedRows;
      reading.bytes += segment.bytes;
    }
    return reading;
  });
}
