import type {
  ClusterInfoMessage,
  ClusterMoveMessage,
  ClusterNodeMessage,
  ClusterShardMessage,
  MigrationStatusMessage,
  RebalanceStatusMessage,
} from '../../client/grpc/cluster-messages.ts';
import { enumText } from './explanation.ts';
import { groupedInteger, readableBytes, readableSeconds } from './figures.ts';
import { renderTable } from './table.ts';
import { plainText } from './text-width.ts';

const NOTHING = '–';
const state = (text: string): string => enumText(text, 'MEMBER_STATE_');
const status = (text: string): string => enumText(text, 'NODE_STATUS_');
const health = (text: string): string => enumText(text, 'CLUSTER_HEALTH_');
const role = (text: string): string => enumText(text, 'REPLICA_ROLE_');

/** What the cluster is and how it is. */
export function clusterText(info: ClusterInfoMessage, columns: number | undefined): string {
  const reasons = info.reasons.length === 0 ? '' : `: ${info.reasons.join('; ')}`;
  const head = [
    ['cluster', info.clusterId],
    ['health', `${health(info.health)}${reasons}`],
    ['leader', `${info.leader ?? 'none'} (term ${info.term})`],
    ['shards', `${info.shardCount}, ${info.replicaCount} replicas each`],
    ['as seen by', info.isLive ? info.nodeId : `${info.nodeId}, which cannot reach the leader`],
  ];
  const members = renderTable(
    [{ title: 'node' }, { title: 'status' }, { title: 'state' }, { title: 'address' }],
    info.members.map((member) => [
      member.nodeId,
      status(member.status),
      state(member.state),
      member.raftAddress,
    ]),
    columns,
  );
  return `${headText(head)}\n${members}`;
}

/** Nodes as a table: a line each. */
export function nodesTable(
  nodes: readonly ClusterNodeMessage[],
  columns: number | undefined,
): string {
  return renderTable(
    [
      { title: 'node' },
      { title: 'status' },
      { title: 'state' },
      { title: 'zone' },
      { title: 'catalog' },
      { title: 'replicas', align: 'right' },
      { title: 'leaders', align: 'right' },
      { title: 'points', align: 'right' },
      { title: 'data', align: 'right' },
      { title: 'memory', align: 'right' },
      { title: 'disk free', align: 'right' },
      { title: 'up', align: 'right' },
      { title: 'version' },
      { title: 'remarks' },
    ],
    nodes.map((node) => [
      node.nodeId,
      status(node.status),
      state(node.state),
      node.zone || NOTHING,
      role(node.catalogRole),
      String(node.replicas),
      String(node.leaders),
      groupedInteger(node.points),
      readableBytes(Number(node.bytes)),
      readableBytes(Number(node.memoryBytes)),
      node.diskFreeBytes === undefined ? NOTHING : readableBytes(Number(node.diskFreeBytes)),
      readableSeconds(node.uptimeSeconds),
      node.version || NOTHING,
      node.reasons.join('; '),
    ]),
    columns,
  );
}

/** Shards as a table: a line each. */
export function shardsTable(
  shards: readonly ClusterShardMessage[],
  columns: number | undefined,
): string {
  return renderTable(
    [
      { title: 'shard', align: 'right' },
      { title: 'health' },
      { title: 'primary' },
      { title: 'replicas' },
      { title: 'points', align: 'right' },
      { title: 'data', align: 'right' },
      { title: 'epoch', align: 'right' },
      { title: 'move', align: 'right' },
    ],
    shards.map((shard) => [
      String(shard.shard),
      health(shard.health),
      shard.primary ?? NOTHING,
      shard.replicas.map(replicaText).join(', '),
      groupedInteger(shard.points),
      readableBytes(Number(shard.bytes)),
      shard.epoch,
      shard.move ?? NOTHING,
    ]),
    columns,
  );
}

/** A replica with what is not as it should be. */
function replicaText(replica: ClusterShardMessage['replicas'][number]): string {
  const remarks: string[] = [];
  const does = role(replica.role);
  if (does !== 'leader' && does !== 'follower') remarks.push(does);
  const behind = Number(replica.entriesBehind ?? 0);
  if (behind > 0) remarks.push(`${groupedInteger(behind)} behind`);
  if (!replica.isIndexed && (does === 'leader' || does === 'follower')) remarks.push('indexing');
  return remarks.length === 0 ? replica.nodeId : `${replica.nodeId} (${remarks.join(', ')})`;
}

/** What moves, and how evenly everything is spread. */
export function movesText(
  migration: MigrationStatusMessage,
  spread: RebalanceStatusMessage,
  columns: number | undefined,
): string {
  const leaving = migration.leaving.length === 0 ? 'none' : migration.leaving.join(', ');
  const head = [
    ['rebalancing', spread.rebalancing ? 'yes' : 'no'],
    ['balanced', spread.balanced ? 'yes' : 'no'],
    ['leaving', leaving],
    ['moves', `${migration.moves.length} under way, ${migration.movesPlanned} to follow`],
    [
      'moved',
      `${groupedInteger(migration.movesEnded)} moves, ${readableBytes(Number(migration.bytesMoved))}`,
    ],
  ];
  const nodes = renderTable(
    [
      { title: 'node' },
      { title: 'replicas', align: 'right' },
      { title: 'leaders', align: 'right' },
    ],
    spread.nodes.map((node) => [node.nodeId, String(node.replicas), String(node.leaders)]),
    columns,
  );
  const moves = migration.moves.map((move) => `${moveText(move)}\n`).join('');
  return `${headText(head)}${moves}\n${nodes}`;
}

const headText = (rows: readonly (readonly string[])[]): string =>
  rows.map(([name = '', value = '']) => `${name.padEnd(14)}${plainText(value)}\n`).join('');

/** A move in a line. */
export function moveText(move: ClusterMoveMessage): string {
  const way = `${move.from ?? 'nobody'} → ${move.to ?? 'nobody'}`;
  const sent = Number(move.bytesSent);
  const total = Math.max(sent, Number(move.bytesTotal));
  const arrived =
    move.to === undefined || total === 0
      ? ''
      : ` ${readableBytes(sent)} of ${readableBytes(total)} (${Math.floor((100 * sent) / total)}%)`;
  const behind =
    move.entriesBehind === undefined
      ? ''
      : `, ${groupedInteger(move.entriesBehind)} entries behind`;
  const waits = move.waitsFor === '' ? '' : `, waits for ${move.waitsFor}`;
  const seconds = readableSeconds(move.stepMs / 1000);
  return plainText(
    `shard ${move.shard}: ${way} (${enumText(move.reason, 'MOVE_REASON_')}) ${enumText(move.step, 'MOVE_STEP_')}${arrived}${behind}${waits}, ${seconds}`,
  );
}
