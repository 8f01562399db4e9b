import type { ProcessCluster } from './process-cluster.ts';
import { type Asker, patientAsker, plainAsker } from './workload/asker.ts';
import { PointWorkload } from './workload/point-workload.ts';

/** Who asks a cluster while something is done to it. */
export interface LoadOptions {
  readonly seed: number;
  /** Absent: 60. */
  readonly keys?: number;
  /** Requests under way for each asker: two a node, which ask once, and two that go through the project's client; absent: 1. */
  readonly workersEach?: number;
  /** Numbers of the nodes that are asked; absent: all that were started. */
  readonly nodes?: readonly number[];
  /** Absent: 'both'. */
  readonly by?: 'plain' | 'client' | 'both';
}

/** A load on a cluster, by REST and gRPC alike. Ends with its scope. */
export class LoadRun implements AsyncDisposable {
  readonly workload: PointWorkload;
  readonly #askers: readonly Asker[];

  private constructor(workload: PointWorkload, askers: readonly Asker[]) {
    this.workload = workload;
    this.#askers = askers;
  }

  /** Begins the load. */
  static start(cluster: ProcessCluster, options: LoadOptions): LoadRun {
    const { seed, keys = 60, workersEach = 1, by = 'both' } = options;
    const nodes = options.nodes?.map((each) => cluster.node(each)) ?? cluster.started;
    const urls = nodes.map((node, at) => (at % 2 === 0 ? node.restUrl : node.grpcUrl));
    const plain = nodes.flatMap((node) => [plainAsker(node.restUrl), plainAsker(node.grpcUrl)]);
    const clients = [urls, urls.toReversed()].map((each) => patientAsker(each));
    const askers = [...(by === 'client' ? [] : plain), ...(by === 'plain' ? [] : clients)];
    const workload = new PointWorkload({ askers, keys, workersEach, seed, pauseMs: 5 });
    workload.start();
    return new LoadRun(workload, askers);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.workload.stop();
    for (const asker of this.#askers) asker[Symbol.dispose]();
  }
}
