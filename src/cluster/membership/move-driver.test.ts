import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { HandClock } from '../../../test/support/hand-clock.ts';
import { configurationOf } from '../../raft/core/configuration.ts';
import { replicaId } from '../../raft/host/replica-id.ts';
import type { NodeReport } from '../call/node-report.ts';
import type { ClusterCommand } from '../catalog/cluster-command.ts';
import { EMPTY_CLUSTER, groupOfShard, type Move } from '../catalog/cluster-state.ts';
import { ActionSlots } from './action-slots.ts';
import type { DriverContext, DriverRound } from './driver-context.ts';
import { MoveDriver } from './move-driver.ts';
import { observeGroups } from './shard-observation.ts';

const place = (node: number) => ({ node, replica: replicaId(node, 0) });

/** A driver over nodes that answer when they are told to; node 1 leads shard 0, and nodes 1, 2 and 3 decide. */
class Subject {
  readonly clock = new HandClock();
  readonly proposed: ClusterCommand[] = [];
  readonly #askedMs = new Map<number, number>();
  readonly #driver: MoveDriver;

  constructor() {
    const { clock } = this;
    const fail = (what: string, error: unknown): void => {
      throw new Error(what, { cause: error });
    };
    this.#driver = new MoveDriver({
      clock,
      slots: new ActionSlots({ clock, retryMs: 1, onDone: () => {}, onError: fail }),
      collector: { heard: (node: number) => this.#heard(node) },
      settings: { lagMax: 10 },
      log: () => {},
      propose: (command: ClusterCommand) => {
        this.proposed.push(command);
        return Promise.resolve({ kind: 'done', version: 1, changed: true });
      },
    } as unknown as DriverContext);
  }

  answer(...nodes: readonly number[]): void {
    for (const node of nodes) this.#askedMs.set(node, this.clock.monotonicMs());
  }

  /** One round a second later; `gone`: nodes that are. */
  async pass(move: Omit<Move, 'id' | 'shard' | 'reason'>, gone: readonly number[] = []) {
    this.clock.pass(1_000);
    const whole: Move = { id: 1, shard: 0, reason: 'replace', ...move };
    const nodes = [1, 2, 3, 4].map((number) => ({
      number,
      state: gone.includes(number) ? 'gone' : 'member',
    }));
    const reports = [...this.#askedMs.keys()].flatMap((node) => this.#heard(node)?.report ?? []);
    this.#driver.pass({
      state: {
        ...EMPTY_CLUSTER,
        nodes: new Map(nodes.map((node) => [node.number, node])),
        moves: new Map([[whole.id, whole]]),
      },
      conditions: new Map(),
      groups: observeGroups(reports),
      signal: new AbortController().signal,
    } as unknown as DriverRound);
    await setImmediate();
  }

  #heard(node: number): { readonly report: NodeReport; readonly askedMs: number } | undefined {
    const askedMs = this.#askedMs.get(node);
    if (askedMs === undefined) return undefined;
    const group = {
      state: 'open',
      group: groupOfShard(0),
      replica: replicaId(node, 0),
      role: node === 1 ? 'leader' : 'follower',
      term: 2,
      appliedIndex: 9,
      lastIndex: 9,
      configuration: configurationOf([1, 2, 3].map((each) => replicaId(each, 0))),
      progress: [],
      isIndexed: true,
    };
    return { report: { node, groups: [group] } as unknown as NodeReport, askedMs };
  }
}

const advanced = (from: string, to: string) => ({ kind: 'advanceMove', move: 1, from, to });

test('a move to a node that is gone is given up, though nobody asks that node any more', async () => {
  const subject = new Subject();
  subject.answer(1, 2, 3);
  const move = { step: 'adding', add: place(4), remove: place(3) } as const;
  await subject.pass(move);
  expect(subject.proposed).toEqual([]);
  await subject.pass(move, [4]);
  expect(subject.proposed).toEqual([advanced('adding', 'cancelling')]);
});

test('a replica goes once those that stay have answered since the move began', async () => {
  const subject = new Subject();
  subject.answer(1, 2, 3);
  const move = { step: 'adding', remove: place(3) } as const;
  await subject.pass(move);
  subject.answer(1, 3);
  await subject.pass(move);
  expect(subject.proposed).toEqual([]);
  subject.answer(1, 2);
  await subject.pass(move);
  expect(subject.proposed).toEqual([advanced('adding', 'switching')]);
});

test('a replica stays where one of those that would be left is gone', async () => {
  const subject = new Subject();
  subject.answer(1, 3);
  await subject.pass({ step: 'adding', remove: place(3) }, [2]);
  expect(subject.proposed).toEqual([advanced('adding', 'cancelling')]);
});
