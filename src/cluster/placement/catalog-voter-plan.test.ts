import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../base/random.ts';
import { type Configuration, configurationOf } from '../../raft/core/configuration.ts';
import { changedConfiguration } from '../../raft/core/configuration-change.ts';
import { nodeOf, replicaId } from '../../raft/host/replica-id.ts';
import { EMPTY_CLUSTER, type MemberState } from '../catalog/cluster-state.ts';
import { type CatalogVoterInput, planCatalogVoters } from './catalog-voter-plan.ts';
import type { NodeCondition } from './placement-input.ts';

type NodeLine = readonly [
  number: number,
  zone?: string,
  condition?: NodeCondition,
  state?: MemberState,
];

const ids = (...nodes: readonly number[]): number[] => nodes.map((node) => replicaId(node, 0));

function inputOf(
  nodes: readonly NodeLine[],
  configuration: Configuration,
  replicas: ReadonlyMap<number, number> = new Map(
    nodes.map(([node]) => [node, replicaId(node, 0)]),
  ),
): CatalogVoterInput {
  const members = nodes.map(([number, zone = '', , state = 'member']) => ({
    number,
    nodeId: `node-${number}`,
    raftAddress: '',
    grpcAddress: '',
    restAddress: '',
    zone,
    incarnation: '',
    state,
  }));
  return {
    state: { ...EMPTY_CLUSTER, nodes: new Map(members.map((each) => [each.number, each])) },
    conditions: new Map(nodes.map(([node, , condition = 'alive']) => [node, condition])),
    leader: nodes.find(([, , condition = 'alive']) => condition === 'alive')?.[0] ?? 0,
    configuration,
    replicas,
    isCaughtUp: () => true,
  };
}

/** Carries steps out until there are none; the nodes that decide, and those that learn. */
function carriedOut(input: CatalogVoterInput): readonly [number[], number[]] {
  let { configuration } = input;
  for (let round = 0; round < 10; round += 1) {
    const { steps } = planCatalogVoters({ ...input, configuration });
    if (steps.length === 0) {
      return [configuration.voters.map(nodeOf), configuration.learners.map(nodeOf)];
    }
    configuration = changed(configuration, steps);
  }
  throw new Error('it does not come to rest');
}

function changed(
  configuration: Configuration,
  steps: ReturnType<typeof planCatalogVoters>['steps'],
): Configuration {
  const next = changedConfiguration(configuration, {
    steps,
    leave: 'explicit',
    context: new Uint8Array(),
  });
  if ('invalid' in next) throw new Error(next.invalid);
  if (next.outgoing.length === 0) return next;
  const left = changedConfiguration(next, {
    steps: [],
    leave: 'explicit',
    context: new Uint8Array(),
  });
  if ('invalid' in left) throw new Error(left.invalid);
  return left;
}

