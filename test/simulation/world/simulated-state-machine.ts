import { VectorDbError } from '../../../src/base/error.ts';
import { assert } from '../../../src/base/assert.ts';
import type { EntryId, LogIndex } from '../../../src/raft/core/entry.ts';
import type { SnapshotMeta } from '../../../src/raft/core/snapshot-meta.ts';
import {
  type ApplyBatch,
  keptRows,
  type StagedState,
  type StateMachine,
  type StateMachineFactory,
  type StateSnapshot,
} from '../../../src/raft/host/state-machine.ts';
import { applyRegister } from '../linearizability/register-model.ts';
import { MachineState, type RowChange } from './machine-state.ts';
import type { RandomStream } from './random-streams.ts';
import { decodeCommand, encodeAnswer } from './register-command.ts';
import type { SimulatedProcess } from './simulated-process.ts';

const REGISTER = 'register/';
const HOST = 'host/';

/** Hears what machines do. */
export interface MachineObserver {
  applied(
    group: number,
    index: LogIndex,
    operation: string,
    command: Uint8Array,
    result: Uint8Array,
  ): void;
  digest(group: number, index: LogIndex, digest: string): void;
  /** A staged state has taken the machine's place. */
  installed(): void;
}

/** What one node keeps of one group. */
interface GroupStore {
  generation: number;
  durable: MachineState;
  /** Applied and not durable yet, in order. */
  readonly pending: { readonly changes: readonly RowChange[]; readonly applied: EntryId }[];
  /** Finished, by generation. */
  readonly staged: Map<number, MachineState>;
}

/** The state machines of a node: what is durable of them outlives its processes. */
export class SimulatedStateStore {
  readonly #random: RandomStream;
  readonly #delayMeanMs: number;
  readonly #groups = new Map<number, GroupStore>();
  #generations = 0;
  /** Of the running process. */
  readonly #machines = new Map<number, SimulatedStateMachine>();

  /** @param delayMeanMs - of everything that a machine does */
  constructor(random: RandomStream, delayMeanMs: number) {
    this.#random = random;
    this.#delayMeanMs = delayMeanMs;
  }

  /** Of what was applied since it was last made durable, a first part is left. */
  crash(): void {
    this.#machines.clear();
    for (const store of this.#groups.values()) {
      const kept = this.#random.below(store.pending.length + 1);
      absorb(store, kept);
      store.pending.length = 0;
    }
  }

  wipe(): void {
    this.#groups.clear();
  }

  /** A register as the running process has it. */
  read(group: number, key: string): string | undefined {
    return this.#machines.get(group)?.register(key);
  }

  /** Of a group's state as the running process has it. */
  digest(group: number): string | undefined {
    return this.#machines.get(group)?.liveDigest;
  }

  /** What a process of the node opens its machines with. */
  seenBy(process: SimulatedProcess, observer: MachineObserver): StateMachineFactory {
    const later = <T>(what: string, run: () => T): Promise<T> =>
      new Promise((resolve, reject) => {
        const delay = this.#random.exponential(this.#delayMeanMs);
        process.schedule(delay, `n${process.node} state ${what}`, () => {
          try {
            resolve(run());
          } catch (error) {
            reject(error instanceof Error ? error : new Error(String(error)));
          }
        });
      });
    return {
      open: (group, generation) =>
        later('open', () => {
          const store = this.#open(group, generation);
          const newGeneration = (): number => (this.#generations += 1);
          const machine = new SimulatedStateMachine(group, store, later, newGeneration, observer);
          this.#machines.set(group, machine);
          return machine;
        }),
      destroy: (group) =>
        later('destroy', () => {
          this.#groups.delete(group);
          this.#machines.delete(group);
        }),
    };
  }

  #open(group: number, generation: number): GroupStore {
    let store = this.#groups.get(group);
    if (store === undefined) {
      store = { generation: 0, durable: new MachineState(), pending: [], staged: new Map() };
      this.#groups.set(group, store);
    }
    activate(store, generation);
    return store;
  }
}

/** The first `count` pending changes are durable. */
function absorb(store: GroupStore, count: number): void {
  for (const { changes, applied } of store.pending.splice(0, count)) {
    for (const each of changes) store.durable.set(each);
    store.durable.applied = applied;
  }
}

/** @throws {VectorDbError} DATA_CORRUPT where no such state was staged */
function activate(store: GroupStore, generation: number): void {
  if (store.generation !== generation) {
    const staged = store.staged.get(generation);
    if (staged === undefined) {
      throw new VectorDbError('DATA_CORRUPT', `state ${generation} was never staged`);
    }
    store.generation = generation;
    store.durable = staged;
    store.pending.length = 0;
  }
  store.staged.clear();
}

