import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { VectorDbError } from '../../base/error.ts';
import type { CollectionSchema } from '../collection-schema.ts';
import { segmentDirectoryName } from './build-job.ts';
import type { IndexEvent } from './index-event.ts';
import { SealedSegment } from './sealed-segment.ts';
import { loadSegment } from './segment-loader.ts';
import {
  MANIFEST_FILE,
  readManifest,
  writeManifest,
  type Manifest,
  type ManifestSegment,
} from './segment-manifest.ts';
import type { SegmentSet } from './segment-set.ts';
import type { ShardMark } from './shard-mark.ts';

export interface SegmentStoreOptions {
  readonly schema: CollectionSchema;
  readonly directory: string;
  readonly lanes: number;
  readonly log?: (event: IndexEvent) => void;
}

/** What of a collection's index is on disk. */
export class SegmentStore {
  readonly damage: readonly string[];
  readonly #options: SegmentStoreOptions;
  #watermarks: ReadonlyMap<number, ShardMark>;
  #nextId: number;
  #loaded: SealedSegment[];

  private constructor(
    options: SegmentStoreOptions,
    manifest: Manifest | undefined,
    loaded: SealedSegment[],
    damage: readonly string[],
  ) {
    this.#options = options;
    const watermarks = manifest?.watermarks ?? new Map<number, ShardMark>();
    this.#watermarks = damage.length > 0 ? unknownIndexes(watermarks) : watermarks;
    this.#nextId = manifest?.nextId ?? 1;
    this.#loaded = loaded;
    this.damage = damage;
  }

  /**
   * Checks and reads everything that the manifest lists; removes what is damaged and what it does not list. A damaged payload index alone costs only itself:
   * it is built again from the segment.
   */
  static async open(options: SegmentStoreOptions): Promise<SegmentStore> {
    const { directory, schema, lanes, log } = options;
    const damage: string[] = [];
    const manifest = manifestOf(options, damage);
    const loaded: SealedSegment[] = [];
    for (const entry of manifest?.segments ?? []) {
      const segment = await loadSegment(directory, schema, entry, lanes);
      if ('damage' in segment) {
        damage.push(`segment ${entry.id}: ${segment.damage}`);
        continue;
      }
      const { handle, files, damagedFields } = segment;
      loaded.push(new SealedSegment(handle, files));
      for (const { key, file, damage: what } of damagedFields) {
        rmSync(join(handle.directory, file), { recursive: true, force: true });
        const fields = { collection: schema.name, segment: entry.id, field: key, damage: what };
        log?.({ level: 'error', event: 'index_field_damaged', fields });
      }
    }
    const known = new Set([
      MANIFEST_FILE,
      ...loaded.map((segment) => segmentDirectoryName(segment.id)),
    ]);
    let nextId = manifest?.nextId ?? 1;
    let unlisted = 0;
    for (const name of readdirSync(directory)) {
      const id = /^segment-(\d+)/.exec(name)?.[1];
      if (id !== undefined) nextId = Math.max(nextId, Number(id) + 1);
      if (known.has(name)) continue;
      if (id !== undefined) unlisted += 1;
      rmSync(join(directory, name), { recursive: true, force: true });
    }
    if (manifest === undefined && damage.length === 0 && unlisted > 0) {
      const fields = { collection: schema.name, segments: unlisted };
      log?.({ level: 'warn', event: 'index_manifest_missing', fields });
    }
    for (const what of damage) {
      const fields = { collection: schema.name, damage: what };
      log?.({ level: 'error', event: 'index_segment_damaged', fields });
    }
    const store = new SegmentStore(options, manifest, loaded, damage);
    store.#nextId = nextId;
    return store;
  }

  /** By shard: the log index up to which what is on disk holds everything, and of which store. */
  get watermarks(): ReadonlyMap<number, ShardMark> {
    return this.#watermarks;
  }

  /** A number that no segment had before. */
  nextId(): number {
    return this.#nextId++;
  }

  /** The segments that {@link open} read, which belong to the caller from now on. */
  takeLoaded(): SealedSegment[] {
    const loaded = this.#loaded;
    this.#loaded = [];
    return loaded;
  }

  /** Lists the sealed segments, with their tombstones, in a new manifest. */
  save(segments: SegmentSet, watermarks: ReadonlyMap<number, ShardMark>): void {
    writeManifest(this.#options.directory, {
      collection: this.#options.schema.number,
      nextId: this.#nextId,
      watermarks,
      segments: segments.sealed.map(manifestEntry),
    });
    this.#watermarks = new Map(watermarks);
  }

  /** Closes segments that no manifest lists any more and removes their files, and other files. */
  remove(segments: readonly SealedSegment[], files: readonly string[]): void {
    for (const path of files) rmSync(path, { force: true });
    for (const segment of segments) {
      segment[Symbol.dispose]();
      rmSync(segment.handle.directory, { recursive: true, force: true });
    }
  }
}

/** Where segments are missing, the rows that are left are still of the same stores. */
function unknownIndexes(marks: ReadonlyMap<number, ShardMark>): ReadonlyMap<number, ShardMark> {
  return new Map([...marks].map(([shard, { lineage }]) => [shard, { index: 0, lineage }]));
}

function manifestOf(options: SegmentStoreOptions, damage: string[]): Manifest | undefined {
  try {
    const manifest = readManifest(options.directory);
    if (manifest === undefined || manifest.collection === options.schema.number) return manifest;
    damage.push('the manifest is of another collection');
  } catch (error) {
    if (!(error instanceof VectorDbError) || error.code !== 'DATA_CORRUPT') throw error;
    damage.push(error.message);
  }
  return undefined;
}

function manifestEntry(segment: SealedSegment): ManifestSegment {
  const { handle } = segment;
  return {
    id: segment.id,
    rows: segment.rows,
    files: segment.files,
    columns: Object.fromEntries(
      Object.entries(handle.columns).map(([name, { arena, count, graph }]) => [
        name,
        { dimension: arena.dimension, count, ...(graph && { graph }) },
      ]),
    ),
    fields: handle.fields,
    tombstones: segment.tombstones().words,
  };
}
