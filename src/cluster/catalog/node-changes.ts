import type { NodeNumber } from '../../raft/transport/transport.ts';
import type { ClusterChange } from './cluster-change.ts';
import type { NodeIntroduction } from './cluster-command.ts';
import type { ClusterState, MemberNode } from './cluster-state.ts';
import { refusal } from './command-refusal.ts';

/** Nodes that are gone and kept, so that they can be told why they are refused. */
const GONE_NODES_MAX = 64;

const FIELD = 'node_id';

/** A node joins or says where it is now: see `registerNode` of `ClusterCommand`. */
export function registerNode(state: ClusterState, node: NodeIntroduction): ClusterChange {
  assertIntroduction(node);
  const nodes = [...state.nodes.values()];
  const same = nodes.find(({ incarnation }) => incarnation === node.incarnation);
  if (same !== undefined) return { ...reintroduced(state, same, node), registered: same.number };
  const wiped = nodes.find((each) => each.nodeId === node.nodeId && each.state !== 'gone');
  const number = state.nextNode;
  const member: MemberNode = { number, ...introductionOf(node), state: 'member' };
  const next = withNodes(
    { ...state, nextNode: number + 1 },
    ...(wiped === undefined ? [] : [{ ...wiped, state: 'gone' } as const]),
    member,
  );
  return { state: next, registered: number };
}

/** A node gives its replicas up, or is a member again. */
export function leaveNode(state: ClusterState, number: NodeNumber, cancel: boolean): ClusterChange {
  const node = nodeOfNumber(state, number);
  if (node.state === 'gone') {
    throw refusal('FAILED_PRECONDITION', `${node.nodeId} is gone already`, FIELD);
  }
  const wanted = cancel ? 'member' : 'leaving';
  if (node.state === wanted) return { state };
  if (!cancel) assertOthersStay(state, node);
  return { state: withNodes(state, { ...node, state: wanted }) };
}

/** A node is gone for good. */
export function forgetNode(
  state: ClusterState,
  number: NodeNumber,
  replace: boolean,
): ClusterChange {
  const node = nodeOfNumber(state, number);
  if (node.state === 'gone') return { state };
  assertOthersStay(state, node);
  if (!replace && isUsed(state, number)) {
    throw refusal('FAILED_PRECONDITION', `${node.nodeId} still has replicas`, FIELD);
  }
  return { state: withNodes(state, { ...node, state: 'gone' }) };
}

function reintroduced(
  state: ClusterState,
  known: MemberNode,
  node: NodeIntroduction,
): ClusterChange {
  if (known.state === 'gone') {
    const why = `${known.nodeId} was removed from the cluster: delete its data to let it join as a new node`;
    throw refusal('FAILED_PRECONDITION', why, FIELD);
  }
  if (known.nodeId !== node.nodeId) {
    const why = `the data of ${node.nodeId} is that of ${known.nodeId}, which is a member`;
    throw refusal('ALREADY_EXISTS', why, FIELD);
  }
  const introduction = introductionOf(node);
  const keys = Object.keys(introduction) as (keyof NodeIntroduction)[];
  if (keys.every((key) => known[key] === introduction[key])) return { state };
  return { state: withNodes(state, { ...known, ...introduction }) };
}

/** Of what a command carries, only what belongs there. */
function introductionOf(node: NodeIntroduction): NodeIntroduction {
  const { nodeId, raftAddress, grpcAddress, restAddress, zone, incarnation } = node;
  return { nodeId, raftAddress, grpcAddress, restAddress, zone, incarnation };
}

function assertIntroduction({ nodeId, raftAddress, incarnation }: NodeIntroduction): void {
  if (nodeId === '') throw refusal('INVALID_ARGUMENT', 'a node has a name', FIELD);
  if (raftAddress === '') {
    throw refusal('INVALID_ARGUMENT', 'a node has an address', 'node_address');
  }
  if (incarnation === '') throw refusal('INVALID_ARGUMENT', 'a node has an incarnation');
}

function assertOthersStay({ nodes }: ClusterState, { number, nodeId }: MemberNode): void {
  const stays = (node: MemberNode): boolean => node.number !== number && node.state === 'member';
  if ([...nodes.values()].some(stays)) return;
  throw refusal('FAILED_PRECONDITION', `without ${nodeId} the cluster has no member`, FIELD);
}

function nodeOfNumber({ nodes }: ClusterState, number: NodeNumber): MemberNode {
  const node = nodes.get(number);
  if (node === undefined) throw refusal('NOT_FOUND', `there is no node ${number}`, FIELD);
  return node;
}

/** Whether a replica is on the node, or is to come or go. */
function isUsed({ shards, moves }: ClusterState, number: NodeNumber): boolean {
  return (
    shards.some(({ replicas }) => replicas.some(({ node }) => node === number)) ||
    [...moves.values()].some(({ add, remove }) => [add?.node, remove?.node].includes(number))
  );
}

/** With these nodes in place of those of the same number, and without the eldest of those that are gone and have nothing left. */
function withNodes(state: ClusterState, ...changed: readonly MemberNode[]): ClusterState {
  const nodes = new Map(state.nodes);
  for (const node of changed) nodes.set(node.number, node);
  const gone = [...nodes.values()].filter(({ state }) => state === 'gone');
  const idle = gone.filter(({ number }) => !isUsed(state, number));
  const forgotten = idle.slice(0, Math.max(0, idle.length - GONE_NODES_MAX));
  if (forgotten.length === 0) return { ...state, nodes };
  for (const { number } of forgotten) nodes.delete(number);
  const shards = state.shards.map((shard) => ({
    ...shard,
    generations: new Map([...shard.generations].filter(([number]) => nodes.has(number))),
  }));
  return { ...state, nodes, shards };
}
