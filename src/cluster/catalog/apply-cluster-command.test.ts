import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { replicaId } from '../../raft/host/replica-id.ts';
import { applyClusterCommand } from './apply-cluster-command.ts';
import type { ClusterCommand, ClusterCommandResult, NodeIntroduction } from './cluster-command.ts';
import { decodeClusterState, encodeClusterState } from './cluster-state-codec.ts';
import {
  type ClusterState,
  EMPTY_CLUSTER,
  MEMBER_STATES,
  MOVE_REASONS,
  MOVE_STEPS,
} from './cluster-state.ts';

const node = (name: string, incarnation = `of ${name}`): NodeIntroduction => ({
  nodeId: name,
  raftAddress: `${name}:7000`,
  grpcAddress: `${name}:6334`,
  restAddress: '',
  zone: '',
  incarnation,
});

const founding: ClusterCommand = {
  kind: 'foundCluster',
  clusterId: 'grapes',
  settings: { shardCount: 4, replicaCount: 3 },
  founder: node('a'),
};

/** A cluster that commands are applied to one after the other. */
class Subject {
  state: ClusterState = EMPTY_CLUSTER;

  apply(command: ClusterCommand): ClusterCommandResult {
    const before = this.state;
    const { state, result } = applyClusterCommand(before, command);
    this.state = state;
    if (state === before) expect(result).not.toMatchObject({ changed: true });
    else expect(state.version).toBe(before.version + 1);
    return result;
  }

  join(...names: readonly string[]): this {
    for (const name of names) this.apply({ kind: 'registerNode', node: node(name) });
    return this;
  }

  /** Carries a move out, whole; its id. */
  move(shard: number, ends: { readonly add?: number; readonly remove?: number }): number {
    const id = this.begin(shard, ends);
    this.advance(id, 'adding', 'switching');
    this.advance(id, 'switching', ends.remove === undefined ? undefined : 'removing');
    if (ends.remove !== undefined) this.advance(id, 'removing', undefined);
    return id;
  }

  begin(
    shard: number,
    ends: { readonly add?: number; readonly remove?: number },
    reason: (typeof MOVE_REASONS)[number] = 'rebalance',
  ): number {
    const epoch = this.state.shards[shard]?.epoch ?? 0;
    const result = this.apply({ kind: 'beginMove', shard, epoch, reason, ...ends });
    expect(result).toMatchObject({ kind: 'moveBegun' });
    return result.kind === 'moveBegun' ? result.move : 0;
  }

  advance(
    move: number,
    from: (typeof MOVE_STEPS)[number],
    to: (typeof MOVE_STEPS)[number] | undefined,
  ): ClusterCommandResult {
    return this.apply({ kind: 'advanceMove', move, from, ...(to === undefined ? {} : { to }) });
  }

  nodesOf(shard: number): readonly number[] | undefined {
    return this.state.shards[shard]?.replicas.map((each) => each.node);
  }

  stateOf(number: number): string | undefined {
    return this.state.nodes.get(number)?.state;
  }
}

function founded(...others: readonly string[]): Subject {
  const subject = new Subject();
  subject.apply(founding);
  return subject.join(...others);
}

const refused = (code: string, field?: string) =>
  expect.objectContaining({ kind: 'refused', code, ...(field === undefined ? {} : { field }) });

