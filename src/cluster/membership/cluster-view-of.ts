import type { ReplicaId } from '../../raft/core/configuration.ts';
import { nodeOf } from '../../raft/host/replica-id.ts';
import type { GroupId } from '../../raft/log/log-storage.ts';
import type { NodeNumber } from '../../raft/transport/transport.ts';
import type { GroupReport, NodeReport } from '../call/node-report.ts';
import {
  CATALOG_GROUP,
  type ClusterState,
  groupOfShard,
  type MemberNode,
  type Move,
} from '../catalog/cluster-state.ts';
import type { NodeCondition } from '../placement/placement-input.ts';
import type {
  ClusterHealth,
  ClusterView,
  MoveView,
  NodeStatus,
  NodeView,
  ReplicaRole,
  ReplicaView,
  ShardView,
} from './cluster-view.ts';
import type { MoveNote } from './move-driver.ts';
import { entriesBehind, type GroupObservation } from './shard-observation.ts';

/** All that a view is made of. */
export interface ViewInput {
  readonly state: ClusterState;
  /** The node that answers. */
  readonly node: NodeNumber;
  /** Whether the catalog's leader answers: only it hears all nodes. */
  readonly isLive: boolean;
  /** Where the catalog's leader is; 0: not known. */
  readonly leaderNode: NodeNumber;
  readonly term: number;
  readonly conditions: ReadonlyMap<NodeNumber, NodeCondition>;
  readonly reportOf: (node: NodeNumber) => NodeReport | undefined;
  readonly silentMs: (node: NodeNumber) => number | undefined;
  readonly groups: ReadonlyMap<GroupId, GroupObservation>;
  readonly notes: ReadonlyMap<number, MoveNote>;
  readonly totals: { readonly ended: number; readonly bytes: number };
  readonly movesPlanned: number;
  readonly nowMs: number;
}

/** What the cluster looks like: a function of what is known. */
export function clusterViewOf(input: ViewInput): ClusterView {
  const { state, node } = input;
  const members = [...state.nodes.values()].filter((each) => each.state !== 'gone');
  const shards = state.shards.map((_, shard) => shardView(input, shard));
  const nodes = members.map((member) => nodeView(input, member, shards));
  const moves = [...state.moves.values()].map((move) => moveView(input, move));
  const reasons = reasonsOf(input, nodes, shards);
  const leader = state.nodes.get(input.leaderNode)?.nodeId;
  return {
    info: {
      clusterId: state.clusterId,
      nodeId: nameOf(state, node),
      leader,
      term: input.term,
      catalogVersion: state.version,
      shardCount: state.settings.shardCount,
      replicaCount: state.settings.replicaCount,
      health: healthOf(input, shards, reasons),
      reasons,
      members: nodes.map(({ nodeId, raftAddress, state: is, status }) => ({
        nodeId,
        raftAddress,
        state: is,
        status,
      })),
      isLive: input.isLive,
    },
    nodes,
    shards,
    migration: {
      moves,
      movesPlanned: input.movesPlanned,
      movesEnded: input.totals.ended,
      bytesMoved: input.totals.bytes,
      leaving: members.filter((each) => each.state === 'leaving').map(({ nodeId }) => nodeId),
    },
    rebalance: {
      rebalancing: state.rebalancing,
      balanced: isBalanced(nodes),
      moves: moves.filter(({ reason }) => reason === 'rebalance'),
      movesPlanned: input.movesPlanned,
      nodes: nodes.map(({ nodeId, replicas, leaders }) => ({ nodeId, replicas, leaders })),
    },
  };
}

