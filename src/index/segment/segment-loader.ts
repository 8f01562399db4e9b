import { statSync } from 'node:fs';
import { join } from 'node:path';

import type { CollectionSchema } from '../collection-schema.ts';
import { Bitset } from '../bitset.ts';
import { VectorArena } from '../vector-arena.ts';
import { segmentDirectoryName, type SegmentFile } from './build-job.ts';
import { readBlocks } from './checked-file.ts';
import { columnFileNames } from './column-builder.ts';
import type { SealedColumn, SealedHandle } from './index-view.ts';
import type { ManifestSegment } from './segment-manifest.ts';
import { META_FILE, readSegmentMeta } from './segment-meta.ts';

/** Why a segment of the manifest cannot be used. */
export interface SegmentDamage {
  readonly damage: string;
}

/** A segment of the manifest that can be used. */
export interface LoadedSegment {
  /** Lacks the payload indexes whose files are damaged. */
  readonly handle: SealedHandle;
  /** Without the damaged ones. */
  readonly files: readonly SegmentFile[];
  readonly damagedFields: readonly DamagedField[];
}

/** A file of a payload index that cannot be used; the rest of its segment can. */
export interface DamagedField {
  /** Key path of the field. */
  readonly key: string;
  readonly file: string;
  readonly damage: string;
}

/** The sequence at which rows went before the collection was opened. */
export const SEQUENCE_AT_OPEN = 1;

/**
 * Reads a sealed segment into shared memory. Every byte of every file is compared with its checksum before anything is made of it.
 *
 * @param directory - the collection's
 */
export async function loadSegment(
  directory: string,
  schema: CollectionSchema,
  entry: ManifestSegment,
  lanes: number,
): Promise<LoadedSegment | SegmentDamage> {
  const path = join(directory, segmentDirectoryName(entry.id));
  const names = Object.keys(schema.vectors).toSorted();
  const vectorFiles = new Map(names.map((name, index) => [columnFileNames(index).vectors, name]));
  const fieldKeys = new Map(Object.entries(entry.fields).map(([key, name]) => [name, key]));
  const arenas = new Map<string, VectorArena>();
  const damagedFields: DamagedField[] = [];
  for (const file of entry.files) {
    const name = vectorFiles.get(file.name);
    const damage = await damageOf(path, file, name !== undefined, async () => {
      if (name === undefined) return readBlocks(path, file.name).crc32;
      const dimension = schema.vectors[name]?.dimension ?? 0;
      const options = { path: join(path, file.name), dimension, rows: entry.rows, lanes };
      const { arena, crc } = await VectorArena.fromFile(options);
      arenas.set(name, arena);
      return crc;
    });
    if (damage === undefined) continue;
    const key = fieldKeys.get(file.name);
    if (key === undefined) return { damage };
    damagedFields.push({ key, file: file.name, damage });
  }
  const meta = readSegmentMeta(path);
  if (meta === undefined || meta.rows !== entry.rows) {
    return { damage: `${META_FILE} is not of this version` };
  }
  const columns: Record<string, SealedColumn> = {};
  let bitmaps = 0;
  for (const name of names) {
    const arena = arenas.get(name);
    const column = entry.columns[name];
    if (arena === undefined || column === undefined) {
      return { damage: `it lacks the vectors named ${JSON.stringify(name)}` };
    }
    const { count, graph } = column;
    const present = count < entry.rows ? meta.present[bitmaps++] : undefined;
    columns[name] = {
      arena: arena.handle,
      count,
      ...(present && { present }),
      ...(graph && { graph }),
    };
  }
  const { versions, offsets, keys, shards } = meta;
  const { id, rows } = entry;
  const damaged = new Set(damagedFields.map(({ file }) => file));
  const fields = Object.fromEntries(
    Object.entries(entry.fields).filter(([, name]) => !damaged.has(name)),
  );
  const handle: SealedHandle = {
    kind: 'sealed',
    id,
    rows,
    directory: path,
    ...deadRows(entry),
    shards,
    versions,
    offsets,
    keys,
    columns,
    fields,
  };
  return { handle, files: entry.files.filter(({ name }) => !damaged.has(name)), damagedFields };
}

async function damageOf(
  directory: string,
  file: SegmentFile,
  isVectors: boolean,
  checksum: () => Promise<number>,
): Promise<string | undefined> {
  try {
    const { size } = statSync(join(directory, file.name));
    if (size !== file.bytes) return `${file.name} has ${size} bytes instead of ${file.bytes}`;
    if ((await checksum()) !== file.crc32) return `${file.name} does not match its checksum`;
    return undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `${file.name} cannot be read${isVectors ? ' into memory' : ''}: ${reason}`;
  }
}

function deadRows(entry: ManifestSegment) {
  const deletedAt = new SharedArrayBuffer(entry.rows * 8);
  const deletedCount = new SharedArrayBuffer(4);
  const sequences = new Float64Array(deletedAt);
  const dead = new Bitset(entry.rows, entry.tombstones);
  dead.forEach((slot) => {
    sequences[slot] = SEQUENCE_AT_OPEN;
  });
  new Int32Array(deletedCount)[0] = dead.count();
  return { deletedAt, deletedCount };
}
