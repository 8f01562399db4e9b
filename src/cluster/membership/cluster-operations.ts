import { type Clock, pause } from '../../base/clock.ts';
import { VectorDbError } from '../../base/error.ts';
import type { ClusterState, MemberNode } from '../catalog/cluster-state.ts';
import type { CatalogChanger } from './catalog-changer.ts';
import type {
  ClusterInfo,
  ClusterView,
  JoinResult,
  LeaveResult,
  MigrationStatus,
  NodeView,
  RebalanceStatus,
  ShardView,
} from './cluster-view.ts';
import type { GuestDesk } from './guest-desk.ts';
import type { GuestAnswer } from './guest-message.ts';

const ASK_TIMEOUT_MS = 1_000;
/** How long a node that is about to join is waited for. */
const JOIN_MS = 10_000;
const JOIN_POLL_MS = 200;

export interface ClusterOperationsOptions {
  readonly clock: Clock;
  readonly desk: Pick<GuestDesk, 'ask'>;
  readonly changer: Pick<CatalogChanger, 'change'>;
  readonly state: () => ClusterState;
  /** Resolves once this node has applied what the catalog had agreed on before; or after a while, where that cannot be learnt. */
  readonly freshened: () => Promise<void>;
  /** Resolves once this node has applied the catalog up to a version. */
  readonly reached: (version: number) => Promise<void>;
  /** Of the catalog's leader, or what this node remembers. */
  readonly view: () => Promise<ClusterView>;
  /** Who this node is: how it introduces itself to one that has not joined. */
  readonly self: { readonly nodeId: string; readonly incarnation: string };
}

/** What operators ask of the cluster, on any of its nodes. */
export class ClusterOperations {
  readonly #options: ClusterOperationsOptions;

  constructor(options: ClusterOperationsOptions) {
    this.#options = options;
  }

  async info(): Promise<ClusterInfo> {
    return (await this.#view()).info;
  }

  /** Those that are not gone, ascending by number. */
  async nodes(): Promise<readonly NodeView[]> {
    return (await this.#view()).nodes;
  }

  async shards(): Promise<readonly ShardView[]> {
    return (await this.#view()).shards;
  }

  async migrationStatus(): Promise<MigrationStatus> {
    return (await this.#view()).migration;
  }

  async rebalanceStatus(): Promise<RebalanceStatus> {
    return (await this.#view()).rebalance;
  }

  /**
   * Gives a node that has joined by itself its share of the replicas; asked again, it changes nothing more.
   *
   * @param address - one of the node's addresses; empty: any
   * @throws {VectorDbError} FAILED_PRECONDITION where the node is not up or is elsewhere: the message says what to do; UNAVAILABLE
   */
  async join(request: { readonly nodeId: string; readonly address: string }): Promise<JoinResult> {
    await this.#options.freshened();
    const before = this.#find(request.nodeId);
    const node = before ?? (await this.#awaitMember(request));
    const { raftAddress, grpcAddress, restAddress, nodeId, number } = node;
    const addresses = [raftAddress, grpcAddress, restAddress];
    if (request.address !== '' && !addresses.includes(request.address)) {
      const text = `${nodeId} is in the cluster, at ${addresses.filter((each) => each !== '').join(', ')} and not at ${request.address}`;
      throw new VectorDbError('FAILED_PRECONDITION', text, { field: 'address' });
    }
    if (node.state === 'leaving') {
      await this.#change({ kind: 'leaveNode', node: number, cancel: true });
    }
    await this.#change({ kind: 'setRebalancing', on: true });
    return { nodeId, number, alreadyMember: before !== undefined, rebalancing: true };
  }

  /** @throws {VectorDbError} NOT_FOUND; FAILED_PRECONDITION where no other member would stay; UNAVAILABLE */
  async leave(request: {
    readonly nodeId: string;
    readonly cancel?: boolean | undefined;
  }): Promise<LeaveResult> {
    await this.#options.freshened();
    const node = this.#find(request.nodeId);
    if (node === undefined) {
      const text = `there is no node ${JSON.stringify(request.nodeId)} in the cluster`;
      throw new VectorDbError('NOT_FOUND', text, { field: 'node_id' });
    }
    const { number, nodeId } = node;
    await this.#change({
      kind: 'leaveNode',
      node: number,
      ...(request.cancel === true ? { cancel: true } : {}),
    });
    const { nodes, shards } = this.#options.state();
    const replicasLeft = shards.filter(({ replicas }) =>
      replicas.some((each) => each.node === number),
    ).length;
    return { nodeId, state: nodes.get(number)?.state ?? 'gone', replicasLeft };
  }

  /** Begins to even out how many replicas nodes have. @throws {VectorDbError} UNAVAILABLE */
  async rebalance(): Promise<RebalanceStatus> {
    await this.#change({ kind: 'setRebalancing', on: true });
    return this.rebalanceStatus();
  }

  /** Begins no further moves for evenness. @throws {VectorDbError} UNAVAILABLE */
  async cancelRebalance(): Promise<RebalanceStatus> {
    await this.#change({ kind: 'setRebalancing', on: false });
    return this.rebalanceStatus();
  }

  async #view(): Promise<ClusterView> {
    return this.#options.view();
  }

  /** Resolves when this node has applied it as well, so that what is read here next shows it. */
  async #change(command: Parameters<CatalogChanger['change']>[0]): Promise<void> {
    const result = await this.#options.changer.change(command);
    if (result.kind !== 'refused') await this.#options.reached(result.version);
  }

  #find(nodeId: string): MemberNode | undefined {
    return [...this.#options.state().nodes.values()].find(
      (node) => node.nodeId === nodeId && node.state !== 'gone',
    );
  }

  /** A node that is up and looks for the cluster joins by itself within moments. */
  async #awaitMember(request: {
    readonly nodeId: string;
    readonly address: string;
  }): Promise<MemberNode> {
    const { clock } = this.#options;
    const endMs = clock.monotonicMs() + JOIN_MS;
    const answer = await this.#ask(request.address);
    if (answer?.kind === 'blank' && !answer.joins) {
      const text = `${answer.nodeId} is up and does not look for a cluster: set join_cluster = true and seed_nodes in its configuration`;
      throw new VectorDbError('FAILED_PRECONDITION', text, { field: 'node_id' });
    }
    for (;;) {
      const node = this.#find(request.nodeId);
      if (node !== undefined) return node;
      if (answer?.kind !== 'blank' || clock.monotonicMs() >= endMs) break;
      await pause(clock, JOIN_POLL_MS);
    }
    const seeds = [...this.#options.state().nodes.values()]
      .filter(({ state }) => state === 'member')
      .map(({ nodeId, raftAddress }) => `"${nodeId}@${raftAddress}"`);
    const alone =
      seeds.length === 1 ? '; this node takes it in if it has [cluster] enabled = true' : '';
    const text = `${request.nodeId} has not joined: start it with join_cluster = true, seed_nodes = [${seeds.join(', ')}] and this cluster's token; it joins by itself${alone}`;
    throw new VectorDbError('FAILED_PRECONDITION', text, { field: 'node_id' });
  }

  async #ask(address: string): Promise<GuestAnswer | undefined> {
    if (address === '') return undefined;
    const { desk, self } = this.#options;
    try {
      const request = { kind: 'who', ...self, candidate: false } as const;
      return await desk.ask(address, request, { timeoutMs: ASK_TIMEOUT_MS });
    } catch (error) {
      if (!(error instanceof VectorDbError)) throw error;
      return undefined;
    }
  }
}