describe('founding', () => {
  test('makes the founder node 1, with one replica of every shard', () => {
    const subject = new Subject();
    expect(subject.apply(founding)).toEqual({ kind: 'registered', version: 1, node: 1 });
    const { state } = subject;
    expect(state).toMatchObject({ clusterId: 'grapes', nextNode: 2, rebalancing: false });
    expect(state.settings).toEqual({ shardCount: 4, replicaCount: 3 });
    expect(state.shards).toHaveLength(4);
    for (const shard of state.shards) {
      expect(shard).toEqual({
        epoch: 1,
        replicas: [{ node: 1, replica: replicaId(1, 0) }],
        generations: new Map([[1, 1]]),
      });
    }
  });

  test('a second time is refused, unless it is the same once more', () => {
    const subject = founded('b');
    expect(subject.apply(founding)).toEqual({ kind: 'registered', version: 2, node: 1 });
    for (const other of [
      { ...founding, clusterId: 'plums' },
      { ...founding, founder: node('a', 'another') },
    ]) {
      expect(subject.apply(other)).toEqual(refused('FAILED_PRECONDITION'));
    }
  });

  test('needs an id, counts and a founder that says who and where it is', () => {
    for (const [bad, field] of [
      [{ clusterId: '' }, 'cluster_id'],
      [{ settings: { shardCount: 0, replicaCount: 1 } }, 'shard_count'],
      [{ settings: { shardCount: 1e9, replicaCount: 1 } }, 'shard_count'],
      [{ settings: { shardCount: 1, replicaCount: 0 } }, 'replica_count'],
      [{ founder: { ...node('a'), nodeId: '' } }, 'node_id'],
      [{ founder: { ...node('a'), raftAddress: '' } }, 'node_address'],
      [{ founder: { ...node('a'), incarnation: '' } }, undefined],
    ] as const) {
      const subject = new Subject();
      expect(subject.apply({ ...founding, ...bad })).toEqual(refused('INVALID_ARGUMENT', field));
      expect(subject.state).toBe(EMPTY_CLUSTER);
    }
  });

  test('comes before everything else', () => {
    const subject = new Subject();
    for (const command of [
      { kind: 'registerNode', node: node('b') },
      { kind: 'setRebalancing', on: true },
      { kind: 'collections', command: { kind: 'dropCollection', name: 'x' } },
    ] as const) {
      expect(subject.apply(command)).toEqual(refused('FAILED_PRECONDITION'));
    }
  });
});

describe('a node that registers', () => {
  test('gets the next number, and the same again', () => {
    const subject = founded();
    const register = { kind: 'registerNode', node: node('b') } as const;
    expect(subject.apply(register)).toEqual({ kind: 'registered', version: 2, node: 2 });
    expect(subject.apply(register)).toEqual({ kind: 'registered', version: 2, node: 2 });
    expect(subject.apply({ kind: 'registerNode', node: node('c') })).toMatchObject({ node: 3 });
  });

  test('says where it is now', () => {
    const subject = founded('b');
    const moved = { ...node('b'), raftAddress: 'elsewhere:7000', zone: 'east' };
    expect(subject.apply({ kind: 'registerNode', node: moved })).toMatchObject({ node: 2 });
    expect(subject.state.nodes.get(2)).toEqual({ ...moved, number: 2, state: 'member' });
  });

  test('with an empty disk is another node of the same name, and the old one is gone', () => {
    const subject = founded('b');
    subject.move(0, { add: 2 });
    const wiped = { kind: 'registerNode', node: node('b', 'new') } as const;
    expect(subject.apply(wiped)).toMatchObject({ kind: 'registered', node: 3 });
    expect([subject.stateOf(2), subject.stateOf(3)]).toEqual(['gone', 'member']);
    // Its replicas are still to be replaced.
    expect(subject.nodesOf(0)).toEqual([1, 2]);
  });

  test('with the disk of a node that is gone is refused, also under the name of its successor', () => {
    const subject = founded('b');
    subject.apply({ kind: 'registerNode', node: node('b', 'new') });
    expect(subject.apply({ kind: 'registerNode', node: node('b') })).toEqual(
      refused('FAILED_PRECONDITION', 'node_id'),
    );
    expect(subject.stateOf(3)).toBe('member');
  });

  test('with the disk of a member of another name is refused', () => {
    const subject = founded('b');
    const copied = node('c', 'of b');
    expect(subject.apply({ kind: 'registerNode', node: copied })).toEqual(
      refused('ALREADY_EXISTS', 'node_id'),
    );
  });

  test('while it leaves goes on leaving', () => {
    const subject = founded('b');
    subject.apply({ kind: 'leaveNode', node: 2 });
    const register = { ...node('b'), zone: 'west' };
    expect(subject.apply({ kind: 'registerNode', node: register })).toMatchObject({ node: 2 });
    expect(subject.stateOf(2)).toBe('leaving');
  });

  test('finds its number unused, however many were gone and forgotten before', () => {
    const subject = founded('b');
    subject.move(1, { add: 2 });
    for (let wipe = 0; wipe < 100; wipe += 1) {
      const wiped = { kind: 'registerNode', node: node('b', `wiped ${wipe}`) } as const;
      expect(subject.apply(wiped)).toMatchObject({ node: wipe + 3 });
    }
    // The one with a replica stays known; of the others, the last ones do.
    expect(subject.stateOf(2)).toBe('gone');
    expect(subject.stateOf(3)).toBe(undefined);
    expect(subject.state.nodes.size).toBe(2 + 1 + 64);
    expect(subject.state.shards[1]?.generations).toEqual(
      new Map([
        [1, 1],
        [2, 1],
      ]),
    );
  });
});

