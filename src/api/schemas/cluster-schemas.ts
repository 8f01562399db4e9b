import { Type } from 'typebox';
import type { Limits } from '../../database/limits.ts';

const closed = { additionalProperties: false } as const;

const health = Type.Enum(['green', 'yellow', 'red'], {
  description:
    'green: every shard has all its replicas and every member answers. yellow: everything can be read and written, with fewer replicas or nodes than there should be. red: a shard, or the catalog, has no leader.',
});
const memberState = Type.Enum(['member', 'leaving', 'gone']);
const nodeStatus = Type.Enum(['up', 'down', 'unknown'], {
  description: 'unknown: no node that would know could be asked.',
});
const replicaRole = Type.Enum(['leader', 'follower', 'learner', 'corrupt', 'absent', 'unknown'], {
  description:
    'corrupt: its data is damaged and it is silent. absent: assigned to the node, and not there yet. unknown: the node is not heard of.',
});
const count = Type.Integer({ minimum: 0 });

const move = Type.Object(
  {
    id: count,
    shard: count,
    reason: Type.Enum(['repair', 'replace', 'drain', 'rebalance', 'trim'], {
      description:
        'repair: too few replicas. replace: of a node that is gone, or damaged. drain: of a leaving node. rebalance: counts. trim: too many replicas.',
    }),
    step: Type.Enum(['adding', 'switching', 'removing', 'cancelling']),
    from: Type.Optional(Type.String({ description: 'The node whose replica goes.' })),
    to: Type.Optional(Type.String({ description: 'The node that a replica comes to.' })),
    bytes_sent: Type.Number({ minimum: 0 }),
    bytes_total: Type.Number({ minimum: 0, description: 'About so many are to arrive.' }),
    entries_behind: Type.Optional(count),
    step_ms: Type.Number({ minimum: 0, description: 'How long this step has taken so far.' }),
    waits_for: Type.String({ description: 'What it waits for; empty: nothing in particular.' }),
  },
  { ...closed, description: 'A move of a replica that is under way.' },
);

const replica = Type.Object(
  {
    node: count,
    node_id: Type.String(),
    replica: Type.Integer(),
    role: replicaRole,
    applied_index: count,
    entries_behind: Type.Optional(count),
    is_indexed: Type.Boolean({ description: 'Whether all its points can be searched.' }),
    points: count,
    bytes: Type.Number({ minimum: 0 }),
  },
  closed,
);

const node = Type.Object(
  {
    number: count,
    node_id: Type.String(),
    raft_address: Type.String(),
    grpc_address: Type.String(),
    rest_address: Type.String(),
    zone: Type.String(),
    state: memberState,
    status: nodeStatus,
    silent_ms: Type.Optional(
      Type.Number({ minimum: 0, description: 'Since it was heard last; absent: never.' }),
    ),
    version: Type.String(),
    uptime_seconds: Type.Number({ minimum: 0 }),
    catalog_role: replicaRole,
    replicas: count,
    leaders: count,
    points: count,
    bytes: Type.Number({ minimum: 0 }),
    memory_bytes: Type.Number({ minimum: 0 }),
    disk_free_bytes: Type.Optional(Type.Number({ minimum: 0 })),
    writable: Type.Boolean(),
    reasons: Type.Array(Type.String()),
  },
  closed,
);

const shard = Type.Object(
  {
    shard: count,
    epoch: count,
    primary: Type.Optional(Type.String({ description: 'The node that leads it.' })),
    term: count,
    health,
    replicas: Type.Array(replica),
    points: count,
    bytes: Type.Number({ minimum: 0 }),
    move: Type.Optional(count),
  },
  closed,
);

/** Bodies of the requests about the cluster. */
export function clusterSchemas(limits: Limits) {
  const nodeId = Type.String({
    minLength: 1,
    maxLength: limits.nameBytesMax,
    description: 'The name of a node: its `[cluster] node_id`.',
  });
  const cancel = (what: string) =>
    Type.Optional(Type.Boolean({ default: false, description: what }));
  return {
    join: Type.Object(
      {
        node_id: nodeId,
        address: Type.Optional(
          Type.String({
            maxLength: limits.nameBytesMax,
            description: 'One of its addresses, `host:port`; absent: wherever it is.',
          }),
        ),
      },
      closed,
    ),
    leave: Type.Object({ node_id: nodeId, cancel: cancel('Keep the node after all.') }, closed),
    rebalance: Type.Object({ cancel: cancel('Begin no further moves.') }, closed),
  };
}

/** Answers of the requests about the cluster. */
export const clusterAnswers = {
  info: Type.Object(
    {
      cluster_id: Type.String(),
      node_id: Type.String({ description: 'The node that answers.' }),
      leader: Type.Optional(Type.String({ description: 'The node that leads the catalog.' })),
      term: count,
      catalog_version: count,
      shard_count: count,
      replica_count: count,
      health,
      reasons: Type.Array(Type.String(), { description: 'Why it is not green.' }),
      members: Type.Array(
        Type.Object(
          {
            node_id: Type.String(),
            raft_address: Type.String(),
            state: memberState,
            status: nodeStatus,
          },
          closed,
        ),
      ),
      is_live: Type.Boolean({
        description:
          'false: the leader could not be asked, and this is what the answering node remembers.',
      }),
    },
    closed,
  ),
  nodes: Type.Object({ nodes: Type.Array(node) }, closed),
  shards: Type.Object({ shards: Type.Array(shard) }, closed),
  join: Type.Object(
    {
      node_id: Type.String(),
      number: count,
      already_member: Type.Boolean({ description: 'Whether it had joined by itself before.' }),
      rebalancing: Type.Boolean(),
    },
    closed,
  ),
  leave: Type.Object({ node_id: Type.String(), state: memberState, replicas_left: count }, closed),
  migration: Type.Object(
    {
      moves: Type.Array(move),
      moves_planned: count,
      moves_ended: count,
      bytes_moved: Type.Number({ minimum: 0 }),
      leaving: Type.Array(Type.String()),
    },
    closed,
  ),
  rebalance: Type.Object(
    {
      rebalancing: Type.Boolean(),
      balanced: Type.Boolean(),
      moves: Type.Array(move),
      moves_planned: count,
      nodes: Type.Array(
        Type.Object({ node_id: Type.String(), replicas: count, leaders: count }, closed),
      ),
    },
    closed,
  ),
};
