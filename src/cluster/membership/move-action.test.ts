import { describe, expect, test } from 'vitest';
import { type Configuration, configurationOf } from '../../raft/core/configuration.ts';
import type { PeerProgress } from '../../raft/core/raft-status.ts';
import { replicaId } from '../../raft/host/replica-id.ts';
import type { GroupReport, NodeReport } from '../call/node-report.ts';
import { groupOfShard, type Move, type MoveStep } from '../catalog/cluster-state.ts';
import type { NodeCondition } from '../placement/placement-input.ts';
import { configurationChangeOf, objectionTo } from './guarded-change.ts';
import { type MoveAction, nextMoveAction } from './move-action.ts';
import { observeGroups } from './shard-observation.ts';

const GROUP = groupOfShard(0);
const id = (node: number): number => replicaId(node, 0);
const place = (node: number) => ({ node, replica: id(node) });

interface Situation {
  readonly step: MoveStep;
  readonly add?: number;
  readonly remove?: number;
  /** Nodes, by what they are in the configuration that the leader applied. */
  readonly voters: readonly number[];
  readonly learners?: readonly number[];
  readonly outgoing?: readonly number[];
  readonly leader?: number;
  /** Entries that nodes are behind. */
  readonly behind?: Readonly<Record<number, number>>;
  /** Nodes that have not applied the configuration, by the voters they know. */
  readonly stale?: Readonly<Record<number, readonly number[]>>;
  readonly notIndexed?: readonly number[];
  readonly corrupt?: readonly number[];
  /** Nodes that have not answered since the step began. */
  readonly unheard?: readonly number[];
  /** Nodes that say nothing of the group. */
  readonly absent?: readonly number[];
  readonly nodes?: Readonly<Record<number, NodeCondition>>;
}

const joint = (situation: Situation): Configuration => ({
  ...configurationOf(situation.voters.map(id), (situation.learners ?? []).map(id)),
  outgoing: (situation.outgoing ?? []).map(id),
  autoLeave: situation.outgoing !== undefined,
});

function reportOf(node: number, situation: Situation): GroupReport {
  const { behind = {}, stale = {}, voters, learners = [], leader = 1 } = situation;
  if (situation.corrupt?.includes(node) === true) {
    return { state: 'corrupt', group: GROUP, replica: id(node) };
  }
  const isLeader = node === leader;
  const known = stale[node];
  const progress = (of: number): PeerProgress => ({
    replica: id(of),
    state: 'replicate',
    match: 1_000 - (behind[of] ?? 0),
    next: 1_001,
    inflightMessages: 0,
    inflightBytes: 0,
    isPaused: false,
    recentlyActive: true,
    isLearner: learners.includes(of),
    pendingSnapshot: 0,
  });
  return {
    state: 'open',
    group: GROUP,
    replica: id(node),
    role: isLeader ? 'leader' : 'follower',
    term: 2,
    leaderNode: leader,
    appliedIndex: 1_000,
    lastIndex: 1_000,
    configuration: known === undefined ? joint(situation) : configurationOf(known.map(id)),
    progress: isLeader ? [...voters, ...learners].map(progress) : [],
    snapshotBytesReceived: undefined,
    snapshotBytesTaken: 0,
    isIndexed: situation.notIndexed?.includes(node) !== true,
    points: 0,
    bytes: 0,
  };
}

/** What is done next. */
function next(situation: Situation): MoveAction {
  const { step, add, remove, absent = [], unheard = [], nodes = {} } = situation;
  const move: Move = {
    id: 1,
    shard: 0,
    reason: 'rebalance',
    step,
    ...(add === undefined ? {} : { add: place(add) }),
    ...(remove === undefined ? {} : { remove: place(remove) }),
  };
  const reports = [1, 2, 3, 4]
    .filter((node) => !absent.includes(node))
    .map((node) => ({ node, groups: [reportOf(node, situation)] }) as unknown as NodeReport);
  const conditions = new Map(
    Object.entries(nodes).map(([node, condition]) => [Number(node), condition]),
  );
  return nextMoveAction(move, observeGroups(reports).get(GROUP), {
    nodes: conditions,
    hasAnswered: (node) => !unheard.includes(node),
    lagMax: 100,
  });
}

