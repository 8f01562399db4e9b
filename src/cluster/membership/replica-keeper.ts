import { VectorDbError } from '../../base/error.ts';
import type { ReplicaId } from '../../raft/core/configuration.ts';
import type { GroupStatus } from '../../raft/host/group-status.ts';
import { EMPTY_CONFIGURATION } from '../../raft/host/host-rows.ts';
import type { RaftHost } from '../../raft/host/raft-host.ts';
import { generationOf, replicaId } from '../../raft/host/replica-id.ts';
import type { GroupId } from '../../raft/log/log-storage.ts';
import {
  CATALOG_GROUP,
  type ClusterState,
  groupOfShard,
  type Move,
  type ShardPlacement,
} from '../catalog/cluster-state.ts';
import type { MembershipLog } from './membership-log.ts';

export interface ReplicaKeeperOptions {
  readonly host: Pick<RaftHost, 'node' | 'groups' | 'status' | 'createGroup' | 'removeGroup'>;
  readonly state: () => ClusterState;
  readonly log: MembershipLog;
  /** Whether the cluster is known to go on without this node's replica of the catalog. */
  readonly isCatalogElsewhere: () => boolean;
}

/** What is to be done about one group here. */
type KeeperStep =
  | { readonly kind: 'create'; readonly group: GroupId; readonly replica: ReplicaId }
  | { readonly kind: 'remove'; readonly group: GroupId; readonly replica: ReplicaId };

/**
 * Brings this node's groups to what the catalog says, from whatever is there. Creates a replica that is to come; removes one that is in no placement and no
 * move of a catalog which knows that it was made: its id never comes back, and the catalog lets go of a replica only after a majority of the voters that stay
 * applied its removal. A catalog that is behind does not know the id, and nothing is removed.
 */
export class ReplicaKeeper {
  readonly #options: ReplicaKeeperOptions;

  constructor(options: ReplicaKeeperOptions) {
    this.#options = options;
  }

  /** One call at a time. @throws {VectorDbError} where something has to be tried again */
  async pass(): Promise<void> {
    await this.#keepCatalog();
    const { host, state } = this.#options;
    const present = new Map(host.groups().map((status) => [status.group, status]));
    const failures: unknown[] = [];
    for (const step of stepsOf(state(), host.node, present)) {
      try {
        await this.#take(step);
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  async #take({ kind, group, replica }: KeeperStep): Promise<void> {
    const { host, log } = this.#options;
    if (kind === 'remove') {
      await host.removeGroup(group);
    } else {
      await createIfMissing(host, { group, replica, configuration: EMPTY_CONFIGURATION });
    }
    log('info', kind === 'remove' ? 'removed a replica' : 'made a replica', { group, replica });
  }

  /** A damaged replica of the catalog says nothing any more; another one takes its place, once the others are known to be there. */
  async #keepCatalog(): Promise<void> {
    const { host, isCatalogElsewhere } = this.#options;
    const catalog = host.status(CATALOG_GROUP);
    if (catalog?.state !== 'corrupt' || !isCatalogElsewhere()) return;
    const replica = replicaId(host.node, generationOf(catalog.replica) + 1);
    await this.#take({ kind: 'remove', group: CATALOG_GROUP, replica: catalog.replica });
    await this.#take({ kind: 'create', group: CATALOG_GROUP, replica });
  }
}

/** Begins a group, unless it is there: a step that is taken again. @throws {VectorDbError} as {@link RaftHost.createGroup} */
export async function createIfMissing(
  host: Pick<RaftHost, 'createGroup'>,
  birth: Parameters<RaftHost['createGroup']>[0],
): Promise<void> {
  try {
    await host.createGroup(birth);
  } catch (error) {
    if (!(error instanceof VectorDbError) || error.code !== 'ALREADY_EXISTS') throw error;
  }
}

function stepsOf(
  state: ClusterState,
  node: number,
  present: ReadonlyMap<GroupId, GroupStatus>,
): readonly KeeperStep[] {
  const moves = new Map([...state.moves.values()].map((move) => [move.shard, move]));
  return state.shards.flatMap((placement, shard) => {
    const group = groupOfShard(shard);
    return stepsOfShard(group, node, placement, moves.get(shard), present.get(group));
  });
}

function stepsOfShard(
  group: GroupId,
  node: number,
  { replicas, generations }: ShardPlacement,
  move: Move | undefined,
  present: GroupStatus | undefined,
): readonly KeeperStep[] {
  const placed = replicas.find((each) => each.node === node)?.replica;
  const coming = move?.add?.node === node ? move.add.replica : undefined;
  const create: readonly KeeperStep[] =
    coming !== undefined && move?.step === 'adding'
      ? [{ kind: 'create', group, replica: coming }]
      : [];
  if (present === undefined) return create;
  const replica = present.state === 'open' ? present.raft.replica : present.replica;
  if (replica === coming) return [];
  const remove: KeeperStep = { kind: 'remove', group, replica };
  if (replica === placed) {
    // A damaged replica makes room for the one that replaces it; it has been silent as if it were gone.
    const isRenewed = present.state === 'corrupt' && create.length > 0;
    return isRenewed ? [remove, ...create] : [];
  }
  return generationOf(replica) < (generations.get(node) ?? 0) ? [remove, ...create] : [];
}