describe('voters of the catalog', () => {
  test.each([
    [1, [1], []],
    [2, [1], [2]],
    [3, [1, 2, 3], []],
    [4, [1, 2, 3], [4]],
    [5, [1, 2, 3, 4, 5], []],
    [7, [1, 2, 3, 4, 5], [6, 7]],
  ])('of %i members are %j', (members, voters, learners) => {
    const nodes = Array.from({ length: members }, (_, at): NodeLine => [at + 1]);
    const input = inputOf(nodes, configurationOf(ids(1)));
    expect(carriedOut(input)).toEqual([voters, learners]);
  });

  test('begin as learners and wait until they have caught up', () => {
    const input = {
      ...inputOf([[1], [2], [3]], configurationOf(ids(1))),
      isCaughtUp: (replica: number) => replica !== replicaId(3, 0),
    };
    const first = planCatalogVoters(input);
    expect(first.voters).toEqual([1, 2, 3]);
    expect(first.steps).toEqual(ids(2, 3).map((replica) => ({ kind: 'addLearner', replica })));
    const learning = { ...input, configuration: configurationOf(ids(1), ids(2, 3)) };
    expect(planCatalogVoters(learning).steps).toEqual([]);
    expect(planCatalogVoters({ ...learning, isCaughtUp: () => true }).steps).toEqual(
      ids(2, 3).map((replica) => ({ kind: 'addVoter', replica })),
    );
  });

  test('become three where five are wanted and one never catches up', () => {
    const input = {
      ...inputOf([[1], [2], [3], [4], [5, '', 'lost']], configurationOf(ids(1), ids(2, 3, 4, 5))),
      isCaughtUp: (replica: number) => replica !== replicaId(5, 0),
    };
    expect(carriedOut(input)).toEqual([
      [1, 2, 3],
      [4, 5],
    ]);
  });

  test('that are silent give way to learners that are alive, and come back into no place that is taken', () => {
    const configuration = configurationOf(ids(1, 2, 3), ids(4));
    const silent = inputOf([[1], [2, '', 'silent'], [3], [4]], configuration);
    expect(carriedOut(silent)).toEqual([[1, 3, 4], [2]]);
    const back = inputOf([[1], [2], [3], [4]], configurationOf(ids(1, 3, 4), ids(2)));
    expect(planCatalogVoters(back)).toEqual({ voters: [1, 3, 4], steps: [] });
  });

  test('that decide alone lead: another might be dead, and not be missed yet', () => {
    const nodes: NodeLine[] = [[1, '', 'alive', 'leaving'], [2], [3]];
    const input = { ...inputOf(nodes, configurationOf(ids(1, 2, 3))), leader: 3 };
    expect(carriedOut(input)).toEqual([[3], [1, 2]]);
  });

  test('do not stay on a node that is gone because another never catches up', () => {
    const nodes: NodeLine[] = [[1, '', 'alive', 'gone'], [2], [3], [4]];
    const input = {
      ...inputOf(nodes, configurationOf(ids(1), ids(2, 3, 4))),
      isCaughtUp: (replica: number) => replica !== replicaId(4, 0),
    };
    expect(carriedOut(input)).toEqual([[2], [3, 4]]);
  });

  test('stay where no other node is alive', () => {
    const input = inputOf([[1], [2], [3, '', 'lost']], configurationOf(ids(1, 2, 3)));
    expect(planCatalogVoters(input)).toEqual({ voters: [1, 2, 3], steps: [] });
  });

  test('are of as many zones as can be, and change for that as little as can be', () => {
    const lines: NodeLine[] = [
      [1, 'a'],
      [2, 'a'],
      [3, 'b'],
      [4, 'c'],
      [5, 'c', 'alive', 'leaving'],
    ];
    const input = inputOf(lines, configurationOf(ids(1, 2, 3), ids(4, 5)));
    expect(carriedOut(input)).toEqual([
      [1, 3, 4],
      [2, 5],
    ]);
  });

  test('leave nothing behind of nodes that are gone', () => {
    const gone = inputOf(
      [[1], [2], [3, '', 'alive', 'gone'], [4]],
      configurationOf(ids(1, 2, 3), ids(4)),
    );
    expect(carriedOut(gone)).toEqual([[1, 2, 4], []]);
    const learner = inputOf([[1], [2, '', 'alive', 'gone']], configurationOf(ids(1), ids(2)));
    expect(carriedOut(learner)).toEqual([[1], []]);
  });

  test('come back under another id where a replica was damaged', () => {
    const renewed = replicaId(2, 1);
    const replicas = new Map([
      [1, replicaId(1, 0)],
      [2, renewed],
      [3, replicaId(3, 0)],
    ]);
    const input = inputOf([[1], [2], [3]], configurationOf(ids(1, 2, 3)), replicas);
    expect(planCatalogVoters(input).steps).toEqual([{ kind: 'addLearner', replica: renewed }]);
    const learning = { ...input, configuration: configurationOf(ids(1, 2, 3), [renewed]) };
    expect(planCatalogVoters(learning).steps).toEqual([
      { kind: 'addVoter', replica: renewed },
      { kind: 'remove', replica: replicaId(2, 0) },
    ]);
  });

  test('do not change while a change is under way, or nobody is a member', () => {
    const joint = { ...configurationOf(ids(1)), outgoing: ids(2) };
    expect(planCatalogVoters(inputOf([[1], [2], [3]], joint)).steps).toEqual([]);
    expect(planCatalogVoters(inputOf([], configurationOf(ids(1))))).toEqual({
      voters: [],
      steps: [],
    });
  });

  test('are taken from the configuration for nodes that report nothing', () => {
    const input = inputOf([[1], [2], [3]], configurationOf(ids(1), ids(2, 3)), new Map());
    expect(carriedOut(input)).toEqual([[1, 2, 3], []]);
  });
});

test('in random clusters voters are odd in number, alive first, and rest once reached', () => {
  for (let seed = 1; seed <= 500; seed += 1) {
    const random = seededRandom(seed);
    const nodes = Array.from({ length: 1 + random.below(9) }, (_, at): NodeLine => [
      at + 1,
      ['', 'a', 'b', 'c'][random.below(4)] ?? '',
      (['alive', 'alive', 'silent', 'lost'] as const)[random.below(4)] ?? 'alive',
      (['member', 'member', 'member', 'leaving', 'gone'] as const)[random.below(5)] ?? 'member',
    ]);
    const members = nodes.filter(([, , , state]) => state === 'member');
    if (members.length === 0) continue;
    const numbers = nodes.map(([number]) => number);
    const size = 1 + random.below(numbers.length);
    const configuration = configurationOf(
      ids(...numbers.slice(0, size)),
      ids(...numbers.slice(size)),
    );
    const [voters, learners] = carriedOut(inputOf(nodes, configuration));
    expect(voters).toHaveLength([0, 1, 1, 3, 3, 5][Math.min(5, members.length)] ?? 0);
    const isAlive = (node: number): boolean => nodes[node - 1]?.[2] === 'alive';
    const spare = members.filter(([node]) => isAlive(node) && !voters.includes(node));
    if (spare.length > 0) expect(voters.every(isAlive)).toBe(true);
    const present = nodes.filter(([, , , state]) => state !== 'gone').map(([node]) => node);
    expect([...voters, ...learners].sort((a, b) => a - b)).toEqual(present);
  }
});
