import { crc32 } from 'node:zlib';
import {
  CATALOG_GROUP,
  type ClusterState,
  groupOfShard,
} from '../../../src/cluster/catalog/cluster-state.ts';
import type { OpenGroupStatus } from '../../../src/raft/host/group-status.ts';
import { encodeImage } from '../../support/cluster/memory-shard-image.ts';
import { hold } from '../invariants/violation.ts';
import type { NodesLedger } from './nodes-ledger.ts';
import type { OpenNode, SimulatedMachine } from './simulated-machine.ts';

/** A replica that takes part, and where. */
interface Part {
  readonly machine: SimulatedMachine;
  readonly open: OpenNode;
  readonly status: OpenGroupStatus;
}

/** Why a cluster, all of whose machines are up, has not come to rest; undefined: it has. */
export function unsettledCluster(
  ledger: NodesLedger,
  machines: readonly SimulatedMachine[],
): string | undefined {
  const state = ledger.newest;
  if (state === undefined) return 'no cluster is founded';
  for (const { number, open, node } of machines) {
    if (open === undefined) return `machine ${number} is in no cluster`;
    if (state.nodes.get(node)?.state !== 'member') {
      return `node ${node} on machine ${number} is ${state.nodes.get(node)?.state}`;
    }
    if (open.node.state.version !== state.version) return `machine ${number} has an older catalog`;
    const [reason] = open.node.membership.reasons;
    if (reason !== undefined) return `machine ${number}: ${reason}`;
  }
  return (
    unsettledCatalog(state, machines.length) ??
    unsettledGroup(ledger, CATALOG_GROUP, machines) ??
    unsettledShards(ledger, state, machines) ??
    unevenness(state, machines)
  );
}

function unsettledCatalog(state: ClusterState, machines: number): string | undefined {
  const members = [...state.nodes.values()].filter((node) => node.state !== 'gone');
  if (members.length !== machines) return `${members.length} members on ${machines} machines`;
  const [move] = state.moves.values();
  if (move !== undefined) return `move ${JSON.stringify(move)} is under way`;
  if (state.rebalancing) return 'counts are being evened';
  const { dropping } = state.collections;
  if (dropping.size > 0) return `collections ${[...dropping.keys()].join(', ')} are being dropped`;
  return undefined;
}

function unsettledShards(
  ledger: NodesLedger,
  state: ClusterState,
  machines: readonly SimulatedMachine[],
): string | undefined {
  const wanted = Math.min(state.settings.replicaCount, machines.length);
  for (const [shard, { replicas }] of state.shards.entries()) {
    if (replicas.length !== wanted) return `shard ${shard} has ${replicas.length} replicas`;
    const group = groupOfShard(shard);
    const why = unsettledGroup(ledger, group, machines);
    if (why !== undefined) return why;
    const placed = replicas.map(({ replica }) => replica).toSorted((a, b) => a - b);
    const leader = partsOf(group, machines).find(({ status }) => status.raft.role === 'leader');
    const { voters = [], learners = [] } = leader?.status.raft.configuration ?? {};
    if (voters.join() !== placed.join() || learners.length > 0) {
      return `shard ${shard} is placed at ${placed.join()}, its voters are ${voters.join()}`;
    }
  }
  return undefined;
}

function partsOf(group: number, machines: readonly SimulatedMachine[]): readonly Part[] {
  return machines.flatMap((machine) => {
    const status = machine.status(group);
    return machine.open !== undefined && status?.state === 'open'
      ? [{ machine, open: machine.open, status }]
      : [];
  });
}

function unsettledGroup(
  ledger: NodesLedger,
  group: number,
  machines: readonly SimulatedMachine[],
): string | undefined {
  const name = `group ${group}`;
  const corrupt = machines.find((machine) => machine.status(group)?.state === 'corrupt');
  if (corrupt !== undefined) return `${name} is damaged on machine ${corrupt.number}`;
  const { commitMax } = ledger.raft.group(group);
  const parts = partsOf(group, machines);
  const leaders = parts.filter(({ status }) => status.raft.role === 'leader');
  const [leader] = leaders;
  if (leader === undefined || leaders.length > 1) return `${name} has ${leaders.length} leaders`;
  const { configuration, replica: leading } = leader.status.raft;
  if (configuration.outgoing.length > 0) return `${name} has a joint configuration`;
  const members = new Set([...configuration.voters, ...configuration.learners]);
  if (parts.length !== members.size) {
    return `${name} has ${parts.length} replicas, ${members.size} members`;
  }
  for (const { machine, status } of parts) {
    const { raft } = status;
    if (!members.has(raft.replica)) return `${name} has a stray on machine ${machine.number}`;
    if (raft.leader !== leading) return `${name}: machine ${machine.number} does not follow`;
    if (raft.appliedIndex < commitMax) {
      return `${name}: machine ${machine.number} has applied ${raft.appliedIndex} of ${commitMax}`;
    }
  }
  if (group !== CATALOG_GROUP) sameShard(group, parts);
  return undefined;
}

function sameShard(group: number, parts: readonly Part[]): void {
  const digests = parts.map(({ open }) => {
    const image = open.holder.machine(group - groupOfShard(0))?.image;
    return image === undefined ? 'none' : crc32(encodeImage(image)).toString(16);
  });
  hold(
    new Set(digests).size === 1,
    'sameState',
    () => `group ${group} has settled with states ${digests.join(', ')}`,
  );
}

/** Replicas differ by at most one over all nodes, leaders over all that have replicas. */
function unevenness(
  { shards }: ClusterState,
  machines: readonly SimulatedMachine[],
): string | undefined {
  const spread = (counts: readonly number[]): number => Math.max(...counts) - Math.min(...counts);
  const replicas = machines.map(
    ({ node }) =>
      shards.filter(({ replicas: all }) => all.some((each) => each.node === node)).length,
  );
  if (spread(replicas) > 1) return `uneven: replicas are ${replicas.join(', ')}`;
  const leaders = machines.flatMap((machine, at) =>
    replicas[at] === 0
      ? []
      : shards.filter((_, shard) => {
          const status = machine.status(groupOfShard(shard));
          return status?.state === 'open' && status.raft.role === 'leader';
        }).length,
  );
  return spread(leaders) > 1 ? `leaders are ${leaders.join(', ')}` : undefined;
}