describe('a node that goes', () => {
  test('leaves, and may change its mind', () => {
    const subject = founded('b');
    expect(subject.apply({ kind: 'leaveNode', node: 2 })).toMatchObject({ changed: true });
    expect(subject.apply({ kind: 'leaveNode', node: 2 })).toMatchObject({ changed: false });
    expect(subject.stateOf(2)).toBe('leaving');
    const cancel = { kind: 'leaveNode', node: 2, cancel: true } as const;
    expect(subject.apply(cancel)).toMatchObject({ changed: true });
    expect(subject.stateOf(2)).toBe('member');
  });

  test('does not if it is the last member', () => {
    const subject = founded('b');
    subject.apply({ kind: 'leaveNode', node: 2 });
    expect(subject.apply({ kind: 'leaveNode', node: 1 })).toEqual(
      refused('FAILED_PRECONDITION', 'node_id'),
    );
    expect(subject.apply({ kind: 'forgetNode', node: 1, replace: true })).toEqual(
      refused('FAILED_PRECONDITION', 'node_id'),
    );
  });

  test('is forgotten once it has no replica and none comes or goes', () => {
    const subject = founded('b', 'c');
    subject.move(0, { add: 2 });
    subject.apply({ kind: 'leaveNode', node: 2 });
    const forget = { kind: 'forgetNode', node: 2 } as const;
    expect(subject.apply(forget)).toEqual(refused('FAILED_PRECONDITION', 'node_id'));
    const move = subject.begin(0, { add: 3, remove: 2 }, 'drain');
    subject.advance(move, 'adding', 'switching');
    subject.advance(move, 'switching', 'removing');
    expect(subject.nodesOf(0)).toEqual([1, 3]);
    expect(subject.apply(forget)).toEqual(refused('FAILED_PRECONDITION'));
    subject.advance(move, 'removing', undefined);
    expect(subject.apply(forget)).toMatchObject({ kind: 'done', changed: true });
    expect(subject.stateOf(2)).toBe('gone');
    expect(subject.apply(forget)).toMatchObject({ kind: 'done', changed: false });
    expect(subject.apply({ kind: 'leaveNode', node: 2 })).toEqual(refused('FAILED_PRECONDITION'));
  });

  test('is gone with its replicas where they are to be replaced', () => {
    const subject = founded('b', 'c');
    subject.move(0, { add: 2 });
    const forget = { kind: 'forgetNode', node: 2, replace: true } as const;
    expect(subject.apply(forget)).toMatchObject({ changed: true });
    expect(subject.nodesOf(0)).toEqual([1, 2]);
  });

  test('has to be known', () => {
    const subject = founded();
    for (const kind of ['leaveNode', 'forgetNode'] as const) {
      expect(subject.apply({ kind, node: 9 })).toEqual(refused('NOT_FOUND', 'node_id'));
    }
  });
});

