import { setTimeout as wait } from 'node:timers/promises';
import type { NodeServer } from '../../test/support/cluster-process/node-server.ts';
import { ProcessCluster } from '../../test/support/cluster-process/process-cluster.ts';
import { processorSeconds } from '../processor-time.ts';
import type { VectorSet } from '../vector-set.ts';

const IDLE_MS = 5_000;

/** Nodes that are measured in turn with others: a cluster, or as many clusters of one. Ends with its scope. */
export class ClusterSide implements AsyncDisposable {
  readonly clusters: readonly ProcessCluster[];
  /** Seconds of processor time a second that all nodes together use while nobody asks anything of them. */
  readonly idle: number;

  private constructor(clusters: readonly ProcessCluster[], idle: number) {
    this.clusters = clusters;
    this.idle = idle;
  }

  /** Starts nodes for vectors like those of `set`, and measures what they use at rest. */
  static async start(
    nodes: number,
    set: VectorSet,
    how: 'together' | 'apart' = 'together',
  ): Promise<ClusterSide> {
    const flags = [`--vector.dimension=${set.dimension}`];
    const each = how === 'together' ? nodes : 1;
    const clusters: ProcessCluster[] = [];
    while (clusters.length * each < nodes) {
      clusters.push(await ProcessCluster.start({ nodes: each, flags, isDirect: true }));
    }
    await wait(IDLE_MS);
    const before = secondsOf(clusters);
    await wait(IDLE_MS);
    return new ClusterSide(clusters, (secondsOf(clusters) - before) / (IDLE_MS / 1_000));
  }

  get nodes(): readonly NodeServer[] {
    return this.clusters.flatMap(({ started }) => started);
  }

  /** Of the processor, used by all nodes so far. */
  get processorSeconds(): number {
    return secondsOf(this.clusters);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const cluster of this.clusters) await cluster[Symbol.asyncDispose]();
  }
}

const secondsOf = (clusters: readonly ProcessCluster[]): number =>
  clusters
    .flatMap(({ started }) => started)
    .reduce((sum, { pid }) => sum + processorSeconds(pid), 0);