type Later = <T>(what: string, run: () => T) => Promise<T>;

/** Registers, in memory; what it does takes a while, so that a crash may come between. */
class SimulatedStateMachine implements StateMachine {
  readonly #group: number;
  readonly #store: GroupStore;
  readonly #later: Later;
  readonly #newGeneration: () => number;
  readonly #observer: MachineObserver;
  #live: MachineState;

  constructor(
    group: number,
    store: GroupStore,
    later: Later,
    newGeneration: () => number,
    observer: MachineObserver,
  ) {
    this.#group = group;
    this.#store = store;
    this.#later = later;
    this.#newGeneration = newGeneration;
    this.#observer = observer;
    this.#live = store.durable.copy();
  }

  get applied(): EntryId {
    return this.#live.applied;
  }

  get liveDigest(): string {
    return this.#live.digest;
  }

  register(key: string): string | undefined {
    return this.#live.get(REGISTER + key);
  }

  hostRows(): Promise<ReadonlyMap<string, Uint8Array>> {
    return this.#later('rows', () => {
      const rows = new Map<string, Uint8Array>();
      for (const [key, value] of this.#live.withPrefix(HOST)) {
        rows.set(key, Buffer.from(value, 'latin1'));
      }
      return rows;
    });
  }

  apply(batch: ApplyBatch): Promise<readonly Uint8Array[]> {
    return this.#later('apply', () => {
      assert(batch.last.index > this.applied.index, 'what was applied is applied again');
      const changes: RowChange[] = [];
      const change = (row: RowChange): void => {
        changes.push(row);
        this.#live.set(row);
      };
      const results = batch.commands.map(({ index, command }) => {
        const { id, input } = decodeCommand(command);
        const key = REGISTER + input.key;
        const { state, output } = applyRegister(this.#live.get(key), input);
        change([key, state]);
        const result = encodeAnswer(output);
        this.#observer.applied(this.#group, index, id, command, result);
        return result;
      });
      for (const { key, value } of keptRows(batch.rows, results)) {
        change([HOST + key, value && Buffer.from(value).toString('latin1')]);
      }
      this.#live.applied = batch.last;
      this.#store.pending.push({ changes, applied: batch.last });
      this.#observer.digest(this.#group, batch.last.index, this.#live.digest);
      return results;
    });
  }

  flush(): Promise<LogIndex> {
    const { index } = this.applied;
    const count = this.#store.pending.length;
    const { generation } = this.#store;
    return this.#later('flush', () => {
      if (this.#store.generation === generation) absorb(this.#store, count);
      return index;
    });
  }

  snapshot(): Promise<StateSnapshot> {
    return this.#later('snapshot', () => {
      const bytes = this.#live.encode();
      return {
        last: this.applied,
        read: (offset: number, length: number) =>
          this.#later('read', () => bytes.slice(offset, offset + length)),
        [Symbol.asyncDispose]: () => Promise.resolve(),
      };
    });
  }

  stage(meta: SnapshotMeta): Promise<StagedState> {
    const generation = this.#newGeneration();
    const store = this.#store;
    const parts: Uint8Array[] = [];
    let size = 0;
    return this.#later('stage', () => ({
      generation,
      get size() {
        return size;
      },
      write: (bytes: Uint8Array) => {
        const copy = bytes.slice();
        size += copy.length;
        return this.#later('stage write', () => {
          parts.push(copy);
        });
      },
      finish: () =>
        this.#later('stage finish', () => {
          const state = decoded(Buffer.concat(parts));
          assert(state.applied.index === meta.index, 'a snapshot holds what its meta says');
          store.staged.set(generation, state);
        }),
      discard: () =>
        this.#later('discard', () => {
          store.staged.delete(generation);
        }),
    }));
  }

  activate(generation: number): Promise<void> {
    return this.#later('activate', () => {
      activate(this.#store, generation);
      this.#observer.installed();
      this.#live = this.#store.durable.copy();
      this.#observer.digest(this.#group, this.applied.index, this.#live.digest);
    });
  }

  digest(): Promise<string> {
    return this.#later('digest', () => this.#live.digest);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

function decoded(bytes: Uint8Array): MachineState {
  try {
    return MachineState.decode(bytes);
  } catch (cause) {
    throw new VectorDbError('DATA_CORRUPT', 'a staged state cannot be read', { cause });
  }
}
