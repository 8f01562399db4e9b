import type { ProcessCluster } from './process-cluster.ts';

/** What came to nodes by snapshots of shards. */
export interface SnapshotsTaken {
  readonly snapshots: number;
  readonly bytes: number;
}

const GROUP = /^grape_raft_snapshots?_(begun|taken_bytes)_total\{group="shard-(\d+)"\}$/;

/** Adds up what nodes count of snapshots that arrive, over all that run. Nodes tell counts as of their last sample. */
export class SnapshotTally {
  readonly #cluster: ProcessCluster;
  #before: ReadonlyMap<string, number> = new Map();

  private constructor(cluster: ProcessCluster) {
    this.#cluster = cluster;
  }

  /** Counts from now on. */
  static async start(cluster: ProcessCluster): Promise<SnapshotTally> {
    const tally = new SnapshotTally(cluster);
    tally.#before = await tally.#read();
    return tally;
  }

  /** Since the start; a replica that a node had and gave up meanwhile is not among them. */
  async taken(): Promise<SnapshotsTaken> {
    const sums = { snapshots: 0, bytes: 0 };
    for (const [key, value] of await this.#read()) {
      const before = this.#before.get(key) ?? 0;
      // A smaller one is of another replica, or of another process.
      sums[key.includes('begun') ? 'snapshots' : 'bytes'] +=
        value < before ? value : value - before;
    }
    return sums;
  }

  /** By node, metric and group. */
  async #read(): Promise<ReadonlyMap<string, number>> {
    const values = new Map<string, number>();
    for (const node of this.#cluster.started) {
      if (!node.isRunning) continue;
      for (const [name, value] of await node.raftMetrics()) {
        if (GROUP.test(name)) values.set(`${node.name} ${name}`, value);
      }
    }
    return values;
  }
}
