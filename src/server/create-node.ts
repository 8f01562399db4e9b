import type { VectorDbError } from '../base/error.ts';
import type { Service } from '../base/service.ts';
import type { VectorDatabase } from '../database/vector-database.ts';
import { Metrics } from '../observability/metrics.ts';
import {
  createDatabase,
  openDirectory,
  type DatabaseOptions,
  type RunningDatabase,
} from './create-database.ts';
import { databaseOptions, defaultVector } from './database-options.ts';
import { ensureDefaultCollection } from './default-collection.ts';
import type { EdgeOptions, Edges, Listening } from './edges.ts';
import { metricsSampler } from './metrics-sampler.ts';
import { nodeSettings } from './node-settings.ts';
import { resourceMonitor } from './resource-monitor.ts';
import { startingDatabase } from './starting-database.ts';

export interface NodeOptions extends EdgeOptions {
  /** Ends a start that waits for a cluster. */
  readonly signal?: AbortSignal;
  /** The node cannot go on. */
  readonly onFatal: (error: VectorDbError) => void;
}

/** A node that serves. Disposing of it answers what is under way and closes everything. */
export interface Node extends AsyncDisposable {
  readonly rest: Listening;
  readonly grpc: Listening;
  readonly metrics: Listening | undefined;
  readonly database: VectorDatabase;
}

/**
 * Puts a node together: edges and database side by side, so that health can be asked while data is recovered; then background services. What was opened is
 * closed in the opposite order.
 */
export async function createNode(options: NodeOptions): Promise<Node> {
  const { config, version, clock } = options;
  await using opened = new AsyncDisposableStack();
  const starting = startingDatabase();
  const metrics = opened.use(
    asyncDisposable(new Metrics({ clock, version, processMetrics: true })),
  );
  const stopping = new AbortController();
  options.signal?.addEventListener('abort', () => stopping.abort(), { once: true });
  const resources: MachineReading = { memoryBytes: 0, diskFreeBytes: undefined };
  const late: { edges?: Edges } = {};
  const settings = databaseOptions(config, {
    clock,
    ...engineCollaborators(options, metrics.value, resources),
    onWaiting: (reasons) => starting.waitFor(reasons),
    onRemoved: (why) => {
      starting.leave(why);
      late.edges?.grpcServer.setReady(false);
    },
    signal: stopping.signal,
  });
  const opening = createDatabase(opened.use(await openDirectory(settings)), settings);
  // Whoever awaits it is told; until then a failure is nobody's.
  opening.catch(() => undefined);
  // Threads take their time to start, and edges theirs: they are loaded side by side.
  const { openEdges } = await import('./edges.ts');
  const edges = await openEdges(opened, options, metrics.value, starting).catch(
    async (error: unknown) => {
      stopping.abort();
      await opening.then((running) => running[Symbol.asyncDispose]()).catch(() => undefined);
      throw error;
    },
  );
  late.edges = edges;
  const running = opened.use(await opening);
  starting.open(running);
  opened.defer(async () => starting.close());
  await checkDefaultCollection(running, options, stopping.signal);
  const services = opened.use(startServices(options, metrics.value, running, resources));
  edges.grpcServer.setReady(!starting.hasLeft);

  const everything = opened.move();
  const { rest, grpc, metricsListening } = edges;
  return {
    rest,
    grpc,
    metrics: metricsListening,
    database: running.database,
    async [Symbol.asyncDispose]() {
      edges.grpcServer.setReady(false);
      await services.stop();
      // Callers first: nothing is closed under a request that is still being answered.
      const graceMs = config.server.shutdownTimeoutMs;
      await Promise.all([edges.httpServer.close(graceMs), edges.grpcServer.close(graceMs)]);
      await everything.disposeAsync();
    },
  };
}

async function checkDefaultCollection(
  { database, node }: RunningDatabase,
  { config, log, clock }: NodeOptions,
  signal: AbortSignal,
): Promise<void> {
  const known = (name: string) => node.catalog.state.collections.get(name);
  const ground = { database, known, clock, signal };
  for (const difference of await ensureDefaultCollection(ground, defaultVector(config))) {
    const { setting, configured, found } = difference;
    log.warn(
      { event: 'default_collection_differs', ...difference },
      `the default collection was made with ${setting} = ${found ?? 'nothing'}, not ${configured}; it stays as it is`,
    );
  }
}

interface RunningServices extends AsyncDisposable {
  stop(): Promise<void>;
}

function startServices(
  options: NodeOptions,
  metrics: Metrics,
  running: RunningDatabase,
  resources: MachineReading,
): RunningServices {
  const { config, clock, log } = options;
  const { memoryLimitBytes, minFreeDiskBytes } = config.storage;
  const services: Service[] = [
    resourceMonitor({
      gate: running.gate,
      clock,
      dataDirectory: config.server.dataDir,
      memoryLimitBytes,
      diskFreeBytesMin: minFreeDiskBytes,
      onReading: (reading) => void Object.assign(resources, reading),
    }),
    metricsSampler({
      metrics,
      running,
      clock,
      intervalMs: config.monitoring.metricsIntervalSecs * 1_000,
      memoryLimitBytes,
      resources: () => resources,
      onFailure: (error) =>
        log.warn({ event: 'metrics_sample_failed', error: String(error) }, 'metrics sample failed'),
    }),
  ];
  const controller = new AbortController();
  const ended = Promise.all(services.map((service) => service.run(controller.signal)));
  const stop = async (): Promise<void> => {
    controller.abort();
    await ended;
  };
  return { stop, [Symbol.asyncDispose]: stop };
}

/** The newest reading of the machine. */
interface MachineReading {
  memoryBytes: number;
  diskFreeBytes: number | undefined;
}

/** What the engine tells and asks of this process. */
function engineCollaborators(
  { config, version, clock, log, onFatal }: NodeOptions,
  metrics: Metrics,
  resources: Readonly<MachineReading>,
): Pick<DatabaseOptions, 'log' | 'onFatal' | 'recorder' | 'node'> {
  const startedMs = clock.monotonicMs();
  const tell: DatabaseOptions['log'] = ({ level, event, fields: { text, ...fields } }) =>
    log[level]({ event, ...fields }, typeof text === 'string' ? text : event.replaceAll('_', ' '));
  const vitals = () => ({
    version,
    ...resources,
    uptimeSeconds: (clock.monotonicMs() - startedMs) / 1_000,
  });
  const source = { text: async () => metrics.raftText() };
  return {
    log: tell,
    onFatal,
    recorder: metrics,
    node: nodeSettings(config, { log: tell, vitals, metrics: source }),
  };
}

function asyncDisposable<T extends Disposable>(value: T): AsyncDisposable & { readonly value: T } {
  return { value, [Symbol.asyncDispose]: async () => value[Symbol.dispose]() };
}
