import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Clock } from '../base/clock.ts';
import type { ErrorCode } from '../base/error-codes.ts';
import { CounterTotal } from './counter-total.ts';
import { EventLoopDelayMonitor } from './event-loop-delay.ts';
import type { IoReading } from './machine-io.ts';
import { MetricMaker } from './metric-maker.ts';
import { METRIC_TABLE } from './metric-table.ts';
import { QuantileWindow } from './quantile-window.ts';
import { RaftMetrics, type RaftReading } from './raft-metrics.ts';

/** The interface a request came by. */
export type ApiKind = 'rest' | 'grpc';
/** Why a sealed segment, or payload indexes of one, are built. */
export type BuildReason = 'seal' | 'merge' | 'rebuild' | 'fields';

/** What the edges tell of requests. */
export interface RequestMetrics {
  /** @param operation - a fixed name such as `search`, never a path with values in it */
  requestEnded(api: ApiKind, operation: string, code: 'OK' | ErrorCode, seconds: number): void;
  /** A search ended, however it did; queueing included. */
  queryEnded(seconds: number): void;
}

/** What the engine tells of its work. */
export interface EngineMetrics {
  /** @param stage - a fixed name: `queue`, `filter`, `graph`, `rescore`, `fetch`, … */
  searchStageEnded(stage: string, seconds: number): void;
  /** Commands were written to disk in one go. */
  committed(commands: number, bytes: number, seconds: number): void;
  pointsWritten(points: number): void;
  segmentBuilt(reason: BuildReason, rows: number, seconds: number): void;
  cacheLookedUp(cache: string, result: 'hit' | 'miss', lookups?: number): void;
}

/** Segments of one kind. */
export interface SegmentReading {
  readonly kind: 'growing' | 'sealed';
  readonly segments: number;
  readonly rows: number;
  readonly deletedRows: number;
  readonly bytes: number;
}

/** What is read every `metrics_interval_secs` instead of being told. */
export interface MetricsReading {
  readonly memoryBytes: number;
  readonly memoryLimitBytes: number;
  readonly diskFreeBytes?: number | undefined;
  readonly writable: boolean;
  /** Depth by queue: `search`, `write`, … */
  readonly queues: Readonly<Record<string, number>>;
  readonly shards: readonly {
    readonly shard: number;
    readonly points: number;
    readonly bytes: number;
  }[];
  readonly io: IoReading;
  readonly raft: RaftReading;
}

/** What is read likewise, and asks other nodes: it can fail where a node is cut off. */
export interface CollectionsReading {
  readonly collections: readonly { readonly name: string; readonly points: number }[];
  readonly segments: readonly SegmentReading[];
}

/** Collaborators of {@link Metrics}. */
export interface MetricsOptions {
  readonly clock: Clock;
  readonly version: string;
  /** Whether Node's and the process's own metrics are shown too; true in a server, false where several nodes share a process. */
  readonly processMetrics: boolean;
}

const QUERY_WINDOW_MS = 60_000;
const QUERY_QUANTILES = [0.5, 0.95, 0.99] as const;
const T = METRIC_TABLE;

/** All metrics of a node, in a registry of its own. */
export class Metrics implements RequestMetrics, EngineMetrics, Disposable {
  readonly #registry = new Registry();
  readonly #make = new MetricMaker(this.#registry);
  readonly #raft = new RaftMetrics();
  readonly #queryWindow: QuantileWindow;
  readonly #eventLoop = new EventLoopDelayMonitor();
  readonly #queryDuration = this.#make.histogram(T.queryDurationHistogram);
  readonly #requestDuration = this.#make.histogram(T.requestDuration);
  readonly #errors = this.#make.counter(T.errors);
  readonly #searchStage = this.#make.histogram(T.searchStage);
  readonly #queueDepth = this.#make.gauge(T.queueDepth);
  readonly #memoryUsage = this.#make.gauge(T.memoryUsage);
  readonly #memoryLimit = this.#make.gauge(T.memoryLimit);
  readonly #diskFree = this.#make.gauge(T.diskFree);
  readonly #writable = this.#make.gauge(T.writable);
  readonly #eventLoopDelay = this.#make.gauge(T.eventLoopDelay);
  readonly #collectionPoints = this.#make.gauge(T.collectionPoints);
  readonly #indexSegments = this.#make.gauge(T.indexSegments);
  readonly #indexRows = this.#make.gauge(T.indexRows);
  readonly #indexDeletedRows = this.#make.gauge(T.indexDeletedRows);
  readonly #indexBytes = this.#make.gauge(T.indexBytes);
  readonly #shardPoints = this.#make.gauge(T.shardPoints);
  readonly #shardBytes = this.#make.gauge(T.shardBytes);
  readonly #cacheLookups = this.#make.counter(T.cacheLookups);
  readonly #commitDuration = this.#make.histogram(T.commitDuration);
  readonly #commitCommands = this.#make.histogram(T.commitCommands);
  readonly #commitBytes = this.#make.counter(T.commitBytes);
  readonly #pointsWritten = this.#make.counter(T.pointsWritten);
  readonly #buildDuration = this.#make.histogram(T.buildDuration);
  readonly #buildRows = this.#make.counter(T.buildRows);
  readonly #diskRead = new CounterTotal(this.#make.counter(T.diskReadBytes));
  readonly #diskWritten = new CounterTotal(this.#make.counter(T.diskWrittenBytes));
  readonly #networkReceived = new CounterTotal(this.#make.counter(T.networkReceivedBytes));
  readonly #networkSent = new CounterTotal(this.#make.counter(T.networkSentBytes));
  readonly #buildInfo = this.#make.gauge(T.buildInfo);

