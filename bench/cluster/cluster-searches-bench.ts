import { loadavg } from 'node:os';
import type { Benchmark, BenchOptions } from '../benchmark.ts';
import { fill } from '../bench-node.ts';
import { clusteredData } from '../clustered-data.ts';
import { GrpcClient } from '../grpc-client.ts';
import { type LoadResult, median, quantileOf, runLoad } from '../load-generator.ts';
import type { NodeClient } from '../node-client.ts';
import { threadSeconds, threadSecondsBetween } from '../processor-time.ts';
import { report } from '../report.ts';
import { RestClient } from '../rest-client.ts';
import { countOf, vectorOf, type VectorSet } from '../vector-set.ts';
import { ClusterSide } from './cluster-side.ts';

const POINTS = 20_000;
const QUICK_POINTS = 500;
const ROUNDS = 5;
const CALLERS = [1, 16, 64] as const;
const CALLS = { 1: 1_500, 16: 6_000, 64: 6_000 } as const;
const QUICK_SHARE = 0.02;
const COLLECTION = 'searches';
const LIMIT = 10;
const EF = 200;
const CONNECTIONS = 2;
const RATIO_MAX = 1.3;
const SEALED_MS_MAX = 300_000;
/** Kinds of threads that are told apart, by what their names begin with; all others count as one. */
const THREADS = ['MainThread', 'search-thread'] as const;

interface Kind {
  readonly api: 'rest' | 'grpc';
  readonly consistency: 'linearizable' | 'local';
  readonly callers: (typeof CALLERS)[number];
}

const KINDS: readonly Kind[] = (['rest', 'grpc'] as const).flatMap((api) =>
  (['linearizable', 'local'] as const).flatMap((consistency) =>
    CALLERS.map((callers) => ({ api, consistency, callers })),
  ),
);

/** What a number of searches took; seconds of processor time of all nodes, also by threads. */
interface Sample {
  readonly load: LoadResult;
  readonly seconds: number;
  readonly threads: ReadonlyMap<string, number>;
}

/**
 * What a search costs more on three nodes than on one. They take turns in the same run with three nodes that know nothing of each other: as many processes on the
 * machine's few cores, whose caches they share in the same way.
 */
export const clusterSearchesBench: Benchmark = {
  name: 'cluster-searches',
  summary:
    'processor time of searches on three nodes beside one, and beside three lone ones (15 min)',
  run: measureClusterSearches,
};

async function measureClusterSearches(options: BenchOptions): Promise<void> {
  const set = clusteredData(options.points ?? (options.quick ? QUICK_POINTS : POINTS));
  const rounds = options.rounds ?? (options.quick ? 1 : ROUNDS);
  const share = options.quick ? QUICK_SHARE : 1;
  await using one = await SearchedSide.start('one node', await ClusterSide.start(1, set), set);
  const apart = await ClusterSide.start(3, set, 'apart');
  await using lone = await SearchedSide.start('three lone nodes', apart, set);
  await using three = await SearchedSide.start('cluster', await ClusterSide.start(3, set), set);
  await using first = SearchedSide.firstNode('cluster, at one node', three);
  const sides: Sides = [one, lone, three, first];
  // The first round lets the nodes compile their code.
  for (let round = 0; round <= rounds; round += 1) {
    for (const kind of KINDS) {
      for (const side of sides) await side.measure(kind, CALLS[kind.callers] * share, round > 0);
    }
  }
  reportSearches(sides, set, options);
}

type Sides = readonly [
  one: SearchedSide,
  lone: SearchedSide,
  cluster: SearchedSide,
  first: SearchedSide,
];

/** Nodes, clients of all of them, and what was measured. */
class SearchedSide implements AsyncDisposable {
  readonly name: string;
  readonly side: ClusterSide;
  readonly #samples = new Map<Kind, Sample[]>();
  readonly #clients: Readonly<Record<Kind['api'], readonly (NodeClient & Disposable)[]>>;
  readonly #set: VectorSet;
  readonly #ownsSide: boolean;

