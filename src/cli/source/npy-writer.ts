import { open, rename, rm, type FileHandle } from 'node:fs/promises';

import { VectorDbError } from '../../base/error.ts';
import { encodeNpyHeader } from './npy-header.ts';

const FLUSH_BYTES = 1 << 20;
/** Leaves room for any number of rows and numbers: the header is written anew when they are known. */
const HEADER_BYTES = 128;

/** Writes rows of float32 numbers to a `.npy` file, which appears under its name only when it is whole. */
export class NpyWriter implements AsyncDisposable {
  readonly #path: string;
  readonly #handle: FileHandle;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #offset = HEADER_BYTES;
  #rows = 0;
  #rowBytes: number | undefined;
  #finished = false;

  private constructor(path: string, handle: FileHandle) {
    this.#path = path;
    this.#handle = handle;
  }

  static async create(path: string): Promise<NpyWriter> {
    return new NpyWriter(path, await open(`${path}.partial`, 'w'));
  }

  /**
   * @param row - little-endian float32 numbers; kept until it is written
   * @throws {VectorDbError} DIMENSION_MISMATCH when it is not as long as the first
   */
  async write(row: Uint8Array): Promise<void> {
    this.#rowBytes ??= row.length;
    if (row.length !== this.#rowBytes) {
      throw new VectorDbError(
        'DIMENSION_MISMATCH',
        `${this.#path} has rows of ${this.#rowBytes / 4} numbers, one of ${row.length / 4} does not fit`,
      );
    }
    this.#pending.push(row);
    this.#pendingBytes += row.length;
    this.#rows += 1;
    if (this.#pendingBytes >= FLUSH_BYTES) await this.#flush();
  }

  /** Writes what is left and gives the file its name. */
  async finish(): Promise<void> {
    await this.#flush();
    const shape = [this.#rows, (this.#rowBytes ?? 4) / 4];
    const header = encodeNpyHeader({ descr: '<f4', fortranOrder: false, shape });
    await this.#handle.write(header, 0, HEADER_BYTES, 0);
    await this.#handle.sync();
    await rename(`${this.#path}.partial`, this.#path);
    this.#finished = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
    if (!this.#finished) await rm(`${this.#path}.partial`, { force: true });
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.concat(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    let written = 0;
    while (written < bytes.length) {
      const at = this.#offset + written;
      written += (await this.#handle.write(bytes, written, bytes.length - written, at))
        .bytesWritten;
    }
    this.#offset += bytes.length;
  }
}