const REPLACE = { add: 4, remove: 3, voters: [1, 2, 3] } as const;
const MOVED = { add: 4, remove: 3, voters: [1, 2, 4] } as const;
const advance = (to?: MoveStep): MoveAction => ({
  kind: 'advance',
  ...(to === undefined ? {} : { to }),
});
const waitFor = (words: string) => ({
  kind: 'wait',
  for: expect.stringContaining(words) as string,
});
const SWITCH = { kind: 'change', change: { kind: 'switch', add: [id(4)], remove: [id(3)] } };

describe('while a replica is added', () => {
  const adding = { ...REPLACE, step: 'adding' } as const;
  const learning = { ...adding, learners: [4] };

  test.each([
    ['its node makes it first', { ...adding, absent: [4] }, waitFor('to be made')],
    [
      'it becomes a learner',
      adding,
      { kind: 'change', change: { kind: 'addLearner', replica: id(4) } },
    ],
    ['it catches up', { ...learning, behind: { 4: 101 } }, waitFor('101 entries behind')],
    ['it is indexed', { ...learning, notIndexed: [4] }, waitFor('index')],
    ['it is a learner long enough', { ...learning, behind: { 4: 100 } }, advance('switching')],
    ['it votes already', { ...adding, voters: [1, 2, 3, 4] }, advance('switching')],
    ['it is given up where it is damaged', { ...learning, corrupt: [4] }, advance('cancelling')],
    ['or its node is lost', { ...learning, nodes: { 4: 'lost' } }, advance('cancelling')],
    ['nothing is done without a leader', { ...adding, leader: 9 }, waitFor('leader')],
    ['or without anybody', { ...adding, absent: [1, 2, 3, 4] }, waitFor('any replica')],
  ] as const)('%s', (_, situation, expected) => {
    expect(next(situation)).toEqual(expected);
  });

  test('what was taken for damaged and takes part stays', () => {
    const renewal = { ...adding, add: 3, remove: 3 };
    expect(next(renewal)).toEqual(advance('cancelling'));
  });
});

describe('before a replica goes and none comes', () => {
  const going = { step: 'adding', remove: 3, voters: [1, 2, 3] } as const;

  test.each([
    ['those that stay have answered', going, advance('switching')],
    [
      'they have to, also where they seem to be alive',
      { ...going, unheard: [2] },
      waitFor('to answer'),
    ],
    [
      'a majority of them is enough',
      { ...going, remove: 4, voters: [1, 2, 3, 4], unheard: [2] },
      advance('switching'),
    ],
    [
      'it stays where one of them is silent',
      { ...going, unheard: [2], nodes: { 2: 'silent' } },
      advance('cancelling'),
    ],
    ['or damaged', { ...going, corrupt: [2] }, advance('cancelling')],
    ['or not there', { ...going, absent: [2] }, advance('cancelling')],
    ['nothing is done without a leader', { ...going, leader: 9 }, waitFor('leader')],
  ] as const)('%s', (_, situation, expected) => {
    expect(next(situation)).toEqual(expected);
  });
});

