import { join } from 'node:path';

import { Bitset } from '../bitset.ts';
import { VectorArena } from '../vector-arena.ts';
import type { GrowingHandle, SealedHandle } from './index-view.ts';
import { POINTS_FILE, PointsFile } from './points-file.ts';

/** Called with each row's key and payload, which are overwritten afterwards. */
export type VisitRow = (slot: number, key: Uint8Array, payload: Uint8Array) => void;

/** A segment as the builder reads it: rows that do not change, tombstones as they were at one sequence. */
export class BuildSource implements Disposable {
  readonly handle: GrowingHandle | SealedHandle;
  readonly rows: number;
  /** Rows that were there at the sequence. */
  readonly live: Bitset;
  readonly #versions: Float64Array;
  readonly #shards: Uint16Array;
  readonly #columns = new Map<string, { arena: VectorArena; has: (slot: number) => boolean }>();
  readonly #scan: (from: number, to: number, visit: VisitRow) => void;
  readonly #points: PointsFile | undefined;

  /**
   * @param sequence - rows that went at or before it are not live
   * @param lane - the calling thread's
   */
  constructor(handle: GrowingHandle | SealedHandle, sequence: number, lane: number) {
    this.handle = handle;
    this.rows =
      handle.kind === 'growing' ? Atomics.load(new Int32Array(handle.state), 0) : handle.rows;
    this.#versions = new Float64Array(handle.versions);
    this.#shards = new Uint16Array(handle.shards);
    const deletedAt = new Float64Array(handle.deletedAt);
    this.live = new Bitset(this.rows);
    for (let slot = 0; slot < this.rows; slot += 1) {
      const went = deletedAt[slot] as number;
      if (went === 0 || went > sequence) this.live.add(slot);
    }
    if (handle.kind === 'growing') {
      for (const [name, column] of Object.entries(handle.columns)) {
        const present = new Uint8Array(column.present);
        const arena = VectorArena.attach(column.arena, lane);
        this.#columns.set(name, { arena, has: (slot) => present[slot] === 1 });
      }
      this.#scan = (from, to, visit) => scanGrowing(handle, from, to, visit);
      return;
    }
    for (const [name, column] of Object.entries(handle.columns)) {
      const present = column.present && new Bitset(this.rows, new Uint32Array(column.present));
      const arena = VectorArena.attach(column.arena, lane);
      this.#columns.set(name, { arena, has: (slot) => present?.has(slot) ?? true });
    }
    const path = join(handle.directory, POINTS_FILE);
    const points = new PointsFile(path, new Float64Array(handle.offsets));
    this.#points = points;
    this.#scan = (from, to, visit) => points.scan(from, to, visit);
  }

  version(slot: number): number {
    return this.#versions[slot] as number;
  }

  shard(slot: number): number {
    return this.#shards[slot] as number;
  }

  /** A view of the row's vector of this name, where it has one. */
  vector(name: string, slot: number): Float32Array | undefined {
    const column = this.#columns.get(name);
    return column?.has(slot) ? column.arena.row(slot) : undefined;
  }

  /** Visits all rows in [from, to), dead ones too. */
  scan(from: number, to: number, visit: VisitRow): void {
    this.#scan(from, to, visit);
  }

  [Symbol.dispose](): void {
    this.#points?.[Symbol.dispose]();
  }
}

function scanGrowing(handle: GrowingHandle, from: number, to: number, visit: VisitRow): void {
  const offsets = new Uint32Array(handle.offsets);
  const bytes = new Uint8Array(handle.bytes);
  for (let slot = from; slot < to; slot += 1) {
    const payload = offsets[2 * slot + 1] as number;
    const key = bytes.subarray(offsets[2 * slot], payload);
    visit(slot, key, bytes.subarray(payload, offsets[2 * slot + 2]));
  }
}
