import { crc32 } from 'node:zlib';
import { VectorDbError } from '../../../src/base/error.ts';
import { type EntryId, LOG_START, type LogIndex } from '../../../src/raft/core/entry.ts';
import type { SnapshotMeta } from '../../../src/raft/core/snapshot-meta.ts';
import {
  type ApplyBatch,
  type KeptRow,
  keptRows,
  type StagedState,
  type StateMachine,
  type StateMachineFactory,
  type StateSnapshot,
} from '../../../src/raft/host/state-machine.ts';
import {
  decodeKeyValueCommand,
  encodeKeyValueResult,
  executeKeyValueCommand,
} from './host-key-value.ts';

/** A state as of an entry. */
interface Image {
  readonly applied: EntryId;
  readonly values: ReadonlyMap<string, string>;
  readonly rows: ReadonlyMap<string, Uint8Array>;
}

/** What one batch changed. */
interface Delta {
  readonly applied: EntryId;
  readonly values: ReadonlyMap<string, string>;
  readonly rows: readonly KeptRow[];
}

/** What a group's state machine has on its disk. */
interface Disk {
  /** What surely survives a crash. */
  durable: Image;
  /** Batches after it: a crash keeps the first few. */
  unsynced: Delta[];
  generation: number;
  /** Finished states that were not activated. */
  readonly staged: Map<number, Image>;
  nextGeneration: number;
}

const EMPTY: Image = { applied: LOG_START, values: new Map(), rows: new Map() };

/** Waits until the disk is done with a call; a simulation decides how long that takes. */
export type DiskTurn = (group: number) => Promise<void>;

/** State machines of one node that keep keys and values (see `host-key-value.ts`) in memory, and lose batches that were not flushed when the node crashes. */
export class MemoryMachines implements StateMachineFactory {
  readonly #disks: Map<number, Disk>;
  readonly #machines = new Map<number, MemoryMachine>();
  readonly #turn: DiskTurn;
  #isCrashed = false;

  constructor(turn: DiskTurn = () => Promise.resolve(), disks: Map<number, Disk> = new Map()) {
    this.#turn = turn;
    this.#disks = disks;
  }

  /** The open state machine of a group. */
  machine(group: number): MemoryMachine | undefined {
    return this.#machines.get(group);
  }

