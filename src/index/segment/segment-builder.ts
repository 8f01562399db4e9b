import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { assert, must } from '../../base/assert.ts';
import type { BuildContext } from './build-context.ts';
import { segmentDirectoryName, type BuildJob, type BuiltSegment } from './build-job.ts';
import { BuildPlan } from './build-plan.ts';
import { BuildSource } from './build-source.ts';
import { CheckedFileWriter, syncPath } from './checked-file.ts';
import { buildColumn, type BuiltColumn } from './column-builder.ts';
import { buildFieldFiles, missingFields } from './field-files.ts';
import type { SealedColumn, SealedHandle } from './index-view.ts';
import { KeyTable } from './key-table.ts';
import { POINTS_FILE } from './points-file.ts';
import { writeSegmentMeta } from './segment-meta.ts';

/**
 * Makes one sealed segment from several segments. Files are written into a temporary directory, fsynced and renamed; nothing refers to them before
 * the caller lists them in the manifest.
 *
 * @throws {VectorDbError} CANCELLED when the signal is aborted; DISK_FULL, STORAGE_FAILED
 */
export async function buildSegment(job: BuildJob, context: BuildContext): Promise<BuiltSegment> {
  if (job.kind === 'fields') return buildFields(job, context);
  const directory = join(job.directory, segmentDirectoryName(job.id));
  const temporary = `${directory}.tmp`;
  const sources: BuildSource[] = [];
  try {
    for (const handle of job.sources) {
      sources.push(new BuildSource(handle, job.sequence, context.lane));
    }
    rmSync(temporary, { recursive: true, force: true });
    mkdirSync(temporary, { recursive: true });
    const built = await buildInto(temporary, directory, job, new BuildPlan(sources), context);
    syncPath(temporary);
    renameSync(temporary, directory);
    syncPath(job.directory);
    return built;
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    throw error;
  } finally {
    for (const source of sources) source[Symbol.dispose]();
  }
}

/** The payload indexes that a sealed segment lacks, beside its files. */
async function buildFields(job: BuildJob, context: BuildContext): Promise<BuiltSegment> {
  const [handle] = job.sources;
  assert(handle?.kind === 'sealed' && job.sources.length === 1, 'fields are of a sealed segment');
  using source = new BuildSource(handle, job.sequence, context.lane);
  const { fields, files } = await buildFieldFiles(
    {
      directory: handle.directory,
      schema: job.schema,
      keys: missingFields(job.schema, handle.fields),
      rowCount: handle.rows,
      visitPayloads: (from, to, visit) =>
        source.scan(from, to, (slot, _key, payload) => visit(slot, payload)),
    },
    context,
  );
  syncPath(handle.directory);
  return { handle: { ...handle, fields: { ...handle.fields, ...fields } }, files, sources: [] };
}

async function buildInto(
  temporary: string,
  directory: string,
  job: BuildJob,
  plan: BuildPlan,
  context: BuildContext,
): Promise<BuiltSegment> {
  assert(plan.rows > 0, 'a segment has rows');
  const points = writePoints(temporary, plan);
  const files = [points.file];
  const columns: Record<string, SealedColumn> = {};
  const present: SharedArrayBuffer[] = [];
  for (const [index, name] of Object.keys(job.schema.vectors).toSorted().entries()) {
    const schema = must(job.schema.vectors[name], 'a name of the schema');
    const options = { directory: temporary, index, name, schema, plan, lanes: job.lanes };
    const column: BuiltColumn = await buildColumn(options, context);
    columns[name] = column.column;
    files.push(...column.files);
    if (column.column.present !== undefined) present.push(column.column.present);
  }
  const { fields, files: fieldFiles } = await buildFieldFiles(
    {
      directory: temporary,
      schema: job.schema,
      keys: Object.keys(job.schema.payloadIndexes),
      rowCount: plan.rows,
      visitPayloads: (from, to, visit) =>
        plan.scan(from, to, (slot, _key, payload, live) => {
          if (live) visit(slot, payload);
        }),
    },
    context,
  );
  files.push(...fieldFiles);
  const { versions, shards } = rowNumbers(plan);
  const { rows } = plan;
  const { offsets, keys } = points;
  files.push(writeSegmentMeta(temporary, { rows, versions, offsets, keys, shards, present }));
  const handle: SealedHandle = {
    kind: 'sealed',
    id: job.id,
    rows,
    directory,
    deletedAt: new SharedArrayBuffer(rows * 8),
    deletedCount: new SharedArrayBuffer(4),
    shards,
    versions,
    offsets,
    keys,
    columns,
    fields,
  };
  const sources = plan.sources.map((source, index) => ({
    id: source.handle.id,
    slots: plan.slots[index] as Uint32Array,
  }));
  return { handle, files, sources };
}

function writePoints(directory: string, plan: BuildPlan) {
  using file = new CheckedFileWriter(directory, POINTS_FILE);
  const offsets = new SharedArrayBuffer((2 * plan.rows + 1) * 8);
  const offsetNumbers = new Float64Array(offsets);
  const table = KeyTable.withRoomFor(plan.rows);
  let position = 0;
  plan.scan(0, plan.rows, (slot, key, payload, live) => {
    offsetNumbers[2 * slot] = position;
    if (live) {
      table.add(key, slot);
      file.write(key);
      position += key.length;
    }
    offsetNumbers[2 * slot + 1] = position;
    if (live) {
      file.write(payload);
      position += payload.length;
    }
    offsetNumbers[2 * slot + 2] = position;
  });
  return { file: file.finish(), offsets, keys: table.entries.buffer };
}

function rowNumbers(plan: BuildPlan) {
  const versions = new SharedArrayBuffer(plan.rows * 8);
  const shards = new SharedArrayBuffer(plan.rows * 2);
  const versionNumbers = new Float64Array(versions);
  const shardNumbers = new Uint16Array(shards);
  for (let slot = 0; slot < plan.rows; slot += 1) {
    const source = plan.source(slot);
    versionNumbers[slot] = source.version(plan.sourceSlot(slot));
    shardNumbers[slot] = source.shard(plan.sourceSlot(slot));
  }
  return { versions, shards };
}
