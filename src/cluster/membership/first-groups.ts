import { type Clock, pause } from '../../base/clock.ts';
import { VectorDbError } from '../../base/error.ts';
import { configurationOf } from '../../raft/core/configuration.ts';
import { EMPTY_CONFIGURATION } from '../../raft/host/host-rows.ts';
import type { RaftHost } from '../../raft/host/raft-host.ts';
import { generationOf, replicaId } from '../../raft/host/replica-id.ts';
import type { GroupId, GroupLog } from '../../raft/log/log-storage.ts';
import { encodeClusterCommand } from '../catalog/cluster-command-codec.ts';
import { CATALOG_GROUP, type ClusterSettings, groupOfShard } from '../catalog/cluster-state.ts';
import type { Formed } from './formation.ts';
import type { IdentityStore } from './node-identity.ts';
import { createIfMissing } from './replica-keeper.ts';

const RETRY_MS = 100;

export interface FirstGroupsOptions {
  readonly clock: Clock;
  readonly formed: Formed;
  readonly identities: IdentityStore;
  readonly host: RaftHost;
  readonly groupLog: (group: GroupId) => GroupLog | undefined;
  /** Of a cluster that is founded here. */
  readonly settings: ClusterSettings;
}

/**
 * Has a node that is new in its cluster begin its replica of the catalog; a founder, the whole catalog and all shards. Whatever a crash left half done is done
 * again.
 *
 * @throws {VectorDbError} DATA_CORRUPT where the node had a replica of the catalog and its log knows nothing of it
 */
export async function beginFirstGroups(options: FirstGroupsOptions): Promise<void> {
  const { formed, identities, host, groupLog } = options;
  const { identity } = formed;
  const before = groupLog(CATALOG_GROUP);
  switch (identity.stage) {
    case 'founding':
      return beginCluster(options);
    case 'joining':
      await createIfMissing(host, {
        group: CATALOG_GROUP,
        replica: replicaId(host.node, 0),
        configuration: EMPTY_CONFIGURATION,
      });
      return identities.save({ ...identity, stage: 'member' });
    case 'member': {
      if (before === undefined) {
        const text = `the Raft log of ${identity.nodeId} is gone: delete its whole data folder, to let it join again as a new node`;
        throw new VectorDbError('DATA_CORRUPT', text);
      }
      // A damaged replica was removed, and the process ended before the next one was there.
      if (before.state !== 'destroyed') return undefined;
      return createIfMissing(host, {
        group: CATALOG_GROUP,
        replica: replicaId(host.node, generationOf(before.replica) + 1),
        configuration: EMPTY_CONFIGURATION,
      });
    }
  }
}

async function beginCluster({ host, settings }: FirstGroupsOptions): Promise<void> {
  const replica = replicaId(host.node, 0);
  const shards = Array.from({ length: settings.shardCount }, (_, shard) => groupOfShard(shard));
  const configuration = configurationOf([replica]);
  await Promise.all(
    [CATALOG_GROUP, ...shards].map((group) =>
      createIfMissing(host, { group, replica, configuration }),
    ),
  );
}

/** Proposes a founder's first command until it is applied, and notes that the cluster is founded. */
export async function foundCluster(
  { clock, formed, identities, host, settings }: FirstGroupsOptions,
  signal: AbortSignal,
): Promise<void> {
  const { identity, introduction } = formed;
  const { clusterId } = identity;
  const command = encodeClusterCommand({
    kind: 'foundCluster',
    clusterId,
    settings,
    founder: introduction,
  });
  while (!signal.aborted) {
    try {
      await host.propose(CATALOG_GROUP, command, { signal });
      return await identities.save({ ...identity, stage: 'member' });
    } catch (error) {
      // It has no leader yet; or nobody knows: the same command again changes nothing.
      if (!(error instanceof VectorDbError)) throw error;
      if (error.code === 'SHUTTING_DOWN' || error.code === 'STORAGE_FAILED') throw error;
    }
    await pause(clock, RETRY_MS, signal);
  }
}