function shardView(input: ViewInput, shard: number): ShardView {
  const { state, groups } = input;
  const placement = state.shards[shard];
  const move = [...state.moves.values()].find((each) => each.shard === shard);
  const observation = groups.get(groupOfShard(shard));
  const placed = placement?.replicas ?? [];
  const coming = move?.add === undefined ? [] : [move.add];
  const all = new Map([...placed, ...coming].map((each) => [each.replica, each]));
  const replicas = [...all.values()]
    .toSorted((a, b) => a.node - b.node || a.replica - b.replica)
    .map(({ replica }) => replicaView(input, observation, replica));
  const leader = observation?.leader;
  const working = replicas.filter(({ role }) => role === 'leader' || role === 'follower');
  const wanted = Math.min(state.settings.replicaCount, membersIn(state));
  const health = working.length >= wanted ? 'green' : 'yellow';
  // Who answers may not have heard of everybody yet, unless nobody can be heard at all.
  const isHeard = input.leaderNode === 0 || placed.every(({ node }) => isKnown(input, node));
  return {
    shard,
    epoch: placement?.epoch ?? 0,
    primary: leader === undefined ? undefined : nameOf(state, leader.node),
    term: leader?.report.term ?? 0,
    health: leader === undefined && isHeard ? 'red' : health,
    replicas,
    points: leader?.report.points ?? Math.max(0, ...replicas.map(({ points }) => points)),
    bytes: leader?.report.bytes ?? Math.max(0, ...replicas.map(({ bytes }) => bytes)),
    move: move?.id,
  };
}

function replicaView(
  { state }: ViewInput,
  observation: GroupObservation | undefined,
  replica: ReplicaId,
): ReplicaView {
  const node = nodeOf(replica);
  const report = observation?.reports.get(node);
  const own = report?.replica === replica ? report : undefined;
  const open = own?.state === 'open' ? own : undefined;
  const isLeader = observation?.leader?.report.replica === replica;
  return {
    node,
    nodeId: nameOf(state, node),
    replica,
    role: isLeader ? 'leader' : roleOf(own, observation !== undefined && report === undefined),
    appliedIndex: open?.appliedIndex ?? 0,
    entriesBehind: observation === undefined ? undefined : entriesBehind(observation, replica),
    isIndexed: open?.isIndexed ?? false,
    points: open?.points ?? 0,
    bytes: open?.bytes ?? 0,
  };
}

function roleOf(report: GroupReport | undefined, isUnheard: boolean): ReplicaRole {
  if (report === undefined) return isUnheard ? 'unknown' : 'absent';
  if (report.state === 'corrupt') return 'corrupt';
  const { configuration, replica } = report;
  const votes = configuration.voters.includes(replica) || configuration.outgoing.includes(replica);
  return votes ? 'follower' : 'learner';
}

function nodeView(input: ViewInput, member: MemberNode, shards: readonly ShardView[]): NodeView {
  const { number, nodeId, raftAddress, grpcAddress, restAddress, zone, state } = member;
  const report = input.reportOf(number);
  const status = statusOf(input, number);
  const own = shards.flatMap(({ replicas }) => replicas.filter(({ node }) => node === number));
  const catalog = report?.groups.find(({ group }) => group === CATALOG_GROUP);
  const isLeader = input.leaderNode === number;
  const absent = report === undefined ? 'unknown' : 'absent';
  return {
    number,
    nodeId,
    raftAddress,
    grpcAddress,
    restAddress,
    zone,
    state,
    status,
    silentMs: input.silentMs(number),
    version: report?.version ?? '',
    uptimeSeconds: report?.uptimeSeconds ?? 0,
    catalogRole: isLeader ? 'leader' : catalog === undefined ? absent : roleOf(catalog, false),
    replicas: own.length,
    leaders: own.filter(({ role }) => role === 'leader').length,
    points: sum(own.map(({ points }) => points)),
    bytes: sum(own.map(({ bytes }) => bytes)),
    memoryBytes: report?.memoryBytes ?? 0,
    diskFreeBytes: report?.diskFreeBytes,
    writable: report?.writable ?? false,
    reasons: report?.reasons ?? [],
  };
}

