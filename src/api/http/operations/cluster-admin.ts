import type { Limits } from '../../../database/limits.ts';
import { clusterOf } from '../../cluster-access.ts';
import { snakeCased } from '../../json/snake-case.ts';
import { clusterAnswers, clusterSchemas } from '../../schemas/cluster-schemas.ts';
import { json, operation } from '../operation.ts';
import type { Answer, Operation } from '../operation.ts';
import { checkedName } from '../request-fields.ts';

const tag = 'cluster';
const read = { method: 'GET', access: 'read', tag } as const;
const write = { method: 'POST', access: 'write', tag } as const;

const answer = (value: unknown): Answer => json(snakeCased(value));

/** Operations on the cluster, on any of its nodes; a single node is a cluster of one. */
export function clusterAdmin(limits: Limits): readonly Operation[] {
  return [...views(), ...changes(limits)];
}

function views(): readonly Operation[] {
  return [
    operation({
      ...read,
      id: 'clusterInfo',
      url: '/cluster/info',
      summary: 'Members, leader and health of the cluster',
      answers: { 200: clusterAnswers.info },
      handle: async (_request, setting) => answer(await clusterOf(setting).info()),
    }),
    operation({
      ...read,
      id: 'clusterNodes',
      url: '/cluster/nodes',
      summary: 'The nodes of the cluster, and how each is',
      answers: { 200: clusterAnswers.nodes },
      handle: async (_request, setting) => answer({ nodes: await clusterOf(setting).nodes() }),
    }),
    operation({
      ...read,
      id: 'clusterShards',
      url: '/cluster/shards',
      summary: 'Where each shard is, which node leads it, and how large it is',
      answers: { 200: clusterAnswers.shards },
      handle: async (_request, setting) => answer({ shards: await clusterOf(setting).shards() }),
    }),
    operation({
      ...read,
      id: 'migrationStatus',
      url: '/cluster/migration/status',
      summary: 'Moves of replicas that are under way, and how many follow',
      answers: { 200: clusterAnswers.migration },
      handle: async (_request, setting) => answer(await clusterOf(setting).migrationStatus()),
    }),
    operation({
      ...read,
      id: 'rebalanceStatus',
      url: '/cluster/rebalance/status',
      summary: 'How evenly replicas and leaders are spread',
      answers: { 200: clusterAnswers.rebalance },
      handle: async (_request, setting) => answer(await clusterOf(setting).rebalanceStatus()),
    }),
  ];
}

function changes(limits: Limits): readonly Operation[] {
  const schemas = clusterSchemas(limits);
  return [
    operation({
      ...write,
      id: 'joinCluster',
      url: '/cluster/join',
      summary: 'Move a share of the replicas to a node',
      description:
        'The node joins by itself: it is started with `join_cluster` and `seed_nodes`. For one that has not, the answer is FAILED_PRECONDITION.',
      body: schemas.join,
      answers: { 200: clusterAnswers.join },
      async handle({ body }, setting) {
        const nodeId = checkedName(body.node_id, 'node_id', limits);
        return answer(await clusterOf(setting).join({ nodeId, address: body.address ?? '' }));
      },
    }),
    operation({
      ...write,
      id: 'leaveCluster',
      url: '/cluster/leave',
      summary: 'Have a node give its replicas up and go',
      description: 'It may be stopped once `/cluster/migration/status` names it no more.',
      body: schemas.leave,
      answers: { 200: clusterAnswers.leave },
      async handle({ body }, setting) {
        const nodeId = checkedName(body.node_id, 'node_id', limits);
        return answer(await clusterOf(setting).leave({ nodeId, cancel: body.cancel ?? false }));
      },
    }),
    operation({
      ...write,
      id: 'rebalanceCluster',
      url: '/cluster/rebalance',
      summary: 'Even out how many replicas nodes have',
      body: schemas.rebalance,
      bodyOptional: true,
      answers: { 200: clusterAnswers.rebalance },
      async handle({ body }, setting) {
        const cluster = clusterOf(setting);
        return answer(await (body.cancel ? cluster.cancelRebalance() : cluster.rebalance()));
      },
    }),
  ];
}