describe('a move', () => {
  test('that adds and removes changes the placement when it goes on from its switch', () => {
    const subject = founded('b');
    const move = subject.begin(2, { add: 2, remove: 1 });
    const [add, remove] = [
      { node: 2, replica: replicaId(2, 0) },
      { node: 1, replica: replicaId(1, 0) },
    ];
    const begun = { id: move, shard: 2, reason: 'rebalance', step: 'adding', add, remove };
    expect(subject.state.moves.get(move)).toEqual(begun);
    subject.advance(move, 'adding', 'switching');
    expect(subject.state.shards[2]).toMatchObject({ epoch: 1, replicas: [remove] });
    subject.advance(move, 'switching', 'removing');
    expect(subject.state.shards[2]).toMatchObject({ epoch: 2, replicas: [add] });
    expect(subject.state.moves.get(move)?.step).toBe('removing');
    subject.advance(move, 'removing', undefined);
    expect(subject.state.shards[2]).toMatchObject({ epoch: 2, replicas: [add] });
    expect(subject.state.moves.size).toBe(0);
  });

  test('that only adds, or only removes, has fewer steps', () => {
    const subject = founded('b', 'c');
    const adding = subject.begin(0, { add: 3 }, 'repair');
    subject.advance(adding, 'adding', 'switching');
    expect(subject.advance(adding, 'switching', 'removing')).toEqual(
      refused('FAILED_PRECONDITION'),
    );
    subject.advance(adding, 'switching', undefined);
    expect(subject.nodesOf(0)).toEqual([1, 3]);
    subject.apply({ kind: 'setReplicaCount', count: 1 });
    const removing = subject.begin(0, { remove: 1 }, 'trim');
    subject.advance(removing, 'adding', 'switching');
    expect(subject.advance(removing, 'switching', undefined)).toEqual(
      refused('FAILED_PRECONDITION'),
    );
    subject.advance(removing, 'switching', 'removing');
    subject.advance(removing, 'removing', undefined);
    expect(subject.nodesOf(0)).toEqual([3]);
    expect(subject.state.shards[0]?.epoch).toBe(3);
  });

  test('keeps replicas in the order of nodes', () => {
    const subject = founded('b');
    subject.move(0, { add: 2, remove: 1 });
    subject.move(0, { add: 1 });
    expect(subject.nodesOf(0)).toEqual([1, 2]);
  });

  test('that is cancelled changes nothing but the next replica id', () => {
    const subject = founded('b');
    const first = subject.begin(0, { add: 2 });
    subject.advance(first, 'adding', 'cancelling');
    subject.advance(first, 'cancelling', undefined);
    expect(subject.state.shards[0]).toMatchObject({
      epoch: 1,
      generations: new Map([
        [1, 1],
        [2, 1],
      ]),
    });
    const second = subject.begin(0, { add: 2 });
    expect(second).toBe(first + 1);
    expect(subject.state.moves.get(second)?.add?.replica).toBe(replicaId(2, 1));
  });

  test('whose change took effect after all goes back from being cancelled', () => {
    const subject = founded('b');
    const move = subject.begin(0, { add: 2 });
    subject.advance(move, 'adding', 'switching');
    subject.advance(move, 'switching', 'cancelling');
    expect(subject.state.shards[0]?.epoch).toBe(1);
    subject.advance(move, 'cancelling', 'switching');
    subject.advance(move, 'switching', undefined);
    expect(subject.nodesOf(0)).toEqual([1, 2]);
  });

  test('makes a damaged replica anew on its node, under another id', () => {
    const subject = founded('b');
    subject.move(0, { add: 2 });
    const renewal = { shard: 0, epoch: 2, add: 2, remove: 2 } as const;
    expect(subject.apply({ kind: 'beginMove', reason: 'rebalance', ...renewal })).toEqual(
      refused('FAILED_PRECONDITION'),
    );
    const move = subject.begin(0, { add: 2, remove: 2 }, 'replace');
    subject.advance(move, 'adding', 'switching');
    subject.advance(move, 'switching', 'removing');
    expect(subject.state.shards[0]?.replicas).toEqual([
      { node: 1, replica: replicaId(1, 0) },
      { node: 2, replica: replicaId(2, 1) },
    ]);
  });

  test('is refused where the shard is another than the planner thought, or moves', () => {
    const subject = founded('b', 'c');
    const begin = { kind: 'beginMove', reason: 'repair', add: 2 } as const;
    expect(subject.apply({ ...begin, shard: 9, epoch: 1 })).toEqual(refused('NOT_FOUND'));
    expect(subject.apply({ ...begin, shard: 0, epoch: 2 })).toEqual(refused('FAILED_PRECONDITION'));
    subject.begin(0, { add: 2 });
    expect(subject.apply({ ...begin, shard: 0, epoch: 1, add: 3 })).toEqual(
      refused('FAILED_PRECONDITION'),
    );
  });

  test('goes to a member without a replica only, and from a node with one', () => {
    const subject = founded('b', 'c', 'd');
    subject.apply({ kind: 'leaveNode', node: 3 });
    subject.apply({ kind: 'forgetNode', node: 4 });
    const begin = { kind: 'beginMove', reason: 'repair', shard: 0, epoch: 1 } as const;
    for (const ends of [{ add: 3 }, { add: 4 }, { add: 9 }, { add: 1 }, { add: 2, remove: 2 }]) {
      expect(subject.apply({ ...begin, ...ends })).toEqual(refused('FAILED_PRECONDITION'));
    }
    expect(subject.apply(begin)).toEqual(refused('INVALID_ARGUMENT'));
  });

  test('leaves no shard with too many replicas, or with fewer than the members allow', () => {
    const subject = founded('b', 'c', 'd');
    subject.move(0, { add: 2 });
    subject.move(0, { add: 3 });
    const begin = { kind: 'beginMove', reason: 'repair', shard: 0, epoch: 3 } as const;
    expect(subject.apply({ ...begin, add: 4 })).toEqual(refused('FAILED_PRECONDITION'));
    expect(subject.apply({ ...begin, remove: 3 })).toEqual(refused('FAILED_PRECONDITION'));
    subject.apply({ kind: 'leaveNode', node: 3 });
    expect(subject.apply({ ...begin, remove: 3 })).toEqual(refused('FAILED_PRECONDITION'));
    subject.apply({ kind: 'leaveNode', node: 4 });
    // Two members: two replicas are all that can be.
    expect(subject.apply({ ...begin, remove: 3 })).toMatchObject({ kind: 'moveBegun' });
  });

  test('is taken on by one driver only', () => {
    const subject = founded('b');
    const move = subject.begin(0, { add: 2 });
    subject.advance(move, 'adding', 'switching');
    expect(subject.advance(move, 'adding', 'switching')).toEqual(refused('FAILED_PRECONDITION'));
    expect(subject.advance(move, 'adding', 'cancelling')).toEqual(refused('FAILED_PRECONDITION'));
    expect(subject.advance(99, 'adding', 'switching')).toEqual(refused('NOT_FOUND'));
  });

  test('goes from step to step in no other order', () => {
    const allowed = new Set([
      'adding switching',
      'adding cancelling',
      'switching removing',
      'switching cancelling',
      'removing end',
      'cancelling end',
      'cancelling switching',
    ]);
    for (const from of MOVE_STEPS) {
      for (const to of [...MOVE_STEPS, undefined]) {
        const subject = founded('b');
        const move = subject.begin(0, { add: 2, remove: 1 });
        if (from !== 'adding') subject.advance(move, 'adding', 'switching');
        if (from === 'removing' || from === 'cancelling') subject.advance(move, 'switching', from);
        const { kind } = subject.advance(move, from, to);
        expect([from, to, kind]).toEqual([
          from,
          to,
          allowed.has(`${from} ${to ?? 'end'}`) ? 'done' : 'refused',
        ]);
      }
    }
  });

  test('never gives a replica more ids than there are', () => {
    const subject = founded('b');
    const shard = { ...subject.state.shards[0], generations: new Map([[2, 2 ** 20]]) };
    const shards = subject.state.shards.with(0, shard as ClusterState['shards'][number]);
    subject.state = { ...subject.state, shards };
    const begin = { kind: 'beginMove', reason: 'repair', shard: 0, epoch: 1, add: 2 } as const;
    expect(subject.apply(begin)).toEqual(refused('FAILED_PRECONDITION'));
  });
});