function statusOf({ isLive, node, conditions, reportOf }: ViewInput, of: NodeNumber): NodeStatus {
  if (of === node) return 'up';
  if (!isLive) return 'unknown';
  if ((conditions.get(of) ?? 'alive') !== 'alive') return 'down';
  return reportOf(of) === undefined ? 'unknown' : 'up';
}

function moveView(input: ViewInput, move: Move): MoveView {
  const { state, groups, notes, nowMs } = input;
  const { id, shard, reason, step, add, remove } = move;
  const observation = groups.get(groupOfShard(shard));
  const note = notes.get(id);
  const arriving = add === undefined ? undefined : observation?.reports.get(add.node);
  const open =
    arriving?.state === 'open' && arriving.replica === add?.replica ? arriving : undefined;
  const bytesTotal = observation?.leader?.report.bytes ?? 0;
  const bytesSent = open?.snapshotBytesReceived ?? open?.bytes ?? 0;
  return {
    id,
    shard,
    reason,
    step,
    from: remove === undefined ? undefined : nameOf(state, remove.node),
    to: add === undefined ? undefined : nameOf(state, add.node),
    bytesSent: Math.min(bytesSent, Math.max(bytesTotal, open?.bytes ?? 0)),
    bytesTotal,
    entriesBehind:
      add === undefined || observation === undefined
        ? undefined
        : entriesBehind(observation, add.replica),
    stepMs: note === undefined || note.step !== step ? 0 : nowMs - note.sinceMs,
    waitsFor: note?.step === step ? note.waitsFor : '',
  };
}

function reasonsOf(
  input: ViewInput,
  nodes: readonly NodeView[],
  shards: readonly ShardView[],
): readonly string[] {
  const reasons: string[] = [];
  if (input.leaderNode === 0) reasons.push('the catalog has no leader that is known here');
  else if (!input.isLive) reasons.push('the leader of the catalog does not answer this node');
  for (const { nodeId, status } of nodes) if (status === 'down') reasons.push(`${nodeId} is down`);
  if (!input.isLive) return reasons;
  const unheard = nodes.filter(({ number }) => !isKnown(input, number));
  if (unheard.length > 0) {
    reasons.push(`not heard of yet: ${unheard.map(({ nodeId }) => nodeId).join(', ')}`);
    return reasons;
  }
  const named = (health: ClusterHealth): string =>
    shards
      .filter((each) => each.health === health)
      .map(({ shard }) => shard)
      .join(', ');
  if (named('red') !== '') reasons.push(`without a leader: shards ${named('red')}`);
  if (named('yellow') !== '') reasons.push(`with too few replicas: shards ${named('yellow')}`);
  return reasons;
}

function healthOf(
  { leaderNode, isLive }: ViewInput,
  shards: readonly ShardView[],
  reasons: readonly string[],
): ClusterHealth {
  if (leaderNode === 0) return 'red';
  if (isLive && shards.some(({ health }) => health === 'red')) return 'red';
  return reasons.length === 0 ? 'green' : 'yellow';
}

/** Whether a node has said how it is, or has had time to. */
function isKnown({ conditions, reportOf }: ViewInput, node: NodeNumber): boolean {
  return reportOf(node) !== undefined || (conditions.get(node) ?? 'alive') !== 'alive';
}

function isBalanced(nodes: readonly NodeView[]): boolean {
  const members = nodes.filter(({ state }) => state === 'member');
  const even = (counts: readonly number[]): boolean =>
    counts.length === 0 || Math.max(...counts) - Math.min(...counts) <= 1;
  return (
    even(members.map(({ replicas }) => replicas)) && even(members.map(({ leaders }) => leaders))
  );
}

const membersIn = ({ nodes }: ClusterState): number =>
  [...nodes.values()].filter(({ state }) => state === 'member').length;

const nameOf = ({ nodes }: ClusterState, node: NodeNumber): string =>
  nodes.get(node)?.nodeId ?? `node ${node}`;

const sum = (values: readonly number[]): number => values.reduce((all, each) => all + each, 0);
