import type { OpenGroupStatus } from '../../../src/raft/host/group-status.ts';
import type { GroupLedger } from '../invariants/group-ledger.ts';
import { hold } from '../invariants/violation.ts';
import type { SimulatedNode } from './simulated-node.ts';

/** Why a group has not settled, all nodes being up: one leader that all members follow, all that is committed applied by all, and nobody there who should not be. Undefined: it has. */
export function unsettledGroup(
  { group, commitMax }: GroupLedger,
  nodes: readonly SimulatedNode[],
): string | undefined {
  const open: { readonly node: SimulatedNode; readonly status: OpenGroupStatus }[] = [];
  for (const node of nodes) {
    const status = node.status(group);
    if (status?.state === 'corrupt') return `its replica on node ${node.number} is damaged`;
    if (status !== undefined) open.push({ node, status });
  }
  const leaders = open.filter(({ status }) => status.raft.role === 'leader');
  const [leader] = leaders;
  if (leader === undefined || leaders.length > 1) return `${leaders.length} leaders`;
  const { configuration, replica: leading } = leader.status.raft;
  if (configuration.outgoing.length > 0) return 'its configuration is a joint one';
  const members = new Set([...configuration.voters, ...configuration.learners]);
  if (open.length !== members.size) return `${open.length} replicas, ${members.size} members`;
  for (const { node, status } of open) {
    const { raft } = status;
    if (!members.has(raft.replica)) return `node ${node.number} has a replica that is no member`;
    if (raft.leader !== leading) return `node ${node.number} does not follow the leader`;
    if (raft.durableIndex < raft.lastIndex) return `node ${node.number} waits for its disk`;
    if (raft.appliedIndex < commitMax) {
      return `node ${node.number} has applied ${raft.appliedIndex} of ${commitMax}`;
    }
  }
  sameStates(
    group,
    open.map(({ node }) => node),
  );
  return undefined;
}

function sameStates(group: number, nodes: readonly SimulatedNode[]): void {
  const digests = nodes.map(({ states }) => states.digest(group));
  hold(
    new Set(digests).size === 1,
    'sameState',
    () => `group ${group} has settled with states ${digests.join(', ')}`,
  );
}