describe('settings and collections', () => {
  test('rebalancing is switched on and off', () => {
    const subject = founded();
    const on = { kind: 'setRebalancing', on: true } as const;
    expect(subject.apply(on)).toEqual({ kind: 'done', version: 2, changed: true });
    expect(subject.apply(on)).toEqual({ kind: 'done', version: 2, changed: false });
    expect(subject.state.rebalancing).toBe(true);
  });

  test('the number of replicas can change', () => {
    const subject = founded();
    expect(subject.apply({ kind: 'setReplicaCount', count: 5 })).toMatchObject({ changed: true });
    expect(subject.apply({ kind: 'setReplicaCount', count: 5 })).toMatchObject({ changed: false });
    expect(subject.state.settings).toEqual({ shardCount: 4, replicaCount: 5 });
    for (const count of [0, 1.5, 1e9]) {
      expect(subject.apply({ kind: 'setReplicaCount', count })).toEqual(
        refused('INVALID_ARGUMENT', 'replica_count'),
      );
    }
  });

  test('collections are created once, and refusals name the field', () => {
    const subject = founded();
    const create = {
      kind: 'collections',
      command: { kind: 'createCollection', name: 'docs', vectors: {} },
    } as const;
    expect(subject.apply(create)).toEqual({ kind: 'done', version: 2, changed: true });
    expect(subject.state.collections.collections.has('docs')).toBe(true);
    expect(subject.apply(create)).toEqual(refused('ALREADY_EXISTS', 'name'));
    const drop = { kind: 'collections', command: { kind: 'dropCollection', name: 'x' } } as const;
    expect(subject.apply(drop)).toEqual({ kind: 'done', version: 2, changed: false });
  });

  test('a bug while a command is applied is a refusal in fixed words', () => {
    const subject = founded();
    const broken = { kind: 'collections', command: { kind: 'none' } } as unknown as ClusterCommand;
    expect(subject.apply(broken)).toEqual({
      kind: 'refused',
      code: 'INTERNAL',
      message: 'the command met a bug',
    });
  });
});

