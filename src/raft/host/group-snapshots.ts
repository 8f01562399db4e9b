import { assert } from '../../base/assert.ts';
import type { Clock } from '../../base/clock.ts';
import { VectorDbError } from '../../base/error.ts';
import type { Configuration, ReplicaId } from '../core/configuration.ts';
import type { EntryId, LogIndex, Term } from '../core/entry.ts';
import type { SnapshotRequest } from '../core/message.ts';
import type { GroupId } from '../log/log-storage.ts';
import type { SnapshotChunk, SnapshotChunkReply } from '../transport/transport.ts';
import type { ApplyPipeline } from './apply-pipeline.ts';
import type { OpenGroupStatus } from './group-status.ts';
import type { Slots } from './slots.ts';
import { newSnapshotCounts } from './snapshot-counts.ts';
import { type SnapshotOrigin, type StagedSnapshot, SnapshotReceiver } from './snapshot-receiver.ts';
import type { SnapshotSender, TakenSnapshot } from './snapshot-sender.ts';
import type { StagedState, StateMachine } from './state-machine.ts';

/** How a snapshot's way to a follower ended. */
export interface SnapshotOutcome {
  readonly to: ReplicaId;
  readonly term: Term;
  readonly outcome: 'finished' | 'failed';
  /** Of its last entry; 0: none was taken. */
  readonly index: number;
}

/** A staged state that the core may take: to be stepped, and then answered by one of the two. */
export interface SnapshotOffer {
  /** What the leader says with a state (thesis 5.3), made up here so that no network can lose it. */
  readonly request: SnapshotRequest;
  /** Of the staged state: the log names it where the core takes the snapshot. */
  readonly generation: number;
  /** The log has named it, durably. */
  readonly install: () => void;
  readonly decline: () => void;
}

export interface GroupSnapshotsOptions {
  readonly group: GroupId;
  readonly replica: ReplicaId;
  readonly clock: Clock;
  readonly snapshotIdleMs: number;
  readonly sender: SnapshotSender;
  readonly receiving: Slots;
  readonly machine: StateMachine;
  readonly pipeline: ApplyPipeline;
  /** As of the applied entry. */
  readonly configuration: () => Configuration;
  /** Why a snapshot that arrives is not wanted. */
  readonly objection: (chunk: SnapshotChunk) => string | undefined;
  /** One is there to be offered to the core: the group needs a turn. */
  readonly onOffer: () => void;
  /** The staged state has taken the machine's place. */
  readonly onInstalled: (last: EntryId) => Promise<void>;
  readonly onSent: (outcome: SnapshotOutcome) => void;
  readonly onError: (error: unknown) => void;
}

/** Snapshots of one group: sent by its leader to one follower after the other, and taken and installed by its followers. */
export class GroupSnapshots {
  readonly #options: GroupSnapshotsOptions;
  readonly #receiver: SnapshotReceiver;
  readonly #counts = newSnapshotCounts();
  readonly #sending = new Map<ReplicaId, AbortController>();
  /** Last entries of states that are being sent. */
  readonly #takenIndex = new Map<ReplicaId, LogIndex>();
  /** Sends are one after the other. */
  #order: Promise<void> = Promise.resolve();
  #isOffering = false;
  #isClosed = false;
  #offer: SnapshotOffer | undefined;
  /** Ends the wait for the core's decision, and for the log's record of it. */
  #abandonOffer: () => void = () => {};

