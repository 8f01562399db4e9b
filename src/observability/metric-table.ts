import type { MetricDeclaration } from './metric-declaration.ts';
import { RAFT_METRIC_TABLE } from './raft-metric-table.ts';
import { TRANSPORT_METRIC_TABLE } from './transport-metric-table.ts';

/** A tenth of a millisecond to ten seconds. */
const LATENCY_BUCKETS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
  5, 10,
] as const;
const LONG_BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 1200] as const;
const COUNT_BUCKETS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096] as const;

/** Every metric of this program; what Node and the process add by themselves has the prefixes `nodejs_` and `process_`. */
export const METRIC_TABLE = {
  queryDuration: {
    name: 'grape_query_duration_seconds',
    type: 'summary',
    help: 'Seconds that searches took in the last minute, queueing included, as quantiles 0.5, 0.95 and 0.99; sum and count since the start.',
    labels: [],
  },
  queryDurationHistogram: {
    name: 'grape_query_duration_histogram_seconds',
    type: 'histogram',
    help: 'Seconds that searches took, queueing included, in buckets that can be added up over nodes.',
    labels: [],
    buckets: LATENCY_BUCKETS,
  },
  requestDuration: {
    name: 'grape_request_duration_seconds',
    type: 'histogram',
    help: 'Seconds from a request to its answer, by interface (rest, grpc), operation and code (OK or an error code).',
    labels: ['api', 'operation', 'code'],
    buckets: LATENCY_BUCKETS,
  },
  errors: {
    name: 'grape_errors_total',
    type: 'counter',
    help: 'Requests that were answered with an error, by interface and error code.',
    labels: ['api', 'code'],
  },
  searchStage: {
    name: 'grape_search_stage_seconds',
    type: 'histogram',
    help: 'Seconds that searches spent in a stage.',
    labels: ['stage'],
    buckets: LATENCY_BUCKETS,
  },
  queueDepth: {
    name: 'grape_queue_depth',
    type: 'gauge',
    help: 'Requests or commands that wait in a queue.',
    labels: ['queue'],
  },
  memoryUsage: {
    name: 'grape_memory_usage_bytes',
    type: 'gauge',
    help: 'Bytes of memory that the process holds (resident set).',
    labels: [],
  },
  memoryLimit: {
    name: 'grape_memory_limit_bytes',
    type: 'gauge',
    help: 'Bytes of memory above which writes are refused.',
    labels: [],
  },
  diskFree: {
    name: 'grape_disk_free_bytes',
    type: 'gauge',
    help: 'Free bytes of the disk that holds the data.',
    labels: [],
  },
  writable: {
    name: 'grape_writable',
    type: 'gauge',
    help: '1 while writes are accepted, else 0.',
    labels: [],
  },
  eventLoopDelay: {
    name: 'grape_event_loop_delay_seconds',
    type: 'gauge',
    help: 'Seconds by which the main thread was late since the last reading: quantiles 0.5 and 0.99, and the most (quantile 1).',
    labels: ['quantile'],
  },
  collectionPoints: {
    name: 'grape_collection_points',
    type: 'gauge',
    help: 'Points of a collection.',
    labels: ['collection'],
  },
  indexSegments: {
    name: 'grape_index_segments',
    type: 'gauge',
    help: 'Segments of the index, by kind (growing, sealed).',
    labels: ['kind'],
  },
  indexRows: {
    name: 'grape_index_rows',
    type: 'gauge',
    help: 'Rows of the index, deleted ones included, by kind of segment (growing, sealed).',
    labels: ['kind'],
  },
  indexDeletedRows: {
    name: 'grape_index_deleted_rows',
    type: 'gauge',
    help: 'Deleted rows that still lie in a segment, by its kind (growing, sealed).',
    labels: ['kind'],
  },
  indexBytes: {
    name: 'grape_index_bytes',
    type: 'gauge',
    help: 'Bytes of segments, in memory and in mapped files, by kind (growing, sealed).',
    labels: ['kind'],
  },
  shardPoints: {
    name: 'grape_shard_points',
    type: 'gauge',
    help: 'Points of a shard.',
    labels: ['shard'],
  },
  shardBytes: {
    name: 'grape_shard_bytes',
    type: 'gauge',
    help: 'Bytes of a shard in tables on disk, about; what is newer lies in a log and in memory.',
    labels: ['shard'],
  },
  cacheLookups: {
    name: 'grape_cache_lookups_total',
    type: 'counter',
    help: 'Lookups in a cache, by cache (filter: what a segment knows of a filter) and result (hit, miss).',
    labels: ['cache', 'result'],
  },
  commitDuration: {
    name: 'grape_commit_duration_seconds',
    type: 'histogram',
    help: 'Seconds that writing a group of commands to disk took, fsync included.',
    labels: [],
    buckets: LATENCY_BUCKETS,
  },
  commitCommands: {
    name: 'grape_commit_commands',
    type: 'histogram',
    help: 'Commands that were written to disk together.',
    labels: [],
    buckets: COUNT_BUCKETS,
  },
  commitBytes: {
    name: 'grape_commit_bytes_total',
    type: 'counter',
    help: 'Bytes of commands written to disk.',
    labels: [],
  },
  pointsWritten: {
    name: 'grape_points_written_total',
    type: 'counter',
    help: 'Points inserted, replaced, changed or deleted by acknowledged writes.',
    labels: [],
  },
  buildDuration: {
    name: 'grape_build_duration_seconds',
    type: 'histogram',
    help: 'Seconds that building a sealed segment, or payload indexes of one, took, by reason (seal, merge, rebuild, fields).',
    labels: ['reason'],
    buckets: LONG_BUCKETS,
  },
  buildRows: {
    name: 'grape_build_rows_total',
    type: 'counter',
    help: 'Rows of sealed segments that were built, or got payload indexes, by reason (seal, merge, rebuild, fields).',
    labels: ['reason'],
  },
  diskReadBytes: {
    name: 'grape_disk_read_bytes_total',
    type: 'counter',
    help: 'Bytes that the process had read from disks; what the cache of the system had is not among them. Linux only.',
    labels: [],
  },
  diskWrittenBytes: {
    name: 'grape_disk_written_bytes_total',
    type: 'counter',
    help: 'Bytes that the process had written to disks. Linux only.',
    labels: [],
  },
  networkReceivedBytes: {
    name: 'grape_network_received_bytes_total',
    type: 'counter',
    help: 'Bytes that the machine or container received, by network interface. Linux only.',
    labels: ['interface'],
  },
  networkSentBytes: {
    name: 'grape_network_sent_bytes_total',
    type: 'counter',
    help: 'Bytes that the machine or container sent, by network interface. Linux only.',
    labels: ['interface'],
  },
  buildInfo: {
    name: 'grape_build_info',
    type: 'gauge',
    help: 'Always 1; tells the version.',
    labels: ['version'],
  },
  ...RAFT_METRIC_TABLE,
  ...TRANSPORT_METRIC_TABLE,
} as const satisfies Record<string, MetricDeclaration>;
