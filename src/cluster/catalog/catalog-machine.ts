import { createHash } from 'node:crypto';
import { VectorDbError } from '../../base/error.ts';
import type { EntryId, LogIndex } from '../../raft/core/entry.ts';
import type { SnapshotMeta } from '../../raft/core/snapshot-meta.ts';
import {
  type ApplyBatch,
  keptRows,
  type StagedState,
  type StateMachine,
  type StateSnapshot,
} from '../../raft/host/state-machine.ts';
import { applyClusterCommand, refusedResult } from './apply-cluster-command.ts';
import type { CatalogFiles } from './catalog-files.ts';
import { type CatalogImage, decodeCatalogImage, encodeCatalogImage } from './catalog-image.ts';
import type { ClusterCommand, ClusterCommandResult } from './cluster-command.ts';
import { decodeClusterCommand, isLaterCommand } from './cluster-command-codec.ts';
import { encodeClusterResult } from './cluster-result-codec.ts';
import type { ClusterState } from './cluster-state.ts';

/** Told of a change of what a node has applied. */
export type CatalogListener = (state: ClusterState, previous: ClusterState) => void;

export interface CatalogMachineOptions {
  readonly files: CatalogFiles;
  /** What the log names. */
  readonly generation: number;
  readonly onChange: CatalogListener;
}

const UNREADABLE = new VectorDbError('DATA_CORRUPT', 'the command cannot be read');

/** What the nodes agree on, as the replicated state of a Raft group: in memory, and as of the last flush in a file. */
export class CatalogMachine implements StateMachine {
  readonly #files: CatalogFiles;
  readonly #onChange: CatalogListener;
  #generation: number;
  #newestGeneration: number;
  #image: CatalogImage;
  /** What the file holds. */
  #durable: CatalogImage;
  /** Finished states that were not activated. */
  readonly #staged = new Map<number, CatalogImage>();
  /** Writes of files are one after the other. */
  #writing: Promise<void> = Promise.resolve();

  private constructor(options: CatalogMachineOptions, image: CatalogImage, newest: number) {
    this.#files = options.files;
    this.#onChange = options.onChange;
    this.#generation = options.generation;
    this.#newestGeneration = newest;
    this.#image = image;
    this.#durable = image;
  }

  /** @throws {VectorDbError} DATA_CORRUPT */
  static async open(options: CatalogMachineOptions): Promise<CatalogMachine> {
    const { files, generation } = options;
    const image = await files.read(generation);
    const newest = Math.max(generation, await files.newest());
    await files.removeOthers(generation);
    return new CatalogMachine(options, image, newest);
  }

  get applied(): EntryId {
    return this.#image.applied;
  }

  /** As of {@link applied}. */
  get state(): ClusterState {
    return this.#image.state;
  }

  hostRows(): Promise<ReadonlyMap<string, Uint8Array>> {
    return Promise.resolve(this.#image.rows);
  }

  /** @throws {VectorDbError} FAILED_PRECONDITION where a command is of a later version of the program: nothing is applied */
  async apply(batch: ApplyBatch): Promise<readonly Uint8Array[]> {
    let { state } = this.#image;
    const results = batch.commands.map(({ command }) => {
      const effect = execute(state, command);
      ({ state } = effect);
      return encodeClusterResult(effect.result);
    });
    const rows = new Map(this.#image.rows);
    for (const { key, value } of keptRows(batch.rows, results)) {
      if (value === undefined) rows.delete(key);
      else rows.set(key, value.slice());
    }
    this.#replace({ applied: batch.last, state, rows });
    return results;
  }

  async flush(): Promise<LogIndex> {
    const image = this.#image;
    const generation = this.#generation;
    await this.#inOrder(async () => {
      // Nothing is new, or another state took this one's place.
      if (image === this.#durable || generation !== this.#generation) return;
      await this.#files.write(generation, encodeCatalogImage(image));
      this.#durable = image;
    });
    return this.#durable.applied.index;
  }

  snapshot(): Promise<StateSnapshot> {
    const last = this.#image.applied;
    const bytes = encodeCatalogImage(this.#image);
    return Promise.resolve({
      last,
      read: (offset: number, length: number) =>
        Promise.resolve(bytes.subarray(offset, offset + length)),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  }

  stage(meta: SnapshotMeta): Promise<StagedState> {
    this.#newestGeneration += 1;
    const generation = this.#newestGeneration;
    const parts: Uint8Array[] = [];
    let size = 0;
    return Promise.resolve({
      generation,
      get size() {
        return size;
      },
      write: (bytes: Uint8Array) => {
        parts.push(bytes.slice());
        size += bytes.byteLength;
        return Promise.resolve();
      },
      finish: () => this.#finish(generation, meta, Buffer.concat(parts)),
      discard: () => {
        parts.length = 0;
        this.#staged.delete(generation);
        return Promise.resolve();
      },
    });
  }

  async activate(generation: number): Promise<void> {
    await this.#inOrder(async () => {
      if (generation === this.#generation) return;
      const image = this.#staged.get(generation);
      if (image === undefined) {
        throw new VectorDbError('DATA_CORRUPT', `there is no staged catalog ${generation}`);
      }
      this.#staged.clear();
      this.#generation = generation;
      this.#durable = image;
      this.#replace(image);
      await this.#files.removeOthers(generation);
    });
  }

  digest(): Promise<string> {
    const hash = createHash('sha256').update(encodeCatalogImage(this.#image));
    return Promise.resolve(hash.digest('hex'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing;
  }

  async #finish(generation: number, meta: SnapshotMeta, bytes: Uint8Array): Promise<void> {
    const image = decodeCatalogImage(bytes);
    if (image.applied.index !== meta.index || image.applied.term !== meta.term) {
      throw new VectorDbError('DATA_CORRUPT', 'the staged catalog is as of another entry');
    }
    await this.#inOrder(() => this.#files.write(generation, bytes));
    this.#staged.set(generation, image);
  }

  #replace(image: CatalogImage): void {
    const previous = this.#image.state;
    this.#image = image;
    if (image.state !== previous) this.#onChange(image.state, previous);
  }

  async #inOrder(task: () => Promise<void>): Promise<void> {
    const done = this.#writing.then(task);
    // Its own caller hears of a failure; the next one tries for itself.
    this.#writing = done.catch(() => {});
    await done;
  }
}

function execute(
  state: ClusterState,
  bytes: Uint8Array,
): { readonly state: ClusterState; readonly result: ClusterCommandResult } {
  if (isLaterCommand(bytes)) {
    // To pass over what others apply would be to disagree with them from then on: this program ends, and the later one goes on here.
    throw new VectorDbError(
      'FAILED_PRECONDITION',
      `the cluster has a command of format ${bytes[0]}: this node needs a later version of the program`,
    );
  }
  let command: ClusterCommand;
  try {
    command = decodeClusterCommand(bytes);
  } catch {
    // Committed, so that it takes its place on every node; the same words on all of them.
    return { state, result: refusedResult(UNREADABLE) };
  }
  return applyClusterCommand(state, command);
}