  constructor(options: GroupSnapshotsOptions) {
    this.#options = options;
    this.#receiver = new SnapshotReceiver({
      clock: options.clock,
      snapshotIdleMs: options.snapshotIdleMs,
      slots: options.receiving,
      stage: (meta) => options.machine.stage(meta),
      objection: (chunk) => this.#objection(chunk),
      counts: this.#counts,
      onStaged: (snapshot) => {
        this.#isOffering = true;
        void this.#offerWhenStill(snapshot);
      },
    });
  }

  /** At this moment. */
  get status(): Pick<
    OpenGroupStatus,
    'snapshotsSent' | 'snapshotBytesReceived' | 'snapshotCounts'
  > {
    return {
      snapshotsSent: [...this.#sending.keys()],
      snapshotBytesReceived: this.#receiver.receivedBytes,
      snapshotCounts: { ...this.#counts },
    };
  }

  /** The last entry of the state that is being sent to a replica: behind it, the replica will need the log. 0: none was taken yet. */
  takenIndex(to: ReplicaId): LogIndex {
    return this.#takenIndex.get(to) ?? 0;
  }

  /** Begins to send the group's state, unless it is under way. */
  send(to: ReplicaId, term: Term): void {
    if (this.#sending.has(to)) return;
    const controller = new AbortController();
    this.#sending.set(to, controller);
    const before = this.#order;
    const run = async (): Promise<void> => {
      await before;
      try {
        await this.#send(to, term, controller);
      } catch (error) {
        this.#options.onError(error);
      }
    };
    this.#order = run();
  }

  /** Leadership is over: what is under way ends without an outcome. */
  abortSending(): void {
    for (const controller of this.#sending.values()) controller.abort();
    this.#sending.clear();
    this.#takenIndex.clear();
  }

  onChunk(chunk: SnapshotChunk): Promise<SnapshotChunkReply> {
    return this.#receiver.onChunk(chunk);
  }

  /** What is to be offered to the core now, once. Until it is answered, the state machine stands still. */
  takeOffer(): SnapshotOffer | undefined {
    const offer = this.#offer;
    this.#offer = undefined;
    return offer;
  }

  tick(): void {
    this.#receiver.tick();
  }

  /** Resolves when nothing is under way any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.abortSending();
    this.#offer?.decline();
    await this.#receiver.close();
    await this.#order;
  }

  /**
   * The log takes nothing any more: what is under way ends, and leaves its places to other groups. What was staged and may be named by the log stays as it is.
   * Resolves when the state machine was told.
   */
  async abandon(): Promise<void> {
    this.#isClosed = true;
    this.abortSending();
    this.#abandonOffer();
    await this.#receiver.close();
  }

  async #offerWhenStill({ origin, state }: StagedSnapshot): Promise<void> {
    const { pipeline, onError } = this.#options;
    try {
      await pipeline.task(() => this.#offerToCore(origin, state));
    } catch (error) {
      if (!(error instanceof VectorDbError && error.code === 'SHUTTING_DOWN')) onError(error);
    } finally {
      this.#isOffering = false;
    }
  }

  /**
   * The install has one commit point: the log's record that names the staged state. The state machine follows it, here or at the next start. Nothing is
   * applied between the core's decision and its end.
   */
  async #offerToCore(origin: SnapshotOrigin, state: StagedState): Promise<void> {
    const { machine, onOffer, onInstalled } = this.#options;
    const { from, to, term, meta } = origin;
    const { promise: decision, resolve } = Promise.withResolvers<
      'install' | 'decline' | 'abandon'
    >();
    this.#abandonOffer = () => resolve('abandon');
    this.#offer = {
      request: { kind: 'snapshot', from, to, term, meta },
      generation: state.generation,
      install: () => resolve('install'),
      decline: () => resolve('decline'),
    };
    if (this.#isClosed) resolve('decline');
    onOffer();
    const decided = await decision;
    if (decided === 'abandon') return undefined;
    if (decided === 'decline') return state.discard();
    await machine.activate(state.generation);
    assert(machine.applied.index === meta.index, 'the state is as of the snapshot');
    await onInstalled(machine.applied);
  }

  async #take(to: ReplicaId): Promise<TakenSnapshot> {
    const { pipeline, machine, configuration } = this.#options;
    return pipeline.task(async () => {
      const state = await machine.snapshot();
      if (this.#sending.has(to)) this.#takenIndex.set(to, state.last.index);
      return { state, meta: { ...state.last, configuration: configuration() } };
    });
  }

  async #send(to: ReplicaId, term: Term, controller: AbortController): Promise<void> {
    const { group, replica, sender, onSent } = this.#options;
    const recipient = { group, from: replica, to, term };
    const { signal } = controller;
    const { isStaged, index } = await sender.send(
      recipient,
      () => this.#take(to),
      signal,
      this.#counts,
    );
    if (this.#sending.get(to) !== controller) return;
    this.#sending.delete(to);
    this.#takenIndex.delete(to);
    onSent({ to, term, outcome: isStaged ? 'finished' : 'failed', index });
  }

  #objection(chunk: SnapshotChunk): string | undefined {
    if (chunk.to !== this.#options.replica) return 'it is for another replica';
    if (this.#isOffering) return 'another snapshot is about to be installed';
    return this.#options.objection(chunk);
  }
}
