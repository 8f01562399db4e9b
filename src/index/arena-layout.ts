import { PAGE_BYTES } from './kernels/kernels.ts';

/** Most bytes of one chunk: a WebAssembly memory of 32-bit addresses. */
export const CHUNK_BYTES_MAX = 1 << 30;

/** Rows that one kernel call takes at most: what a lane has scratch room for. */
export const BLOCK_ROWS = 1024;

/** Bytes of what is kept for each row beside its codes: step, sum of codes, squared length. */
export const META_BYTES = 12;

/** Where things lie in each chunk's memory: lanes of scratch, rows, then codes and their meta. All in bytes unless said otherwise. */
export interface ArenaLayout {
  /** Numbers of a row with its padding. */
  readonly width: number;
  readonly rowBytes: number;
  readonly laneBytes: number;
  readonly rowsAt: number;
  readonly codesAt: number;
  readonly metaAt: number;
}

/** How large an arena is, and for how many threads. */
export interface ArenaShape {
  readonly dimension: number;
  readonly capacity: number;
  readonly lanes: number;
  readonly codes: boolean;
}

/** How many rows each chunk of a new arena takes. */
export function rowsPerChunk(shape: ArenaShape, chunkBytesMax: number): number {
  const { width, rowBytes, rowsAt } = arenaLayout(shape, 1);
  const perRow = rowBytes + (shape.codes ? width + META_BYTES : 0);
  return Math.max(1, Math.min(shape.capacity, Math.floor((chunkBytesMax - rowsAt) / perRow)));
}

/** The layout that follows from a shape: the same on every thread. */
export function arenaLayout(shape: ArenaShape, rows: number): ArenaLayout {
  const width = Math.ceil(shape.dimension / 16) * 16;
  const rowBytes = width * 4;
  // A lane: the query, its codes, the slots of a block, the scores of a block; kept apart by whole cache lines.
  const laneBytes = align(rowBytes + width + BLOCK_ROWS * 8, 128);
  const rowsAt = align(laneBytes * shape.lanes, PAGE_BYTES / 16);
  const codesAt = rowsAt + rows * rowBytes;
  const metaAt = codesAt + (shape.codes ? rows * width : 0);
  return { width, rowBytes, laneBytes, rowsAt, codesAt, metaAt };
}

/** Bytes of the memory of a chunk: whole pages. */
export function chunkBytes(layout: ArenaLayout, rows: number, codes: boolean): number {
  const end = codes ? layout.metaAt + rows * META_BYTES : layout.rowsAt + rows * layout.rowBytes;
  return align(end, PAGE_BYTES);
}

function align(bytes: number, unit: number): number {
  return Math.ceil(bytes / unit) * unit;
}
