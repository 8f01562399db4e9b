import { setTimeout as wait } from 'node:timers/promises';
import { ProcessCluster } from '../../test/support/cluster-process/process-cluster.ts';
import { processorSeconds } from '../processor-time.ts';
import type { VectorSet } from '../vector-set.ts';

const IDLE_MS = 5_000;

/** Nodes that are measured in turn with others of another number. Ends with its scope. */
export class ClusterSide implements AsyncDisposable {
  readonly cluster: ProcessCluster;
  /** Seconds of processor time a second that all nodes together use while nobody asks anything of them. */
  readonly idle: number;

  private constructor(cluster: ProcessCluster, idle: number) {
    this.cluster = cluster;
    this.idle = idle;
  }

  /** Starts nodes for vectors like those of `set`, and measures what they use at rest. */
  static async start(nodes: number, set: VectorSet): Promise<ClusterSide> {
    const flags = [`--vector.dimension=${set.dimension}`];
    const cluster = await ProcessCluster.start({ nodes, flags, isDirect: true });
    await wait(IDLE_MS);
    const before = secondsOf(cluster);
    await wait(IDLE_MS);
    return new ClusterSide(cluster, (secondsOf(cluster) - before) / (IDLE_MS / 1_000));
  }

  get nodes(): number {
    return this.cluster.started.length;
  }

  /** Of the processor, used by all nodes so far. */
  get processorSeconds(): number {
    return secondsOf(this.cluster);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cluster[Symbol.asyncDispose]();
  }
}

const secondsOf = (cluster: ProcessCluster): number =>
  cluster.started.reduce((sum, { pid }) => sum + processorSeconds(pid), 0);
