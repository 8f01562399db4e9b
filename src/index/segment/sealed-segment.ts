import { join } from 'node:path';

import { assert, must } from '../../base/assert.ts';
import type { PointKey } from '../../base/point-id.ts';
import { Bitset } from '../bitset.ts';
import type { CollectionSchema } from '../collection-schema.ts';
import { LEFT_OUT, type BuiltSegment, type SegmentFile } from './build-job.ts';
import { fieldFileName } from './field-files.ts';
import type { SealedHandle } from './index-view.ts';
import { KeyTable } from './key-table.ts';
import { POINTS_FILE, PointsFile } from './points-file.ts';

/** The writer's side of a sealed segment: finds rows by key and sets their tombstones. */
export class SealedSegment implements Disposable {
  handle: SealedHandle;
  files: readonly SegmentFile[];
  readonly #points: PointsFile;
  readonly #keys: KeyTable;
  readonly #deletedAt: Float64Array;
  readonly #deletedCount: Int32Array;
  readonly #shards: Uint16Array;
  readonly #versions: Float64Array;

  constructor(handle: SealedHandle, files: readonly SegmentFile[]) {
    this.handle = handle;
    this.files = files;
    this.#points = new PointsFile(
      join(handle.directory, POINTS_FILE),
      new Float64Array(handle.offsets),
    );
    this.#keys = new KeyTable(new Uint32Array(handle.keys));
    this.#deletedAt = new Float64Array(handle.deletedAt);
    this.#deletedCount = new Int32Array(handle.deletedCount);
    this.#shards = new Uint16Array(handle.shards);
    this.#versions = new Float64Array(handle.versions);
  }

  /**
   * A built segment, with the tombstones that its sources got while it was built.
   *
   * @param sources - what it was built from
   */
  static install(
    built: BuiltSegment,
    sources: readonly { readonly id: number; deletedAt(slot: number): number }[],
  ): SealedSegment {
    const segment = new SealedSegment(built.handle, built.files);
    for (const { id, slots } of built.sources) {
      const source = must(
        sources.find((candidate) => candidate.id === id),
        'a build has the sources it was given',
      );
      for (let slot = 0; slot < slots.length; slot += 1) {
        const to = slots[slot] as number;
        const deletedAt = to === LEFT_OUT ? 0 : source.deletedAt(slot);
        if (deletedAt !== 0) segment.deleteSlot(to, deletedAt);
      }
    }
    return segment;
  }

  /** Takes payload indexes that were built for it; of those that it had when the build began, some may have gone. */
  addFields(built: BuiltSegment): void {
    const names = new Set(built.files.map((file) => file.name));
    const added = Object.entries(built.handle.fields).filter(([, name]) => names.has(name));
    this.handle = {
      ...this.handle,
      fields: { ...this.handle.fields, ...Object.fromEntries(added) },
    };
    this.files = [...this.files.filter((file) => !names.has(file.name)), ...built.files];
  }

  /** Lets go of payload indexes that the schema does not have, or has otherwise; returns the paths of their files. */
  dropFields(schema: CollectionSchema): string[] {
    const kept = Object.fromEntries(
      Object.entries(this.handle.fields).filter(([key, name]) => {
        const index = schema.payloadIndexes[key];
        return index !== undefined && fieldFileName(key, index) === name;
      }),
    );
    const names = new Set(Object.values(this.handle.fields));
    for (const name of Object.values(kept)) names.delete(name);
    this.handle = { ...this.handle, fields: kept };
    this.files = this.files.filter((file) => !names.has(file.name));
    return [...names].map((name) => join(this.handle.directory, name));
  }

  get id(): number {
    return this.handle.id;
  }

  get rows(): number {
    return this.handle.rows;
  }

  get deletedRows(): number {
    return this.#deletedCount[0] as number;
  }

  /** Bytes of its files. */
  get bytes(): number {
    return this.files.reduce((total, file) => total + file.bytes, 0);
  }

  /** The slot of the row with this key, where there is one that is not deleted. */
  find(key: PointKey): number | undefined {
    const slot = this.#keys.find(key, (candidate) =>
      Buffer.from(this.#points.key(candidate)).equals(key),
    );
    return slot === undefined || this.#deletedAt[slot] !== 0 ? undefined : slot;
  }

  version(slot: number): number {
    return this.#versions[slot] as number;
  }

  shard(slot: number): number {
    return this.#shards[slot] as number;
  }

  deletedAt(slot: number): number {
    return this.#deletedAt[slot] as number;
  }

  deleteSlot(slot: number, sequence: number): void {
    assert(this.#deletedAt[slot] === 0, 'a row is deleted once');
    this.#deletedAt[slot] = sequence;
    this.#deletedCount[0] = this.deletedRows + 1;
  }

  /** Deletes all rows of these shards that there still are. */
  deleteShards(shards: ReadonlySet<number>, sequence: number): void {
    for (let slot = 0; slot < this.rows; slot += 1) {
      if (this.#deletedAt[slot] === 0 && shards.has(this.shard(slot))) {
        this.deleteSlot(slot, sequence);
      }
    }
  }

  /** Keys of a shard's rows that are not deleted, with their slots. */
  *liveKeys(shard: number): Generator<[PointKey, number]> {
    for (let slot = 0; slot < this.rows; slot += 1) {
      if (this.#deletedAt[slot] === 0 && this.shard(slot) === shard) {
        yield [this.#points.key(slot), slot];
      }
    }
  }

  /** Calls `visit` with the shard of each row that is not deleted. */
  forEachLive(visit: (shard: number) => void): void {
    for (let slot = 0; slot < this.rows; slot += 1) {
      if (this.#deletedAt[slot] === 0) visit(this.shard(slot));
    }
  }

  /** One bit a row: it is deleted. */
  tombstones(): Bitset {
    const bits = new Bitset(this.rows);
    for (let slot = 0; slot < this.rows; slot += 1) if (this.#deletedAt[slot] !== 0) bits.add(slot);
    return bits;
  }

  [Symbol.dispose](): void {
    this.#points[Symbol.dispose]();
  }
}