const name = fc.constantFrom('a', 'b', 'c', 'd');
const small = fc.integer({ min: 0, max: 6 });
const arbitraryCommand: fc.Arbitrary<ClusterCommand> = fc.oneof(
  fc.constant(founding),
  fc
    .record({ name, incarnation: fc.constantFrom('1', '2', '3', '4', '5') })
    .map(({ name: of, incarnation }): ClusterCommand => ({
      kind: 'registerNode',
      node: node(of, of + incarnation),
    })),
  fc.record({ kind: fc.constant('leaveNode' as const), node: small }),
  fc.record({
    kind: fc.constant('leaveNode' as const),
    node: small,
    cancel: fc.constant(true as const),
  }),
  fc.record({
    kind: fc.constant('forgetNode' as const),
    node: small,
    replace: fc.constant(true as const),
  }),
  fc.record({
    kind: fc.constant('beginMove' as const),
    shard: fc.integer({ min: 0, max: 4 }),
    epoch: fc.integer({ min: 1, max: 3 }),
    reason: fc.constantFrom(...MOVE_REASONS),
    add: small,
    remove: small,
  }),
  fc.record({
    kind: fc.constant('beginMove' as const),
    shard: fc.integer({ min: 0, max: 4 }),
    epoch: fc.integer({ min: 1, max: 3 }),
    reason: fc.constantFrom(...MOVE_REASONS),
    add: small,
  }),
  fc.record({
    kind: fc.constant('advanceMove' as const),
    move: fc.integer({ min: 1, max: 8 }),
    from: fc.constantFrom(...MOVE_STEPS),
    to: fc.constantFrom(...MOVE_STEPS),
  }),
  fc.record({
    kind: fc.constant('advanceMove' as const),
    move: fc.integer({ min: 1, max: 8 }),
    from: fc.constantFrom(...MOVE_STEPS),
  }),
);

test('whatever is proposed: nothing throws, and what must hold holds', () => {
  const replicas = fc.array(arbitraryCommand, { minLength: 20, maxLength: 120 });
  fc.assert(
    fc.property(replicas, (commands) => {
      let { state } = applyClusterCommand(EMPTY_CLUSTER, founding);
      let other = state;
      const given = new Set<string>();
      for (const command of commands) {
        const before = state;
        const effect = applyClusterCommand(before, command);
        ({ state } = effect);
        // The same from a state that went through bytes.
        other = applyClusterCommand(decodeClusterState(encodeClusterState(other)), command).state;
        expectSound(state);
        if (effect.result.kind === 'refused') expect(state).toBe(before);
        const added =
          effect.result.kind === 'moveBegun' && state.moves.get(effect.result.move)?.add;
        if (!added) continue;
        const key = `${[...state.moves.values()].at(-1)?.shard}/${added.replica}`;
        expect(given.has(key)).toBe(false);
        given.add(key);
      }
      expect(Buffer.compare(encodeClusterState(state), encodeClusterState(other))).toBe(0);
    }),
    { numRuns: 60 },
  );
});

function expectSound(state: ClusterState): void {
  const present = [...state.nodes.values()].filter((each) => each.state !== 'gone');
  expect(new Set(present.map(({ nodeId }) => nodeId)).size).toBe(present.length);
  expect(present.some((each) => each.state === 'member')).toBe(true);
  for (const each of state.nodes.values()) {
    expect(each.number).toBeLessThan(state.nextNode);
    expect(MEMBER_STATES).toContain(each.state);
  }
  for (const { replicas, generations } of state.shards) {
    const nodes = replicas.map((each) => each.node);
    expect(replicas.length).toBeGreaterThan(0);
    expect(replicas.length).toBeLessThanOrEqual(state.settings.replicaCount);
    expect(new Set(nodes).size).toBe(nodes.length);
    expect(nodes).toEqual(nodes.toSorted((a, b) => a - b));
    for (const { node: on, replica } of replicas) {
      expect(replica).toBeLessThan(replicaId(on, generations.get(on) ?? 0));
    }
  }
  const moving = [...state.moves.values()].map(({ shard }) => shard);
  expect(new Set(moving).size).toBe(moving.length);
}