  private constructor(name: string, side: ClusterSide, set: VectorSet, nodes = side.nodes) {
    this.name = name;
    this.side = side;
    this.#set = set;
    this.#ownsSide = nodes.length === side.nodes.length;
    const connections = Math.max(...CALLERS);
    this.#clients = {
      rest: nodes.map(({ restUrl }) => new RestClient(restUrl, connections)),
      grpc: nodes.map(
        ({ grpcUrl }) => new GrpcClient(grpcUrl.slice('grpc://'.length), CONNECTIONS),
      ),
    };
  }

  /** Writes all points and waits until they are in one sealed graph on every node. */
  static async start(name: string, side: ClusterSide, set: VectorSet): Promise<SearchedSide> {
    const searched = new SearchedSide(name, side, set);
    const path = `/admin/collections/${COLLECTION}/optimize?timeout_ms=${SEALED_MS_MAX}`;
    for (const cluster of side.clusters) {
      await cluster.createCollection(COLLECTION, set.dimension);
      const first = side.nodes.indexOf(cluster.node(1));
      await fill(searched.#clientOf('grpc', first), COLLECTION, set);
      for (const node of cluster.started) await cluster.ask(path, {}, node, SEALED_MS_MAX);
      await cluster.settled();
    }
    return searched;
  }

  /** The same nodes, of which only the first one is asked: the others' copies stay out of the processor's caches. */
  static firstNode(name: string, of: SearchedSide): SearchedSide {
    return new SearchedSide(name, of.side, of.#set, of.side.nodes.slice(0, 1));
  }

  async measure(kind: Kind, calls: number, counts: boolean): Promise<void> {
    const { api, consistency, callers } = kind;
    const set = this.#set;
    const queries = countOf(set, 'queries');
    const search = { collection: COLLECTION, limit: LIMIT, ef: EF, consistency };
    const call = (index: number): Promise<unknown> =>
      this.#clientOf(api, index).search(vectorOf(set, 'queries', index % queries), search);
    const [threads, before] = [this.#threads(), this.side.processorSeconds];
    const load = await runLoad({ concurrency: callers, calls: Math.ceil(calls), call });
    const seconds = this.side.processorSeconds - before;
    if (!counts) return;
    const sample = { load, seconds, threads: threadSecondsBetween(threads, this.#threads()) };
    this.#samples.set(kind, [...(this.#samples.get(kind) ?? []), sample]);
  }

  /** The median of what `read` gives of each round. */
  middle(kind: Kind, read: (sample: Sample) => number): number {
    return median((this.#samples.get(kind) ?? []).map(read));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of Object.values(this.#clients).flat()) client[Symbol.dispose]();
    if (this.#ownsSide) await this.side[Symbol.asyncDispose]();
  }

  #clientOf(api: Kind['api'], index: number): NodeClient {
    const clients = this.#clients[api];
    return clients[index % clients.length] as NodeClient;
  }

  /** Of all nodes. */
  #threads(): ReadonlyMap<string, number> {
    return new Map(this.side.nodes.flatMap(({ pid }) => [...threadSeconds(pid)]));
  }
}

function reportSearches(sides: Sides, set: VectorSet, { command, out, quick }: BenchOptions): void {
  const microseconds = (seconds: number, { load }: Sample): number => (seconds * 1e6) / load.calls;
  const whole = (sample: Sample): number => microseconds(sample.seconds, sample);
  const rows = KINDS.flatMap((kind) =>
    sides.map((searched) => {
      const middle = (read: (sample: Sample) => number): number => searched.middle(kind, read);
      const { name, side } = searched;
      return [
        ...[kind.api, kind.consistency, kind.callers, name],
        middle(({ load }) => load.calls / load.seconds),
        middle(({ load }) => quantileOf(load.latenciesMs, 0.5)),
        middle(whole),
        middle((sample) => microseconds(side.idle * sample.load.seconds, sample)),
        ...THREADS.map((name) =>
          middle((sample) => microseconds(sample.threads.get(name) ?? 0, sample)),
        ),
        ...[sides[0], sides[1]].map((other) => middle(whole) / other.middle(kind, whole)),
        middle(({ load }) => load.failures),
      ];
    }),
  );
  const columns = [
    ...[{ title: 'interface' }, { title: 'consistency' }, { title: 'callers', digits: 0 }],
    ...[{ title: 'nodes' }, { title: 'calls/s', digits: 0 }, { title: 'p50 ms', digits: 2 }],
    ...['CPU us', 'of it idle', ...THREADS].map((title) => ({ title, digits: 0 })),
    ...['to one node', 'to three lone nodes'].map((title) => ({ title, digits: 2 })),
    { title: 'failures' },
  ];
  const notes = {
    data: set.name,
    searches: `${LIMIT} nearest, ef ${EF}, closed loop over all nodes in turn, or only the first; 16 shards, 3 replicas, one sealed graph on each node`,
    idle: 'what the nodes use while nobody asks anything, for as long as the searches took',
    'three lone nodes': 'as many processes on these cores, each a cluster of one with all points',
    aim: `linearizable at most ${RATIO_MAX}`,
    load: loadavg()
      .map((each) => each.toFixed(1))
      .join(' '),
    quick: String(quick),
  };
  report({ name: 'cluster-searches', command, columns, rows, notes }, out);
}