  async open(group: number, generation: number): Promise<MemoryMachine> {
    await this.#wait(group);
    let disk = this.#disks.get(group);
    if (disk === undefined) {
      disk = {
        durable: EMPTY,
        unsynced: [],
        generation: 0,
        staged: new Map(),
        nextGeneration: 1,
      };
      this.#disks.set(group, disk);
    }
    if (generation !== disk.generation) activateStaged(disk, generation);
    disk.staged.clear();
    const machine = new MemoryMachine(disk, () => this.#wait(group));
    this.#machines.set(group, machine);
    return machine;
  }

  async destroy(group: number): Promise<void> {
    await this.#wait(group);
    this.#disks.delete(group);
    this.#machines.delete(group);
  }

  /**
   * What the next process finds; the machines of this one never answer again.
   *
   * @param keep - how many of a group's batches that were not flushed survive
   */
  crash(keep: (unsynced: number) => number, turn: DiskTurn = this.#turn): MemoryMachines {
    this.#isCrashed = true;
    for (const disk of this.#disks.values()) {
      disk.unsynced = disk.unsynced.slice(0, keep(disk.unsynced.length));
    }
    return new MemoryMachines(turn, this.#disks);
  }

  async #wait(group: number): Promise<void> {
    await this.#turn(group);
    if (this.#isCrashed) await new Promise<never>(() => {});
  }
}

/** One group's state on one node. */
export class MemoryMachine implements StateMachine {
  readonly #disk: Disk;
  readonly #wait: () => Promise<void>;
  #values = new Map<string, string>();
  #rows = new Map<string, Uint8Array>();
  #applied: EntryId = LOG_START;

  /** Made by {@link MemoryMachines}. */
  constructor(disk: Disk, wait: () => Promise<void>) {
    this.#disk = disk;
    this.#wait = wait;
    this.#load();
  }

  get applied(): EntryId {
    return this.#applied;
  }

  /** As of the applied entry. */
  value(key: string): string | undefined {
    return this.#values.get(key);
  }

  hostRows(): Promise<ReadonlyMap<string, Uint8Array>> {
    return Promise.resolve(new Map(this.#rows));
  }

  async apply(batch: ApplyBatch): Promise<readonly Uint8Array[]> {
    await this.#wait();
    const values = new Map<string, string>();
    const valueOf = (key: string): string | undefined => values.get(key) ?? this.#values.get(key);
    const results = batch.commands.map(({ command }) => {
      const decoded = decodeKeyValueCommand(command);
      const outcome = decoded && executeKeyValueCommand(decoded, valueOf);
      if (outcome?.write !== undefined) values.set(...outcome.write);
      return encodeKeyValueResult(outcome?.result ?? null);
    });
    const delta: Delta = { applied: batch.last, values, rows: keptRows(batch.rows, results) };
    this.#disk.unsynced.push(delta);
    this.#applied = change(delta, this.#values, this.#rows);
    await this.#wait();
    return results;
  }

  async flush(): Promise<LogIndex> {
    const before = this.#disk.unsynced.length;
    await this.#wait();
    const durable = fold(this.#disk.durable, this.#disk.unsynced.splice(0, before));
    this.#disk.durable = durable;
    return durable.applied.index;
  }

  async snapshot(): Promise<StateSnapshot> {
    const last = this.#applied;
    const bytes = encodeImage({ applied: last, values: this.#values, rows: this.#rows });
    await this.#wait();
    return {
      last,
      read: async (offset, length) => {
        await this.#wait();
        return bytes.subarray(offset, offset + length);
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }

  async stage(meta: SnapshotMeta): Promise<StagedState> {
    const generation = this.#disk.nextGeneration;
    this.#disk.nextGeneration += 1;
    await this.#wait();
    return new MemoryStagedState(generation, meta, this.#disk, this.#wait);
  }

  async activate(generation: number): Promise<void> {
    await this.#wait();
    if (generation !== this.#disk.generation) activateStaged(this.#disk, generation);
    this.#load();
  }

  digest(): Promise<string> {
    const bytes = encodeImage({ applied: this.#applied, values: this.#values, rows: this.#rows });
    return Promise.resolve(crc32(bytes).toString(16));
  }

  /** Changes a value behind the log's back: what a bug or a bad disk would do. */
  damage(key: string, value: string): void {
    this.#values.set(key, value);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  #load(): void {
    const { applied, values, rows } = fold(this.#disk.durable, this.#disk.unsynced);
    this.#applied = applied;
    this.#values = new Map(values);
    this.#rows = new Map(rows);
  }
}

class MemoryStagedState implements StagedState {
  readonly generation: number;
  readonly #meta: SnapshotMeta;
  readonly #disk: Disk;
  readonly #wait: () => Promise<void>;
  #parts: Uint8Array[] = [];
  #size = 0;

  constructor(generation: number, meta: SnapshotMeta, disk: Disk, wait: () => Promise<void>) {
    this.generation = generation;
    this.#meta = meta;
    this.#disk = disk;
    this.#wait = wait;
  }

  get size(): number {
    return this.#size;
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#wait();
    this.#parts.push(bytes.slice());
    this.#size += bytes.byteLength;
  }

  async finish(): Promise<void> {
    await this.#wait();
    const image = decodeImage(Buffer.concat(this.#parts));
    if (image.applied.index !== this.#meta.index || image.applied.term !== this.#meta.term) {
      throw new VectorDbError('DATA_CORRUPT', 'the staged state is as of another entry');
    }
    this.#disk.staged.set(this.generation, image);
  }

  async discard(): Promise<void> {
    await this.#wait();
    this.#parts = [];
    this.#disk.staged.delete(this.generation);
  }
}

function activateStaged(disk: Disk, generation: number): void {
  const image = disk.staged.get(generation);
  if (image === undefined) {
    throw new VectorDbError('DATA_CORRUPT', `there is no staged state ${generation}`);
  }
  disk.durable = image;
  disk.unsynced = [];
  disk.generation = generation;
  disk.staged.delete(generation);
}

/** Applies a delta; the entry that it goes up to. */
function change(
  { applied, values, rows }: Delta,
  toValues: Map<string, string>,
  toRows: Map<string, Uint8Array>,
): EntryId {
  for (const [key, value] of values) toValues.set(key, value);
  for (const { key, value } of rows) {
    if (value === undefined) toRows.delete(key);
    else toRows.set(key, value);
  }
  return applied;
}

function fold(image: Image, deltas: readonly Delta[]): Image {
  if (deltas.length === 0) return image;
  const [values, rows] = [new Map(image.values), new Map(image.rows)];
  let { applied } = image;
  for (const delta of deltas) applied = change(delta, values, rows);
  return { applied, values, rows };
}

/** Its keys in order, so that equal states are equal bytes. */
function encodeImage({ applied, values, rows }: Image): Uint8Array {
  const order = <T>(map: ReadonlyMap<string, T>): [string, T][] =>
    [...map].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const texts = order(rows).map(([key, row]) => [key, Buffer.from(row).toString('latin1')]);
  const { term, index } = applied;
  return Buffer.from(JSON.stringify([term, index, order(values), texts]));
}

type ImageText = [number, number, [string, string][], [string, string][]];

function parseImage(bytes: Uint8Array): ImageText {
  try {
    return JSON.parse(Buffer.from(bytes).toString()) as ImageText;
  } catch {
    throw new VectorDbError('DATA_CORRUPT', 'the staged state cannot be read');
  }
}

function decodeImage(bytes: Uint8Array): Image {
  const [term, index, values, texts] = parseImage(bytes);
  const rows = texts.map(([key, text]): [string, Uint8Array] => [
    key,
    new Uint8Array(Buffer.from(text, 'latin1')),
  ]);
  return { applied: { term, index }, values: new Map(values), rows: new Map(rows) };
}
