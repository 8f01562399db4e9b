import { beforeEach, describe, expect, test } from 'vitest';
import { EMPTY_CLUSTER, type ClusterState, type MemberNode } from '../catalog/cluster-state.ts';
import type { MemberAddress } from './guest-message.ts';
import { MemberNotes } from './member-notes.ts';

const nodeOf = (number: number, raftAddress: string, state: MemberNode['state']): MemberNode => ({
  number,
  nodeId: `node-${number}`,
  raftAddress,
  grpcAddress: '',
  restAddress: '',
  zone: '',
  incarnation: `first ${number}`,
  state,
});

describe('notes of members', () => {
  let held: readonly MemberAddress[];
  let saves: number;
  let state: ClusterState;
  let notes: MemberNotes;

  beforeEach(() => {
    held = [{ node: 2, nodeId: 'node-2', address: 'old:7000' }];
    saves = 0;
    state = EMPTY_CLUSTER;
    notes = new MemberNotes({
      identities: {
        members: () => Promise.resolve(held),
        saveMembers: (members) => {
          held = members;
          saves += 1;
          return Promise.resolve();
        },
      },
      identity: { node: 1 },
      state: () => state,
    });
  });

  const put = (...nodes: readonly MemberNode[]): void => {
    state = { ...state, clusterId: 'c', nodes: new Map(nodes.map((each) => [each.number, each])) };
  };

  test('stay where there is no catalog, as after it was found damaged', async () => {
    await notes.pass();
    expect(held).toEqual([{ node: 2, nodeId: 'node-2', address: 'old:7000' }]);
  });

  test('say where the others are, without those that are gone, and are written where they changed', async () => {
    put(
      nodeOf(3, 'c:7000', 'member'),
      nodeOf(1, 'a:7000', 'member'),
      nodeOf(2, 'b:7000', 'member'),
    );
    await notes.pass();
    await notes.pass();
    put(
      nodeOf(1, 'elsewhere:7000', 'member'),
      nodeOf(2, 'b:7000', 'leaving'),
      nodeOf(3, 'c:7000', 'member'),
    );
    await notes.pass();
    expect(held).toEqual([
      { node: 2, nodeId: 'node-2', address: 'b:7000' },
      { node: 3, nodeId: 'node-3', address: 'c:7000' },
    ]);
    expect(saves).toBe(1);
    put(nodeOf(1, 'a:7000', 'member'), nodeOf(2, 'b:7000', 'gone'), nodeOf(3, 'c:7001', 'member'));
    await notes.pass();
    expect(held).toEqual([{ node: 3, nodeId: 'node-3', address: 'c:7001' }]);
  });
});
