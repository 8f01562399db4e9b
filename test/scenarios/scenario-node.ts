import { assert, must } from '../../src/base/assert.ts';
import type { Configuration, ReplicaId } from '../../src/raft/core/configuration.ts';
import { decodeConfigurationChange } from '../../src/raft/core/configuration-change-codec.ts';
import type { Entry, EntryId } from '../../src/raft/core/entry.ts';
import type { HardState } from '../../src/raft/core/hard-state.ts';
import type { Message } from '../../src/raft/core/message.ts';
import { RaftNode } from '../../src/raft/core/raft-node.ts';
import type { RaftOptions } from '../../src/raft/core/raft-options.ts';
import type { Ready } from '../../src/raft/core/ready.ts';
import type { SnapshotMeta } from '../../src/raft/core/snapshot-meta.ts';
import type { GroupWrite } from '../../src/raft/log/log-storage.ts';
import { CoreLog } from '../simulation/core/core-log.ts';

/** Limits of a node; the rest of its options belongs to it. */
export type ScenarioLimits = Omit<RaftOptions, 'replica' | 'log' | 'appliedIndex' | 'random'>;

/** What a state machine holds: all commands up to an entry. */
export interface ScenarioState {
  readonly last: EntryId;
  readonly configuration: Configuration;
  readonly commands: readonly string[];
}

/** How a node begins. */
export interface ScenarioNodeOptions {
  readonly replica: ReplicaId;
  readonly limits: ScenarioLimits;
  readonly state: ScenarioState;
  readonly hardState: HardState;
  /** Behind the state. */
  readonly entries: readonly Entry[];
}

/** A Ready that is being written. */
interface Writing {
  readonly number: number;
  readonly isEmpty: boolean;
  readonly messages: readonly Message[];
}

/** What waits for the state machine: entries, or a snapshot's state that takes its place. */
type Applying = { readonly entry: Entry } | { readonly installed: ScenarioState };

const GROUP = 1;

/** One replica, its log and its state machine; every step of its host is taken by hand. */
export class ScenarioNode {
  readonly replica: ReplicaId;
  readonly limits: ScenarioLimits;
  readonly log: CoreLog;
  node: RaftNode | undefined;
  state: ScenarioState;
  /** Ticks of the next election timeouts to be drawn. */
  electionTimeout: number;
  writing: Writing[] = [];
  applying: Applying[] = [];
  /** A snapshot that is written and takes the state's place when its Ready is durable. */
  #installing: { readonly number: number; readonly state: ScenarioState } | undefined;

  constructor({ replica, limits, state, hardState, entries }: ScenarioNodeOptions) {
    this.replica = replica;
    this.limits = limits;
    this.state = state;
    this.electionTimeout = limits.electionTicks;
    this.log = CoreLog.begin(state.configuration);
    const snapshot = { last: state.last, generation: 0 };
    this.log.write({ group: GROUP, snapshot, hardState, ...(entries.length > 0 && { entries }) });
    this.log.acknowledge();
  }

  /** A new process on what is there. */
  start(): void {
    this.log.configuration = this.state.configuration;
    const { replica, limits, log } = this;
    const draw = (bound: number): number => {
      const more = this.electionTimeout - limits.electionTicks;
      assert(more >= 0, 'an election timeout within its range');
      // A retry has a smaller range.
      return Math.min(more, bound - 1);
    };
    const random = { next: () => 0, below: draw };
    this.node = new RaftNode({
      ...limits,
      replica,
      log,
      appliedIndex: this.state.last.index,
      random,
    });
  }

  /** The process is gone. @param keepsWrites - whether what was being written is durable nevertheless */
  stop(keepsWrites: boolean): void {
    this.log.crash(keepsWrites ? this.log.writesUnderWay : 0);
    if (keepsWrites && this.#installing !== undefined) this.state = this.#installing.state;
    this.#installing = undefined;
    this.node = undefined;
    this.writing = [];
    this.applying = [];
  }

  /** Takes a Ready over. @param stateOf - the staged state that a snapshot names */
  take(ready: Ready, stateOf: (meta: SnapshotMeta) => ScenarioState): void {
    const { number, hardState, entries, snapshot, committed, messagesAfterPersist } = ready;
    const generation = this.log.generation + 1;
    const write: GroupWrite = {
      group: GROUP,
      ...(snapshot !== undefined && {
        snapshot: { last: { term: snapshot.term, index: snapshot.index }, generation },
      }),
      ...(hardState !== undefined && { hardState }),
      ...(entries.length > 0 && { entries }),
    };
    const isEmpty = Object.keys(write).length === 1;
    if (!isEmpty) this.log.write(write);
    if (snapshot !== undefined) this.#installing = { number, state: stateOf(snapshot) };
    this.writing.push({ number, isEmpty, messages: messagesAfterPersist });
    this.applying.push(...committed.map((entry) => ({ entry })));
  }

  /** Everything up to Ready `number` is durable, or is said to be (`lies`); the messages that waited for it. */
  persist(number: number, lies: boolean): readonly Message[] {
    const done = this.writing.filter((each) => each.number <= number);
    this.writing = this.writing.filter((each) => each.number > number);
    for (const { isEmpty } of done) if (!isEmpty && !lies) this.log.acknowledge();
    this.node?.onPersisted(number);
    if (this.#installing !== undefined && this.#installing.number <= number) {
      this.applying = [{ installed: this.#installing.state }];
      this.#installing = undefined;
    }
    return done.flatMap(({ messages }) => messages);
  }

  /** Applies up to `count` of what waits; what was applied. */
  apply(count: number): readonly Applying[] {
    const node = must(this.node, 'a node that runs');
    const done = this.applying.splice(0, count);
    for (const each of done) {
      if ('installed' in each) {
        this.state = each.installed;
        // The snapshot's configuration counts before anything behind it is applied.
        node.onApplied(this.state.last.index);
      } else {
        this.#applyEntry(node, each.entry);
      }
    }
    node.onApplied(this.state.last.index);
    return done;
  }

  /** Forgets entries up to `index`, all of which are applied. */
  compact(index: number): void {
    assert(index <= this.state.last.index, 'only what is applied is compacted');
    this.log.write({ group: GROUP, compactTo: index });
    // Writes end in order: this one counts once those before it do, which none of the scripts looks at.
    if (this.writing.every(({ isEmpty }) => isEmpty)) this.log.acknowledge();
    else throw new Error('persist first');
  }

  #applyEntry(node: RaftNode, entry: Entry): void {
    const { index, term } = entry;
    if (index <= this.state.last.index) return;
    assert(index === this.state.last.index + 1, 'entries are applied in order');
    const change =
      entry.kind === 'configuration' ? decodeConfigurationChange(entry.data) : undefined;
    const { commands } = this.state;
    this.state = {
      last: { index, term },
      configuration:
        change === undefined ? this.state.configuration : node.applyConfiguration(change),
      commands:
        entry.kind === 'command' ? [...commands, new TextDecoder().decode(entry.data)] : commands,
    };
  }
}
