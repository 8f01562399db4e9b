import { open, type FileHandle } from 'node:fs/promises';

import { VectorDbError } from '../../base/error.ts';

/** How a file of equally long rows is laid out. */
export interface RowLayout {
  /** Where the first row begins, in bytes. */
  readonly dataOffset: number;
  readonly rows: number;
  /** Bytes from one row to the next. */
  readonly stride: number;
  /** Numbers in a row. */
  readonly dimension: number;
  /** Fills `into` (of `dimension` numbers) with the row that begins at `offset` of `bytes`; `row` is its number, for errors. */
  readonly decode: (bytes: Uint8Array, offset: number, into: Float32Array, row: number) => void;
}

const CHUNK_BYTES = 1 << 20;

/** A file whose vectors lie one behind another, read in pieces of about a mebibyte, never as a whole. */
export class RowFile implements AsyncDisposable {
  readonly path: string;
  readonly rows: number;
  readonly dimension: number;
  readonly #handle: FileHandle;
  readonly #layout: RowLayout;

  private constructor(path: string, handle: FileHandle, layout: RowLayout) {
    this.path = path;
    this.rows = layout.rows;
    this.dimension = layout.dimension;
    this.#handle = handle;
    this.#layout = layout;
  }

  /**
   * @param readLayout - reads and checks the file's head; its errors close the file
   * @throws {VectorDbError} INVALID_ARGUMENT when the layout asks for other bytes than the file has
   */
  static async open(
    path: string,
    readLayout: (handle: FileHandle, fileBytes: number) => Promise<RowLayout>,
  ): Promise<RowFile> {
    const handle = await open(path, 'r');
    try {
      const { size } = await handle.stat();
      const layout = await readLayout(handle, size);
      checkLayout(path, layout, size);
      return new RowFile(path, handle, layout);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** The vectors from row `from` on; each is the caller's to keep. */
  async *read(from: number): AsyncGenerator<Float32Array, void, void> {
    const { dataOffset, stride, dimension, decode } = this.#layout;
    const rowsPerChunk = Math.max(1, Math.floor(CHUNK_BYTES / stride));
    for (let first = from; first < this.rows; first += rowsPerChunk) {
      const count = Math.min(rowsPerChunk, this.rows - first);
      const bytes = await readExactly(
        this.#handle,
        this.path,
        dataOffset + first * stride,
        count * stride,
      );
      const numbers = new Float32Array(count * dimension);
      for (let index = 0; index < count; index += 1) {
        const vector = numbers.subarray(index * dimension, (index + 1) * dimension);
        decode(bytes, index * stride, vector, first + index);
        yield vector;
      }
    }
  }

  /** @throws {VectorDbError} INVALID_ARGUMENT when there is no such row */
  async row(row: number): Promise<Float32Array> {
    if (row >= this.rows) {
      throw fileError(this.path, `has ${this.rows} rows, there is no row ${row}`);
    }
    for await (const vector of this.read(row)) return vector;
    throw fileError(this.path, `has no row ${row}`);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#handle.close();
  }
}

/** @throws {VectorDbError} INVALID_ARGUMENT when the file ends before */
export async function readExactly(
  handle: FileHandle,
  path: string,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let filled = 0; filled < length;) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, offset + filled);
    if (bytesRead === 0) throw fileError(path, `ends after ${offset + filled} bytes, in mid-row`);
    filled += bytesRead;
  }
  return bytes;
}

/** What is wrong with a file the caller named. */
export function fileError(path: string, reason: string): VectorDbError {
  return new VectorDbError('INVALID_ARGUMENT', `${path} ${reason}`, { field: path });
}

/** Copies little-endian float32 numbers, whatever their alignment. */
export function decodeFloat32(bytes: Uint8Array, offset: number, into: Float32Array): void {
  new Uint8Array(into.buffer, into.byteOffset, into.byteLength).set(
    bytes.subarray(offset, offset + into.byteLength),
  );
}

function checkLayout(path: string, layout: RowLayout, fileBytes: number): void {
  if (layout.dimension < 1) throw fileError(path, 'has vectors of no numbers');
  const expected = layout.dataOffset + layout.rows * layout.stride;
  if (fileBytes !== expected) {
    throw fileError(
      path,
      `should have ${expected} bytes for ${layout.rows} × ${layout.dimension} numbers, but has ${fileBytes}`,
    );
  }
}
