import { crc32 } from 'node:zlib';
import { type ClusterState, groupOfShard } from '../../../src/cluster/catalog/cluster-state.ts';
import { encodeClusterState } from '../../../src/cluster/catalog/cluster-state-codec.ts';
import type { CommittedCommand } from '../../../src/raft/host/state-machine.ts';
import { ANY_EPOCH, commandEpoch } from '../../../src/sharding/command-epoch.ts';
import type { ShardCommand } from '../../../src/sharding/shard-command.ts';
import { ShardCommandCodec } from '../../../src/sharding/shard-command-codec.ts';
import { decodeShardResult } from '../../../src/sharding/shard-result-codec.ts';
import type { ClusterLedger } from '../invariants/cluster-ledger.ts';
import type { GroupLedger } from '../invariants/group-ledger.ts';
import type { ReplicaLedger } from '../invariants/replica-ledger.ts';
import { hold } from '../invariants/violation.ts';
import { checkNotNeeded, checkNewVoters } from './replica-check.ts';

/** Values of clients in the payload of a command: each was written by one operation. */
const WRITTEN = /"[vn]":"([^"]+)"/g;

/** What the nodes of a cluster agree on, and what their shards do, over all their lives; beside what each Raft group holds. */
export class NodesLedger {
  readonly raft: ClusterLedger;
  /** Empty until a catalog names it. */
  clusterId = '';
  /** The newest catalog that any node has applied. */
  newest: ClusterState | undefined;
  readonly #codec = new ShardCommandCodec();
  readonly #catalogs = new Map<number, number>();
  readonly #incarnations = new Map<number, string>();
  readonly #epochs = new Map<number, number>();
  /** By group: where fences were applied. */
  readonly #fences = new Map<number, { readonly index: number; readonly epoch: number }[]>();
  readonly #moves = new Set<number>();
  /** Moves that were seen to let go of a replica. */
  readonly #letGo = new Set<number>();
  /** By group: configurations that were looked at. */
  readonly #checked = new Map<number, number>();
  /** Replicas whose end was looked at. */
  readonly #destroyed = new Set<ReplicaLedger>();
  /** By value: the group and index at which it was written. */
  readonly #effects = new Map<string, string>();

  constructor(raft: ClusterLedger) {
    this.raft = raft;
  }

  /** A node says to which cluster it belongs. */
  belongs(name: string, clusterId: string): void {
    if (clusterId === '') return;
    if (this.clusterId === '') this.clusterId = clusterId;
    hold(
      this.clusterId === clusterId,
      'oneCluster',
      () => `${name} belongs to ${clusterId}, others to ${this.clusterId}`,
    );
  }

  /** A node has applied a catalog. */
  catalogSeen(name: string, state: ClusterState): void {
    this.belongs(name, state.clusterId);
    const digest = crc32(encodeClusterState(state));
    const before = this.#catalogs.get(state.version);
    hold(
      before === undefined || before === digest,
      'sameState',
      () => `${name} has another catalog of version ${state.version} than others`,
    );
    if (before !== undefined) return;
    this.#catalogs.set(state.version, digest);
    for (const { number, incarnation } of state.nodes.values()) {
      const known = this.#incarnations.get(number) ?? incarnation;
      this.#incarnations.set(number, known);
      hold(
        known === incarnation,
        'numberIsNeverReused',
        () => `node ${number} is ${incarnation}, and was ${known}`,
      );
    }
    for (const [shard, { replicas, epoch }] of state.shards.entries()) {
      const nodes = replicas.map(({ node }) => node);
      hold(
        new Set(nodes).size === nodes.length,
        'oneReplicaANode',
        () => `shard ${shard} has two replicas on a node: ${nodes.join(', ')}`,
      );
      const isNewest = state.version > (this.newest?.version ?? -1);
      hold(
        !isNewest || epoch >= (this.#epochs.get(shard) ?? 0),
        'epochIsFenced',
        () => `shard ${shard} went back to epoch ${epoch}`,
      );
      if (isNewest) this.#epochs.set(shard, epoch);
    }
    this.#checkMoves(state);
    if (state.version > (this.newest?.version ?? -1)) this.newest = state;
  }

  /** A shard's state machine has applied a command. */
  applied(
    group: number,
    { index, command }: CommittedCommand,
    result: Uint8Array,
    by: ReplicaLedger,
  ): void {
    this.raft.group(group).applied(index, command, result, by);
    const decoded = decodeShardResult(result);
    if (decoded.kind === 'refused') return;
    const epoch = commandEpoch(command);
    const what = this.#codec.decode(command);
    this.#checkEpoch(group, index, epoch, what, by);
    if (decoded.result.changed === 0) return;
    for (const value of valuesIn(what)) this.#effect(value, `${group}:${index}`, by);
  }

  #checkEpoch(
    group: number,
    index: number,
    epoch: number,
    what: ShardCommand,
    by: ReplicaLedger,
  ): void {
    const fences = this.#fences.get(group) ?? [];
    this.#fences.set(group, fences);
    if (what.kind === 'fence') {
      if (!fences.some((fence) => fence.index === index)) fences.push({ index, epoch });
      return;
    }
    const fence = fences.find((each) => each.index < index && each.epoch > epoch);
    hold(
      epoch === ANY_EPOCH || fence === undefined,
      'epochIsFenced',
      () => `${by.name} applies ${what.kind} of epoch ${epoch} behind a fence of ${fence?.epoch}`,
    );
  }

