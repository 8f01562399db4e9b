import { expect, test } from 'vitest';
import type { PeerProgress } from '../../raft/core/raft-status.ts';
import { replicaId } from '../../raft/host/replica-id.ts';
import { EMPTY_CLUSTER, type MemberState } from '../catalog/cluster-state.ts';
import { catalogSuccessor } from './catalog-successor.ts';
import type { NodeCondition } from './placement-input.ts';

/** A node, and what its voter is. */
interface Peer {
  readonly state?: MemberState;
  readonly condition?: NodeCondition;
  readonly isLearner?: boolean;
  readonly recentlyActive?: boolean;
  readonly match?: number;
}

/** Who follows node 1. */
function successor(...others: readonly Peer[]): number | undefined {
  const peers = [{ state: 'leaving' } as const, ...others].map((peer: Peer, at) => ({
    state: 'member' as const,
    condition: 'alive' as const,
    isLearner: false,
    recentlyActive: true,
    match: 10,
    ...peer,
    node: at + 1,
  }));
  const nodes = peers.map(({ node, state }) => ({
    number: node,
    nodeId: `node-${node}`,
    raftAddress: '',
    grpcAddress: '',
    restAddress: '',
    zone: '',
    incarnation: '',
    state,
  }));
  const progress = peers.map(({ node, isLearner, recentlyActive, match }): PeerProgress => ({
    replica: replicaId(node, 0),
    state: 'replicate',
    match,
    next: match + 1,
    inflightMessages: 0,
    inflightBytes: 0,
    isPaused: false,
    recentlyActive,
    isLearner,
    pendingSnapshot: 0,
  }));
  return catalogSuccessor({
    state: { ...EMPTY_CLUSTER, nodes: new Map(nodes.map((each) => [each.number, each])) },
    conditions: new Map(peers.map(({ node, condition }) => [node, condition])),
    raft: { replica: replicaId(1, 0), progress },
  });
}

test.each<readonly [string, readonly Peer[], number | undefined]>([
  ['the voter with the most', [{ match: 8 }, { match: 9 }], 3],
  ['none that does not answer, though its node is alive', [{ recentlyActive: false }, {}], 3],
  ['none whose node is silent', [{ condition: 'silent' }, {}], 3],
  ['none that leaves too', [{ state: 'leaving' }, {}], 3],
  ['none that only learns', [{ isLearner: true }, {}], 3],
  ['nobody where there is none', [{ state: 'gone' }], undefined],
])('the catalog is handed to %s', (_, others, expected) => {
  expect(successor(...others)).toBe(expected);
});
