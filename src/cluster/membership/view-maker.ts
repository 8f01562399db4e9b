import type { Clock } from '../../base/clock.ts';
import { VectorDbError } from '../../base/error.ts';
import type { RaftHost } from '../../raft/host/raft-host.ts';
import type { NodeCaller } from '../call/node-call.ts';
import type { NodeReport } from '../call/node-report.ts';
import { CATALOG_GROUP, type ClusterState } from '../catalog/cluster-state.ts';
import type { ClusterDriver } from './cluster-driver.ts';
import { clusterViewOf, type ViewInput } from './cluster-view-of.ts';
import type { ClusterView } from './cluster-view.ts';
import type { NodeReporter } from './node-reporter.ts';
import { observeGroups } from './shard-observation.ts';

const TIMEOUT_MS = 2_000;

export interface ViewMakerOptions {
  readonly clock: Clock;
  readonly host: RaftHost;
  readonly caller: NodeCaller;
  readonly state: () => ClusterState;
  readonly driver: ClusterDriver;
  readonly reporter: NodeReporter;
}

/** Says what the cluster looks like, from anywhere in it. */
export class ViewMaker {
  readonly #options: ViewMakerOptions;

  constructor(options: ViewMakerOptions) {
    this.#options = options;
  }

  /** As the catalog's leader sees it, or, where that one does not answer, as far as this node knows. */
  async view(): Promise<ClusterView> {
    const { host, caller, driver } = this.#options;
    if (driver.leads) return this.liveView();
    const leader = host.leaderNode(CATALOG_GROUP);
    try {
      if (leader !== 0 && leader !== host.node) {
        const view = await caller.call(leader, { kind: 'clusterView' }, { timeoutMs: TIMEOUT_MS });
        return { ...view, info: { ...view.info, nodeId: this.#ownName() } };
      }
    } catch (error) {
      if (!(error instanceof VectorDbError)) throw error;
    }
    return this.#rememberedView();
  }

  /** As this node sees it, which leads the catalog. @throws {VectorDbError} NOT_LEADER where it does not */
  liveView(): ClusterView {
    const { host, driver } = this.#options;
    if (!driver.leads) {
      const leader = host.leaderNode(CATALOG_GROUP);
      const text = 'this node does not lead the catalog';
      throw new VectorDbError('NOT_LEADER', text, leader === 0 ? {} : { leaderNode: leader });
    }
    const { collector, moves, placement } = driver;
    const left = placement.plan?.left;
    return clusterViewOf({
      ...this.#common(),
      isLive: true,
      conditions: collector.conditions,
      reportOf: (node) => collector.heard(node)?.report,
      silentMs: (node) => collector.silentMs(node),
      groups: observeGroups(collector.reports),
      notes: moves.notes,
      totals: moves.totals,
      movesPlanned: left === undefined ? 0 : Object.values(left).reduce((a, b) => a + b, 0),
    });
  }

  #rememberedView(): ClusterView {
    const own = this.#options.reporter.report();
    const reportOf = (node: number): NodeReport | undefined =>
      node === own.node ? own : undefined;
    return clusterViewOf({
      ...this.#common(),
      isLive: false,
      conditions: new Map(),
      reportOf,
      silentMs: (node) => (node === own.node ? 0 : undefined),
      groups: observeGroups([own]),
      notes: new Map(),
      totals: { ended: 0, bytes: 0 },
      movesPlanned: 0,
    });
  }

  #common(): Pick<ViewInput, 'state' | 'node' | 'leaderNode' | 'term' | 'nowMs'> {
    const { clock, host, state } = this.#options;
    const status = host.status(CATALOG_GROUP);
    return {
      state: state(),
      node: host.node,
      leaderNode: host.leaderNode(CATALOG_GROUP),
      term: status?.state === 'open' ? status.raft.term : 0,
      nowMs: clock.monotonicMs(),
    };
  }

  #ownName(): string {
    const { host, state } = this.#options;
    return state().nodes.get(host.node)?.nodeId ?? `node ${host.node}`;
  }
}