  #effect(value: string, place: string, by: ReplicaLedger): void {
    const before = this.#effects.get(value);
    if (before === undefined) this.#effects.set(value, place);
    hold(
      before === undefined || before === place,
      'exactlyOnce',
      () => `${by.name} writes ${value} at ${place}; it was written at ${before}`,
    );
  }

  /** A move that only takes away needs more replicas than there should be; and what a move lets go of is not needed. */
  #checkMoves({ moves, shards, nodes, settings }: ClusterState): void {
    const members = [...nodes.values()].filter(({ state }) => state === 'member').length;
    const wanted = Math.min(settings.replicaCount, members);
    for (const { id, shard, step, add, remove } of moves.values()) {
      if (step === 'removing' && remove !== undefined && !this.#letGo.has(id)) {
        this.#letGo.add(id);
        checkNotNeeded(this.raft.group(groupOfShard(shard)), remove.replica);
      }
      if (this.#moves.has(id)) continue;
      this.#moves.add(id);
      const count = shards[shard]?.replicas.length ?? 0;
      hold(
        add !== undefined || remove === undefined || count > wanted,
        'replicasAreKept',
        () => `move ${id} takes one of ${count} replicas of shard ${shard}, of ${wanted}`,
      );
    }
  }

  /** After an event. */
  checkReplicas(): void {
    for (const group of this.raft.groups) {
      for (const replica of group.replicas.values()) {
        if (!replica.isDestroyed || this.#destroyed.has(replica)) continue;
        this.#destroyed.add(replica);
        // One of the catalog is destroyed where it is damaged, its log or its state.
        if (group.group >= groupOfShard(0)) checkNotNeeded(group, replica.replica);
      }
      const checked = this.#checked.get(group.group) ?? 0;
      if (checked === group.configurations.length) continue;
      this.#checked.set(group.group, group.configurations.length);
      checkNewVoters(group);
      if (group.group >= groupOfShard(0)) this.#checkCount(group);
    }
  }

  /** No shard has fewer voters than before, but by a move that is to take one away. */
  #checkCount({ group, configurations }: GroupLedger): void {
    const [before, now] = configurations.slice(-2);
    if (before === undefined || now === undefined || now.outgoing.length > 0) return;
    const had = Math.max(before.voters.length, before.outgoing.length);
    const moves = [...(this.newest?.moves.values() ?? [])];
    const isMeant = moves.some(
      ({ shard, add }) => groupOfShard(shard) === group && add === undefined,
    );
    hold(
      now.voters.length >= had || isMeant,
      'replicasAreKept',
      () => `group ${group} goes from ${had} voters to ${now.voters.length}`,
    );
  }
}

function valuesIn(command: ShardCommand): readonly string[] {
  const payloads: readonly Uint8Array[] =
    command.kind === 'upsert'
      ? command.points.map(({ payload }) => payload)
      : command.kind === 'setPayload' || command.kind === 'overwritePayload'
        ? [command.payload]
        : [];
  return payloads.flatMap((payload) =>
    [...Buffer.from(payload).toString().matchAll(WRITTEN)].map((match) => match[1] ?? ''),
  );
}
