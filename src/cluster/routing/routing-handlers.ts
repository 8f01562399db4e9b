import { VectorDbError } from '../../base/error.ts';
import type { RaftHost } from '../../raft/host/raft-host.ts';
import type { NodeCallHandlers } from '../call/node-call-server.ts';
import { decodeClusterResult } from '../catalog/cluster-result-codec.ts';
import { encodeClusterCommand } from '../catalog/cluster-command-codec.ts';
import { CATALOG_GROUP, type ClusterState, groupOfShard } from '../catalog/cluster-state.ts';
import type { ShardHolder } from '../shard/shard-holder.ts';
import { distinct } from './cluster-reads.ts';
import type { LocalReads } from './local-reads.ts';

export interface RoutingHandlersOptions {
  /** As it is applied here. */
  readonly catalog: { readonly state: ClusterState };
  readonly groups: Pick<RaftHost, 'propose' | 'openSession'>;
  readonly local: LocalReads;
  readonly holder: Pick<ShardHolder, 'describe' | 'optimize'>;
  /** Resolves when this node has applied the catalog up to a version, and follows it. */
  readonly reached: (version: number, signal: AbortSignal) => Promise<unknown>;
}

/** What a node does for writes and reads of others. */
export function routingHandlers({
  catalog,
  groups,
  local,
  holder,
  reached,
}: RoutingHandlersOptions): NodeCallHandlers {
  return {
    propose: async ({ shard, epoch, command, session }, { signal }) => {
      const known = catalog.state.shards[shard]?.epoch ?? 0;
      if (epoch < known) {
        throw new VectorDbError('STALE_EPOCH', `shard ${shard} is at epoch ${known}, not ${epoch}`);
      }
      const stamp = session === undefined ? {} : { session };
      const result = await groups.propose(groupOfShard(shard), command, { ...stamp, signal });
      return { result };
    },
    openSession: async ({ group }, { signal }) => ({
      session: await groups.openSession(group, signal),
    }),
    changeCatalog: async ({ command, session }, { signal }) => {
      const stamp = session === undefined ? {} : { session };
      const bytes = encodeClusterCommand(command);
      const result = await groups.propose(CATALOG_GROUP, bytes, { ...stamp, signal });
      return decodeClusterResult(result);
    },
    awaitCatalog: async ({ version }, { signal }) => {
      await reached(version, signal);
      return { version: catalog.state.version };
    },
    read: ({ request, consistency }, { signal }) => {
      const { shards } = request.kind === 'search' ? request.query : request;
      if (shards === undefined) {
        throw new VectorDbError('INVALID_ARGUMENT', 'a read of another node names its shards');
      }
      return local.read(request, distinct(shards), consistency, signal);
    },
    describe: ({ collection }) => holder.describe(collection),
    optimize: async ({ collection }, { signal }) => {
      await holder.optimize(collection, signal);
      return { done: true };
    },
  };
}