describe('while the voters are switched', () => {
  const switching = { ...REPLACE, step: 'switching', learners: [4] } as const;
  const moved = { ...MOVED, step: 'switching' } as const;

  test.each([
    ['both change at once', switching, SWITCH],
    [
      'not before the new one has caught up',
      { ...switching, behind: { 4: 101 } },
      waitFor('catch'),
    ],
    [
      'it is given up where the new one is lost',
      { ...switching, behind: { 4: 101 }, nodes: { 4: 'lost' } },
      advance('cancelling'),
    ],
    [
      'the leader hands over before it goes',
      { ...switching, leader: 3, behind: { 2: 5 } },
      { kind: 'transfer', to: 1 },
    ],
    [
      'to nobody who is silent or not indexed',
      { ...switching, leader: 3, nodes: { 1: 'silent' }, notIndexed: [2] },
      SWITCH,
    ],
    [
      'those that will vote have to answer before',
      { step: 'switching', add: 2, voters: [1], learners: [2], unheard: [2] },
      waitFor('to answer'),
    ],
    ['a majority of them is enough', { ...switching, unheard: [2] }, SWITCH],
    ['a joint configuration is left first', { ...moved, outgoing: [1, 2, 3] }, waitFor('joint')],
    [
      'a majority applies it',
      { ...moved, stale: { 2: [1, 2, 3], 4: [1, 2, 3] } },
      waitFor('majority'),
    ],
    ['two of three do', { ...moved, stale: { 2: [1, 2, 3] } }, advance('removing')],
    ['a replica only came', { step: 'switching', add: 4, voters: [1, 2, 3, 4] }, advance()],
    [
      'a replica only goes',
      { step: 'switching', remove: 3, voters: [1, 2, 3] },
      { kind: 'change', change: { kind: 'switch', add: [], remove: [id(3)] } },
    ],
  ] as const)('%s', (_, situation, expected) => {
    expect(next(situation)).toEqual(expected);
  });
});

describe('while the old replica is deleted', () => {
  const removing = { ...MOVED, step: 'removing' } as const;

  test.each([
    ['it is waited for', removing, waitFor('deleted')],
    ['it is gone', { ...removing, absent: [3] }, advance()],
    ['its node is silent: nobody waits', { ...removing, nodes: { 3: 'silent' } }, advance()],
  ] as const)('%s', (_, situation, expected) => {
    expect(next(situation)).toEqual(expected);
  });
});

describe('while a move is cancelled', () => {
  const cancelling = { ...REPLACE, step: 'cancelling' } as const;

  test.each([
    [
      'the learner goes',
      { ...cancelling, learners: [4] },
      { kind: 'change', change: { kind: 'removeLearners', replicas: [id(4)] } },
    ],
    ['it is not there: the end', cancelling, advance()],
    ['it votes after all: onwards', { ...MOVED, step: 'cancelling' }, advance('switching')],
    ['it is being decided', { ...cancelling, outgoing: [1, 2] }, waitFor('joint')],
    ['nobody leads', { ...cancelling, leader: 9 }, waitFor('leader')],
  ] as const)('%s', (_, situation, expected) => {
    expect(next(situation)).toEqual(expected);
  });
});

describe('a change that comes late', () => {
  const three = configurationOf([1, 2, 3], [4]);

  test('makes no learner of a voter', () => {
    const change = configurationChangeOf({ kind: 'addLearner', replica: 4 });
    expect(objectionTo(change, three)).toBeUndefined();
    expect(objectionTo(change, configurationOf([1, 2, 4]))).toContain('a voter');
  });

  test('makes no voter of who is no learner any more', () => {
    const change = configurationChangeOf({ kind: 'switch', add: [4], remove: [3] });
    expect(objectionTo(change, three)).toBeUndefined();
    expect(objectionTo(change, configurationOf([1, 2, 4]))).toBeUndefined();
    expect(objectionTo(change, configurationOf([1, 2, 3]))).toContain('no learner');
  });

  test('removes no voter in place of a learner', () => {
    const change = configurationChangeOf({ kind: 'removeLearners', replicas: [4] });
    expect(objectionTo(change, three)).toBeUndefined();
    expect(objectionTo(change, configurationOf([1, 2, 4]))).toContain('a voter');
  });

  test('of another kind is not looked at', () => {
    const change = { steps: [], leave: 'auto', context: new Uint8Array() } as const;
    expect(objectionTo(change, three)).toBeUndefined();
  });
});
