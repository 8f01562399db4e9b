import type { ClusterCommand } from '../catalog/cluster-command.ts';
import { groupOfShard, type Move, type MoveStep } from '../catalog/cluster-state.ts';
import type { ReplicaId } from '../../raft/core/configuration.ts';
import {
  type DriverContext,
  type DriverRound,
  freshObservation,
  shardSlot,
} from './driver-context.ts';
import { configurationChangeOf, type GuardedChange } from './guarded-change.ts';
import { type MoveAction, nextMoveAction } from './move-action.ts';
import { type GroupObservation, openReplica } from './shard-observation.ts';

const CHANGE_TIMEOUT_MS = 5_000;

/** What is remembered of a move that is being driven. */
export interface MoveNote {
  readonly step: MoveStep;
  /** When this driver saw the step begin, by the monotonic clock. */
  readonly sinceMs: number;
  /** Empty: nothing in particular. */
  readonly waitsFor: string;
}

/** Brings moves on, step by step, by what the nodes report. */
export class MoveDriver {
  readonly #context: DriverContext;
  #notes = new Map<number, MoveNote>();
  #ended = 0;
  #bytesMoved = 0;

  constructor(context: DriverContext) {
    this.#context = context;
  }

  /** By move. */
  get notes(): ReadonlyMap<number, MoveNote> {
    return this.#notes;
  }

  /** Moves that ended, and bytes of snapshots that came by them, since {@link begin}. */
  get totals(): { readonly ended: number; readonly bytes: number } {
    return { ended: this.#ended, bytes: this.#bytesMoved };
  }

  begin(): void {
    this.#notes = new Map();
    this.#ended = 0;
    this.#bytesMoved = 0;
  }

  /** Takes the next step of each move that has one to take. */
  pass(round: DriverRound): void {
    for (const id of this.#notes.keys()) if (!round.state.moves.has(id)) this.#notes.delete(id);
    for (const move of round.state.moves.values()) this.#drive(round, move);
  }

  /** Gives moves up that are not wanted any more, as far as that can still be done. */
  cancel(round: DriverRound, moves: readonly number[]): void {
    for (const id of moves) {
      const move = round.state.moves.get(id);
      if (move?.step !== 'adding') continue;
      this.#context.slots.begin(shardSlot(move.shard), () =>
        this.#advance(round, move, 'cancelling'),
      );
    }
  }

  /** Takes learners out that no move knows: a request to add them came late. */
  removeStrays(round: DriverRound): void {
    const coming = new Map([...round.state.moves.values()].map((move) => [move.shard, move]));
    for (const shard of round.state.shards.keys()) {
      const leader = freshObservation(this.#context, round, shard)?.leader;
      if (leader === undefined || leader.report.configuration.outgoing.length > 0) continue;
      const known = coming.get(shard)?.add?.replica;
      const strays = leader.report.configuration.learners.filter((each) => each !== known);
      if (strays.length === 0) continue;
      this.#change(round, shard, { kind: 'removeLearners', replicas: strays });
    }
  }

  #drive(round: DriverRound, move: Move): void {
    const { settings, slots, collector } = this.#context;
    if (!slots.isFree(shardSlot(move.shard))) return;
    // Without a leader nobody's word has to be newer than the last change.
    const seen = round.groups.get(groupOfShard(move.shard));
    const observation = freshObservation(this.#context, round, move.shard);
    if (observation === undefined && seen?.leader !== undefined) return;
    const sinceMs = this.#sinceMs(move);
    const action = nextMoveAction(move, observation ?? seen, {
      nodes: withoutGone(round),
      hasAnswered: (node) => (collector.heard(node)?.askedMs ?? -Infinity) >= sinceMs,
      lagMax: settings.lagMax,
    });
    const waitsFor = action.kind === 'wait' ? action.for : '';
    this.#notes.set(move.id, { step: move.step, sinceMs, waitsFor });
    this.#take(round, move, action, seen);
  }

  #take(
    round: DriverRound,
    move: Move,
    action: MoveAction,
    observation: GroupObservation | undefined,
  ): void {
    const { slots, caller } = this.#context;
    const slot = shardSlot(move.shard);
    switch (action.kind) {
      case 'wait':
        return;
      case 'change':
        return this.#change(round, move.shard, action.change);
      case 'transfer': {
        const leader = observation?.leader?.node;
        if (leader === undefined) return;
        const call = {
          kind: 'transferLeadership',
          group: groupOfShard(move.shard),
          to: action.to,
        } as const;
        const options = { timeoutMs: CHANGE_TIMEOUT_MS, signal: round.signal };
        return slots.begin(slot, () => caller.call(leader, call, options));
      }
      case 'advance':
        return slots.begin(slot, async () => {
          await this.#advance(round, move, action.to);
          if (move.step === 'switching' && move.add !== undefined) {
            this.#bytesMoved += bytesTaken(observation, move.add.replica);
          }
        });
    }
  }

  #change(round: DriverRound, shard: number, change: GuardedChange): void {
    const { slots, caller } = this.#context;
    const group = groupOfShard(shard);
    const leader = round.groups.get(group)?.leader;
    if (leader === undefined) return;
    const call = {
      kind: 'changeConfiguration',
      group,
      change: configurationChangeOf(change),
    } as const;
    const options = { timeoutMs: CHANGE_TIMEOUT_MS, signal: round.signal };
    slots.begin(shardSlot(shard), () => caller.call(leader.node, call, options));
  }

  async #advance(round: DriverRound, move: Move, to: MoveStep | undefined): Promise<void> {
    const { propose, log } = this.#context;
    const { id, shard, reason, step } = move;
    const command: ClusterCommand = {
      kind: 'advanceMove',
      move: id,
      from: step,
      ...(to === undefined ? {} : { to }),
    };
    await propose(command, round.signal);
    if (to === undefined) this.#ended += 1;
    const fields = { move: id, shard, reason, from: move.remove?.node, to: move.add?.node };
    log('info', to === undefined ? 'a move has ended' : `a move is ${to}`, fields);
  }

  #sinceMs({ id, step }: Move): number {
    const before = this.#notes.get(id);
    return before?.step === step ? before.sinceMs : this.#context.clock.monotonicMs();
  }
}

/** Conditions of nodes; one that is gone does not come back, whether or not anybody still asks it. */
function withoutGone({ state, conditions }: DriverRound): DriverRound['conditions'] {
  const gone = [...state.nodes.values()].filter((node) => node.state === 'gone');
  return new Map([...conditions, ...gone.map(({ number }) => [number, 'lost'] as const)]);
}

/** What came by the network, uncompressed; that it takes less room on the disk says nothing of the way. */
function bytesTaken(observation: GroupObservation | undefined, replica: ReplicaId): number {
  if (observation === undefined) return 0;
  return openReplica(observation, replica)?.snapshotBytesTaken ?? 0;
}