  constructor(options: MetricsOptions) {
    this.#queryWindow = new QuantileWindow({ clock: options.clock, windowMs: QUERY_WINDOW_MS });
    this.#buildInfo.set({ version: options.version }, 1);
    if (options.processMetrics) collectDefaultMetrics({ register: this.#registry });
  }

  /** Content type of {@link text}. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All metrics in Prometheus's text format. */
  async text(): Promise<string> {
    const { p50, p99, max } = this.#eventLoop.read();
    this.#eventLoopDelay.set({ quantile: '0.5' }, p50);
    this.#eventLoopDelay.set({ quantile: '0.99' }, p99);
    this.#eventLoopDelay.set({ quantile: '1' }, max);
    const [own, raft] = await Promise.all([this.#registry.metrics(), this.#raft.text()]);
    return `${own}\n${raft}\n${this.#querySummary()}`;
  }

  /** Those of Raft and of the cluster alone, for the port between nodes. */
  raftText(): Promise<string> {
    return this.#raft.text();
  }

  requestEnded(api: ApiKind, operation: string, code: 'OK' | ErrorCode, seconds: number): void {
    this.#requestDuration.observe({ api, operation, code }, seconds);
    if (code !== 'OK') this.#errors.inc({ api, code });
  }

  queryEnded(seconds: number): void {
    this.#queryWindow.observe(seconds);
    this.#queryDuration.observe(seconds);
  }

  searchStageEnded(stage: string, seconds: number): void {
    this.#searchStage.observe({ stage }, seconds);
  }

  committed(commands: number, bytes: number, seconds: number): void {
    this.#commitDuration.observe(seconds);
    this.#commitCommands.observe(commands);
    this.#commitBytes.inc(bytes);
  }

  pointsWritten(points: number): void {
    this.#pointsWritten.inc(points);
  }

  segmentBuilt(reason: BuildReason, rows: number, seconds: number): void {
    this.#buildDuration.observe({ reason }, seconds);
    this.#buildRows.inc({ reason }, rows);
  }

  cacheLookedUp(cache: string, result: 'hit' | 'miss', lookups = 1): void {
    this.#cacheLookups.inc({ cache, result }, lookups);
  }

  /** Takes the newest reading; shards that it does not name are no longer shown. */
  read(reading: MetricsReading): void {
    this.#memoryUsage.set(reading.memoryBytes);
    this.#memoryLimit.set(reading.memoryLimitBytes);
    if (reading.diskFreeBytes !== undefined) this.#diskFree.set(reading.diskFreeBytes);
    this.#writable.set(reading.writable ? 1 : 0);
    for (const [queue, depth] of Object.entries(reading.queues)) {
      this.#queueDepth.set({ queue }, depth);
    }
    this.#shardPoints.reset();
    this.#shardBytes.reset();
    for (const { shard, points, bytes } of reading.shards) {
      this.#shardPoints.set({ shard }, points);
      this.#shardBytes.set({ shard }, bytes);
    }
    this.#readIo(reading.io);
    this.#raft.read(reading.raft);
  }

  /** Takes the newest reading; collections that it does not name are no longer shown. */
  readCollections(reading: CollectionsReading): void {
    this.#collectionPoints.reset();
    for (const { name, points } of reading.collections) {
      this.#collectionPoints.set({ collection: name }, points);
    }
    for (const { kind, segments, rows, deletedRows, bytes } of reading.segments) {
      this.#indexSegments.set({ kind }, segments);
      this.#indexRows.set({ kind }, rows);
      this.#indexDeletedRows.set({ kind }, deletedRows);
      this.#indexBytes.set({ kind }, bytes);
    }
  }

  [Symbol.dispose](): void {
    this.#eventLoop[Symbol.dispose]();
    this.#registry.clear();
    this.#raft[Symbol.dispose]();
  }

  #querySummary(): string {
    const { name, help, type } = T.queryDuration;
    const values = this.#queryWindow.quantiles(QUERY_QUANTILES);
    const lines = QUERY_QUANTILES.map(
      (part, at) => `${name}{quantile="${part}"} ${values[at] ?? 0}`,
    );
    return [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} ${type}`,
      ...lines,
      `${name}_sum ${this.#queryWindow.sum}`,
      `${name}_count ${this.#queryWindow.count}`,
      '',
    ].join('\n');
  }

  #readIo({ disk, network }: IoReading): void {
    if (disk !== undefined) {
      this.#diskRead.reach({}, disk.read);
      this.#diskWritten.reach({}, disk.written);
    }
    for (const { name, received, sent } of network) {
      this.#networkReceived.reach({ interface: name }, received);
      this.#networkSent.reach({ interface: name }, sent);
    }
  }
}
