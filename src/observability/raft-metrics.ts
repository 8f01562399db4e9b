import { Registry } from 'prom-client';
import { CounterTotal } from './counter-total.ts';
import type { MetricDeclaration } from './metric-declaration.ts';
import { MetricMaker } from './metric-maker.ts';
import { RAFT_METRIC_TABLE } from './raft-metric-table.ts';
import { TransportMetrics, type TransportReading } from './transport-metrics.ts';

/** A Raft group on this node that takes part. */
export interface RaftGroupReading {
  /** `catalog`, or `shard-` and its number. */
  readonly group: string;
  readonly term: number;
  readonly isLeader: boolean;
  readonly hasLeader: boolean;
  readonly commitIndex: number;
  readonly unappliedEntries: number;
  /** Entries that the slowest other replica is behind; undefined: this node does not lead. */
  readonly replicaLagEntries: number | undefined;
  readonly snapshots: SnapshotReading;
}

/** What a group has sent and taken of snapshots on this node since the process began. */
export interface SnapshotReading {
  readonly chunksSent: number;
  /** Of those, the ones that no answer came for. */
  readonly chunksUnanswered: number;
  readonly snapshotsBegun: number;
  readonly snapshotsTaken: number;
  readonly chunksTaken: number;
  readonly chunksRepeated: number;
  readonly bytesTaken: number;
}

/** Raft and the cluster, as this node sees them at one moment. */
export interface RaftReading {
  readonly groups: readonly RaftGroupReading[];
  readonly corruptGroups: number;
  readonly proposals: number;
  readonly reads: number;
  readonly logBytes: number;
  readonly logStalledSeconds: number;
  /** Since the process began. */
  readonly logBatches: number;
  /** Since the process began. */
  readonly logWrites: number;
  /** Nodes by what the catalog says of them. */
  readonly nodes: Readonly<Record<string, number>>;
  readonly moves: number;
  readonly catalogVersion: number;
  readonly shards: readonly { readonly shard: number; readonly replicas: number }[];
  readonly replicasWanted: number;
  readonly transport: TransportReading;
}

const T = RAFT_METRIC_TABLE;

/** The metrics of Raft and of the cluster, in a registry of their own: the port between nodes shows them alone. */
export class RaftMetrics implements Disposable {
  readonly #registry = new Registry();
  readonly #make = new MetricMaker(this.#registry);
  readonly #term = this.#make.gauge(T.raftTerm);
  readonly #isLeader = this.#make.gauge(T.raftIsLeader);
  readonly #hasLeader = this.#make.gauge(T.raftHasLeader);
  readonly #commitIndex = this.#make.gauge(T.raftCommitIndex);
  readonly #applyLag = this.#make.gauge(T.raftApplyLag);
  readonly #replicaLag = this.#make.gauge(T.raftReplicaLag);
  readonly #proposals = this.#make.gauge(T.raftProposals);
  readonly #reads = this.#make.gauge(T.raftReads);
  readonly #corruptGroups = this.#make.gauge(T.raftCorruptGroups);
  readonly #logBytes = this.#make.gauge(T.raftLogBytes);
  readonly #logStalled = this.#make.gauge(T.raftLogStalled);
  readonly #logBatches = this.#total(T.raftLogBatches);
  readonly #logWrites = this.#total(T.raftLogWrites);
  readonly #snapshots = {
    chunksSent: this.#total(T.raftSnapshotChunksSent),
    chunksUnanswered: this.#total(T.raftSnapshotChunksUnanswered),
    snapshotsBegun: this.#total(T.raftSnapshotsBegun),
    snapshotsTaken: this.#total(T.raftSnapshotsTaken),
    chunksTaken: this.#total(T.raftSnapshotChunksTaken),
    chunksRepeated: this.#total(T.raftSnapshotChunksRepeated),
    bytesTaken: this.#total(T.raftSnapshotBytesTaken),
  } satisfies Record<keyof SnapshotReading, CounterTotal<'group'>>;
  #groups = new Set<string>();
  readonly #transport = new TransportMetrics(this.#make);
  readonly #nodes = this.#make.gauge(T.clusterNodes);
  readonly #moves = this.#make.gauge(T.clusterMoves);
  readonly #catalogVersion = this.#make.gauge(T.clusterCatalogVersion);
  readonly #shardReplicas = this.#make.gauge(T.shardReplicas);
  readonly #replicasWanted = this.#make.gauge(T.shardReplicasWanted);

  /** These metrics in Prometheus's text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** Takes the newest reading; groups, shards and states of nodes that it does not name are no longer shown. */
  read(reading: RaftReading): void {
    this.#readGroups(reading.groups);
    this.#corruptGroups.set(reading.corruptGroups);
    this.#proposals.set(reading.proposals);
    this.#reads.set(reading.reads);
    this.#logBytes.set(reading.logBytes);
    this.#logStalled.set(reading.logStalledSeconds);
    this.#logBatches.reach({}, reading.logBatches);
    this.#logWrites.reach({}, reading.logWrites);
    this.#nodes.reset();
    for (const [state, count] of Object.entries(reading.nodes)) this.#nodes.set({ state }, count);
    this.#moves.set(reading.moves);
    this.#catalogVersion.set(reading.catalogVersion);
    this.#shardReplicas.reset();
    for (const { shard, replicas } of reading.shards) this.#shardReplicas.set({ shard }, replicas);
    this.#replicasWanted.set(reading.replicasWanted);
    this.#transport.read(reading.transport);
  }

  [Symbol.dispose](): void {
    this.#registry.clear();
  }

  #total<Label extends string>(
    declaration: MetricDeclaration & { readonly labels: readonly Label[] },
  ): CounterTotal<Label> {
    return new CounterTotal(this.#make.counter(declaration));
  }

  #readGroups(groups: readonly RaftGroupReading[]): void {
    for (const gauge of [
      this.#term,
      this.#isLeader,
      this.#hasLeader,
      this.#commitIndex,
      this.#applyLag,
      this.#replicaLag,
    ])
      gauge.reset();
    const here = new Set(groups.map(({ group }) => group));
    for (const group of this.#groups) {
      if (here.has(group)) continue;
      for (const counter of Object.values(this.#snapshots)) counter.forget({ group });
    }
    this.#groups = here;
    for (const { group, ...reading } of groups) {
      this.#term.set({ group }, reading.term);
      this.#isLeader.set({ group }, reading.isLeader ? 1 : 0);
      this.#hasLeader.set({ group }, reading.hasLeader ? 1 : 0);
      this.#commitIndex.set({ group }, reading.commitIndex);
      this.#applyLag.set({ group }, reading.unappliedEntries);
      if (reading.replicaLagEntries !== undefined)
        this.#replicaLag.set({ group }, reading.replicaLagEntries);
      for (const [what, counter] of Object.entries(this.#snapshots)) {
        counter.reach({ group }, reading.snapshots[what as keyof SnapshotReading]);
      }
    }
  }
}
