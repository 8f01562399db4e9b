import type { Access } from '../authentication.ts';
import { clusterOf } from '../cluster-access.ts';
import { checkName } from '../request-checks.ts';
import type { MethodHandler } from './call-handling.ts';
import {
  writeClusterInfo,
  writeLeaveResult,
  writeMigrationStatus,
  writeNode,
  writeRebalanceStatus,
  writeShard,
} from './cluster-codec.ts';
import type * as wire from './generated/messages.ts';
import type { ServiceCodec } from './service-codec.ts';
import type { ServiceSetting } from './service-setting.ts';

/** The methods of `grape.v1.Cluster`. */
export function clusterMethods(codec: ServiceCodec, setting: ServiceSetting) {
  const method = <Request extends object, Response extends object>(
    name: string,
    access: Access,
    handle: (message: Request) => Promise<Response>,
  ): MethodHandler<Request, Response> => ({
    operation: `Cluster.${name}`,
    access,
    codec: codec.of<Request, Response>(name),
    handle,
  });
  const nodeIdOf = ({ nodeId = '' }: { readonly nodeId?: string | undefined }): string => {
    checkName(nodeId, 'node_id', setting.limits.nameBytesMax);
    return nodeId;
  };

  return {
    Info: method<wire.ClusterInfoRequest, wire.ClusterInfoResponse>('Info', 'read', async () =>
      writeClusterInfo(await clusterOf(setting).info()),
    ),
    Nodes: method<wire.ClusterNodesRequest, wire.ClusterNodesResponse>(
      'Nodes',
      'read',
      async () => ({
        nodes: (await clusterOf(setting).nodes()).map(writeNode),
      }),
    ),
    Shards: method<wire.ClusterShardsRequest, wire.ClusterShardsResponse>(
      'Shards',
      'read',
      async () => ({
        shards: (await clusterOf(setting).shards()).map(writeShard),
      }),
    ),
    Join: method('Join', 'write', async (message: wire.JoinClusterRequest) => {
      const nodeId = nodeIdOf(message);
      return clusterOf(setting).join({ nodeId, address: message.address ?? '' });
    }),
    Leave: method('Leave', 'write', async (message: wire.LeaveClusterRequest) => {
      const about = { nodeId: nodeIdOf(message), cancel: message.cancel ?? false };
      return writeLeaveResult(await clusterOf(setting).leave(about));
    }),
    MigrationStatus: method<wire.MigrationStatusRequest, wire.MigrationStatusResponse>(
      'MigrationStatus',
      'read',
      async () => writeMigrationStatus(await clusterOf(setting).migrationStatus()),
    ),
    Rebalance: method('Rebalance', 'write', async ({ cancel }: wire.RebalanceRequest) => {
      const cluster = clusterOf(setting);
      return writeRebalanceStatus(
        await (cancel === true ? cluster.cancelRebalance() : cluster.rebalance()),
      );
    }),
    RebalanceStatus: method<wire.RebalanceStatusRequest, wire.RebalanceStatusResponse>(
      'RebalanceStatus',
      'read',
      async () => writeRebalanceStatus(await clusterOf(setting).rebalanceStatus()),
    ),
  };
}
