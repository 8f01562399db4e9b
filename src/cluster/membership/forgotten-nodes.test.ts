import { expect, test } from 'vitest';
import { type Configuration, configurationOf } from '../../raft/core/configuration.ts';
import type { OpenGroupStatus } from '../../raft/host/group-status.ts';
import { EMPTY_CONFIGURATION } from '../../raft/host/host-rows.ts';
import { replicaId } from '../../raft/host/replica-id.ts';
import type { ClusterState, MemberState } from '../catalog/cluster-state.ts';
import { forgottenNodes } from './forgotten-nodes.ts';

/** Nodes that node 3 forgets. */
function forgotten(
  states: Readonly<Record<number, MemberState>>,
  configuration: Configuration,
  at: { readonly restoringIndex?: number; readonly handedOutIndex?: number } = {},
): readonly number[] {
  const nodes = Object.entries(states).map(([number, state]) => ({
    number: Number(number),
    state,
  }));
  const raft = {
    replica: replicaId(3, 0),
    appliedIndex: 5,
    handedOutIndex: 5,
    restoringIndex: 0,
    configuration,
    ...at,
  };
  return forgottenNodes(
    { nodes: new Map(nodes.map((node) => [node.number, node])) } as unknown as ClusterState,
    { raft } as unknown as OpenGroupStatus,
  );
}

const ids = (...nodes: readonly number[]): number[] => nodes.map((node) => replicaId(node, 0));

test('nodes that are gone and have no replica of the catalog are forgotten', () => {
  const states = { 1: 'gone', 2: 'leaving', 3: 'gone', 4: 'gone', 5: 'member' } as const;
  expect(forgotten(states, configurationOf(ids(4), ids(5)))).toEqual([1]);
});

test('a leader that is gone is not, while a new node takes the catalog over that says so', () => {
  const states = { 1: 'gone', 2: 'member', 3: 'member' } as const;
  const installing = { restoringIndex: 9, handedOutIndex: 9 };
  expect(forgotten(states, EMPTY_CONFIGURATION, installing)).toEqual([]);
  expect(forgotten(states, configurationOf(ids(2), ids(3)), { handedOutIndex: 7 })).toEqual([]);
  expect(forgotten(states, configurationOf(ids(1), ids(2, 3)))).toEqual([]);
});
