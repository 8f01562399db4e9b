import { closeSync, fsyncSync, openSync } from 'node:fs';
import { join } from 'node:path';

import { Bitset } from '../bitset.ts';
import type { VectorSchema } from '../collection-schema.ts';
import { engineFor } from '../engine/engine-for.ts';
import type { GraphBuilder } from '../engine/graph-engine.ts';
import { VectorArena } from '../vector-arena.ts';
import type { SegmentFile } from './build-job.ts';
import { type BuildContext, throwIfAborted } from './build-context.ts';
import type { BuildPlan } from './build-plan.ts';
import { readBlocks, syncPath } from './checked-file.ts';
import type { SealedColumn } from './index-view.ts';

/** One named vector of a segment to be. */
export interface ColumnBuildOptions {
  readonly directory: string;
  /** Place of the vector's name among the schema's, sorted: numbers its files. */
  readonly index: number;
  readonly name: string;
  readonly schema: VectorSchema;
  readonly plan: BuildPlan;
  readonly lanes: number;
}

/** One named vector of a segment that was built. */
export interface BuiltColumn {
  readonly column: SealedColumn;
  readonly files: readonly SegmentFile[];
}

/** Rows added to a graph at once: some hundredths of a second's work. */
const BATCH_ROWS = 512;
const SAMPLE_ROWS = 2_000;

/** Names of the files of the `index`-th vector. */
export function columnFileNames(index: number): {
  readonly vectors: string;
  readonly graph: string;
} {
  return { vectors: `vectors-${index}.f32`, graph: `graph-${index}` };
}

/** Copies the vectors of one name into an arena and a file, and puts them into a graph. */
export async function buildColumn(
  options: ColumnBuildOptions,
  context: BuildContext,
): Promise<BuiltColumn> {
  const { plan, directory, lanes } = options;
  const names = columnFileNames(options.index);
  const { dimension } = options.schema;
  const arena = VectorArena.create({ dimension, capacity: plan.rows, lanes });
  const present = await copyVectors(options, arena, context);
  const files = [writeVectors(directory, names.vectors, arena, plan.rows)];
  const count = present.count();
  const presentWords =
    count === plan.rows ? {} : { present: present.words.buffer as SharedArrayBuffer };
  if (count === 0) return { column: { arena: arena.handle, count, ...presentWords }, files };
  const builder = graphBuilder(options, arena, present);
  await addToGraph(builder, options, arena, present, context);
  const path = join(directory, names.graph);
  builder.save(path);
  syncPath(path);
  files.push(readBlocks(directory, names.graph));
  const graph = { file: names.graph, encoding: builder.encoding };
  return { column: { arena: arena.handle, count, ...presentWords, graph }, files };
}

async function copyVectors(
  options: ColumnBuildOptions,
  arena: VectorArena,
  context: BuildContext,
): Promise<Bitset> {
  const { plan, name } = options;
  const memory = new SharedArrayBuffer(((plan.rows + 31) >>> 5) * 4);
  const present = new Bitset(plan.rows, new Uint32Array(memory));
  for (let slot = 0; slot < plan.rows; slot += 1) {
    const vector = plan.source(slot).vector(name, plan.sourceSlot(slot));
    if (vector !== undefined) {
      arena.write(slot, vector);
      present.add(slot);
    }
    if (slot % BATCH_ROWS === 0) {
      await context.breathe();
      throwIfAborted(context.signal);
    }
  }
  return present;
}

function writeVectors(
  directory: string,
  name: string,
  arena: VectorArena,
  rows: number,
): SegmentFile {
  const fd = openSync(join(directory, name), 'w');
  try {
    const crc32 = arena.writeFile(fd, 0, rows);
    fsyncSync(fd);
    return { name, bytes: rows * arena.dimension * 4, crc32 };
  } finally {
    closeSync(fd);
  }
}

function graphBuilder(
  options: ColumnBuildOptions,
  arena: VectorArena,
  present: Bitset,
): GraphBuilder {
  const { schema, plan, name } = options;
  const engine = engineFor(schema.quantization);
  const base = plan.base?.handle;
  if (base?.kind === 'sealed') {
    const graph = base.columns[name]?.graph;
    if (graph !== undefined) {
      return engine.extend(schema, join(base.directory, graph.file), graph.encoding);
    }
  }
  const slots: number[] = [];
  const step = Math.max(1, Math.floor(plan.rows / SAMPLE_ROWS));
  for (let slot = 0; slot < plan.rows && slots.length < SAMPLE_ROWS; slot += step) {
    if (present.has(slot)) slots.push(slot);
  }
  return engine.create(schema, arena.copyRows(slots));
}

async function addToGraph(
  builder: GraphBuilder,
  options: ColumnBuildOptions,
  arena: VectorArena,
  present: Bitset,
  context: BuildContext,
): Promise<void> {
  const { plan } = options;
  const isInGraph = builder.size > 0 ? (plan.base?.rows ?? 0) : 0;
  const slots = new Uint32Array(BATCH_ROWS);
  let used = 0;
  const flush = (): void => {
    const batch = slots.slice(0, used);
    builder.add(batch, arena.copyRows(batch));
    used = 0;
  };
  for (let slot = isInGraph; slot < plan.rows; slot += 1) {
    if (present.has(slot)) slots[used++] = slot;
    if (used < BATCH_ROWS) continue;
    flush();
    context.onProgress?.(slot + 1, plan.rows);
    await context.breathe();
    throwIfAborted(context.signal);
  }
  if (used > 0) flush();
  context.onProgress?.(plan.rows, plan.rows);
}
