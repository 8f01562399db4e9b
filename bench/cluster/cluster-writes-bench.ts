import { loadavg } from 'node:os';
import type { ProcessCluster } from '../../test/support/cluster-process/process-cluster.ts';
import type { Benchmark, BenchOptions } from '../benchmark.ts';
import { pointsOf } from '../bench-node.ts';
import { clusteredData } from '../clustered-data.ts';
import { type LoadResult, median, quantileOf, runLoad } from '../load-generator.ts';
import { report } from '../report.ts';
import { RestClient } from '../rest-client.ts';
import { countOf, type VectorSet } from '../vector-set.ts';
import { ClusterSide } from './cluster-side.ts';

const POINTS = 5_000;
const QUICK_POINTS = 500;
const ROUNDS = 3;
const CALLERS = [1, 4, 16] as const;
const CALLS = { 1: 2_000, 100: 30 } as const;
const QUICK_CALLS = { 1: 50, 100: 3 } as const;
const RATIO_MAX = 4;
const SEALED_MS_MAX = 60_000;

type Batch = keyof typeof CALLS;

interface Kind {
  readonly batch: Batch;
  readonly callers: number;
}

const KINDS: readonly Kind[] = ([1, 100] as const).flatMap((batch) =>
  CALLERS.map((callers) => ({ batch, callers })),
);

/** What a number of writes took; seconds of processor time of all nodes. */
interface Sample {
  readonly load: LoadResult;
  readonly acknowledgedSeconds: number;
  /** Until the points are in a sealed graph on every node. */
  readonly sealedSeconds: number;
}

/** What of writes costs more on three nodes than on one, which take turns in the same run. */
export const clusterWritesBench: Benchmark = {
  name: 'cluster-writes',
  summary:
    'processor time of writes by REST on three nodes beside one, by batch and callers (8 min)',
  run: measureClusterWrites,
};

async function measureClusterWrites(options: BenchOptions): Promise<void> {
  const set = clusteredData(options.points ?? (options.quick ? QUICK_POINTS : POINTS));
  const rounds = options.rounds ?? (options.quick ? 1 : ROUNDS);
  await using alone = await WriteCluster.start(1, set);
  await using three = await WriteCluster.start(3, set);
  const sides = [alone, three] as const;
  for (let round = 0; round <= rounds; round += 1) {
    for (const kind of KINDS) {
      const calls = (options.quick ? QUICK_CALLS : CALLS)[kind.batch];
      for (const side of sides) {
        // The first round lets the nodes compile their code: each gets as many calls as a single one.
        const warms = round === 0;
        await side.measure(kind, warms ? calls * side.side.nodes.length : calls, !warms);
      }
    }
  }
  reportWrites(sides, set, options);
}

/** One of the two sides: nodes, clients of all of them, and what was measured. */
class WriteCluster implements AsyncDisposable {
  readonly side: ClusterSide;
  readonly #samples = new Map<Kind, Sample[]>();
  readonly #clients: readonly RestClient[];
  readonly #set: VectorSet;
  #collections = 0;

  private constructor(side: ClusterSide, set: VectorSet) {
    this.side = side;
    this.#set = set;
    this.#clients = side.nodes.map(({ restUrl }) => new RestClient(restUrl, Math.max(...CALLERS)));
  }

  static async start(nodes: number, set: VectorSet): Promise<WriteCluster> {
    return new WriteCluster(await ClusterSide.start(nodes, set), set);
  }

  /** Writes into a new collection. */
  async measure(kind: Kind, calls: number, counts: boolean): Promise<void> {
    const { nodes, clusters } = this.side;
    const cluster = clusters[0] as ProcessCluster;
    this.#collections += 1;
    const collection = `writes-${this.#collections}`;
    await cluster.createCollection(collection, this.#set.dimension);
    const { batch, callers } = kind;
    const span = Math.floor(countOf(this.#set, 'rows') / batch);
    const call = (index: number): Promise<void> => {
      const first = (index % span) * batch;
      const client = this.#clients[index % nodes.length] as RestClient;
      return client.upsert(collection, pointsOf(this.#set, first, first + batch));
    };
    const before = this.side.processorSeconds;
    const load = await runLoad({ concurrency: callers, calls, call });
    const acknowledgedSeconds = this.side.processorSeconds - before;
    const path = `/admin/collections/${collection}/optimize?timeout_ms=${SEALED_MS_MAX}`;
    await cluster.ask(path, {}, undefined, SEALED_MS_MAX);
    const sealedSeconds = this.side.processorSeconds - before;
    await this.#clients[0]?.send('DELETE', `/admin/collections/${collection}`);
    if (!counts) return;
    const sample = { load, acknowledgedSeconds, sealedSeconds };
    this.#samples.set(kind, [...(this.#samples.get(kind) ?? []), sample]);
  }

  /** The median of what `read` gives of each round. */
  middle(kind: Kind, read: (sample: Sample) => number): number {
    return median((this.#samples.get(kind) ?? []).map(read));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client[Symbol.dispose]();
    await this.side[Symbol.asyncDispose]();
  }
}

function reportWrites(
  sides: readonly [WriteCluster, WriteCluster],
  set: VectorSet,
  { command, out, quick }: BenchOptions,
): void {
  const microseconds = (seconds: number, { load }: Sample): number => (seconds * 1e6) / load.calls;
  const acknowledged = (sample: Sample): number => microseconds(sample.acknowledgedSeconds, sample);
  const sealed = (sample: Sample): number => microseconds(sample.sealedSeconds, sample);
  const rows = KINDS.flatMap((kind) =>
    sides.map((written) => {
      const ofIdle = (sample: Sample): number =>
        microseconds(written.side.idle * sample.load.seconds, sample);
      const times = [acknowledged, ofIdle, sealed].map((read) => written.middle(kind, read));
      const ratios = [acknowledged, sealed].map(
        (read) => written.middle(kind, read) / sides[0].middle(kind, read),
      );
      return [
        ...[`write of ${kind.batch}`, written.side.nodes.length, kind.callers],
        written.middle(kind, ({ load }) => load.calls / load.seconds),
        written.middle(kind, ({ load }) => quantileOf(load.latenciesMs, 0.5)),
        ...[...times, ...ratios],
        written.middle(kind, ({ load }) => load.failures),
      ];
    }),
  );
  const columns = [
    ...[{ title: 'call' }, { title: 'nodes', digits: 0 }, { title: 'callers', digits: 0 }],
    ...[
      { title: 'calls/s', digits: 0 },
      { title: 'p50 ms', digits: 2 },
    ],
    ...['acknowledged: CPU us', 'of it idle', 'sealed: CPU us'].map((title) => ({
      ...{ title, digits: 0 },
    })),
    ...['acknowledged: to one node', 'sealed: to one node'].map((title) => ({ title, digits: 2 })),
    { title: 'failures', digits: 0 },
  ];
  const notes = {
    data: set.name,
    writes: 'new points by REST, closed loop over all nodes in turn; 16 shards, 3 replicas',
    idle: 'what the nodes use while nobody asks anything, for as long as the writes took',
    aim: `at most ${RATIO_MAX} times one node`,
    load: loadavg()
      .map((each) => each.toFixed(1))
      .join(' '),
    quick: String(quick),
  };
  report({ name: 'cluster-writes', command, columns, rows, notes }, out);
}
