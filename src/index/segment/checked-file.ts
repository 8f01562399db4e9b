import { closeSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

import type { SegmentFile } from './build-job.ts';

const BLOCK_BYTES = 1 << 20;

/** Writes a file from front to back, with its checksum; durable once {@link finish} returned. */
export class CheckedFileWriter implements Disposable {
  readonly #name: string;
  readonly #fd: number;
  readonly #block = Buffer.allocUnsafe(BLOCK_BYTES);
  #used = 0;
  #bytes = 0;
  #crc = 0;
  #open = true;

  constructor(directory: string, name: string) {
    this.#name = name;
    this.#fd = openSync(join(directory, name), 'w');
  }

  write(bytes: Uint8Array): void {
    if (this.#used + bytes.length > BLOCK_BYTES) this.#flush();
    if (bytes.length > BLOCK_BYTES) {
      this.#writeAll(bytes);
      return;
    }
    this.#block.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  /** Writes out, fsyncs and closes. */
  finish(): SegmentFile {
    this.#flush();
    fsyncSync(this.#fd);
    this[Symbol.dispose]();
    return { name: this.#name, bytes: this.#bytes, crc32: this.#crc };
  }

  [Symbol.dispose](): void {
    if (this.#open) closeSync(this.#fd);
    this.#open = false;
  }

  #flush(): void {
    if (this.#used > 0) this.#writeAll(this.#block.subarray(0, this.#used));
    this.#used = 0;
  }

  #writeAll(bytes: Uint8Array): void {
    this.#crc = crc32(bytes, this.#crc);
    for (let done = 0; done < bytes.length;) {
      done += writeSync(this.#fd, bytes, done, bytes.length - done, this.#bytes + done);
    }
    this.#bytes += bytes.length;
  }
}

/** Reads a file from front to back in large blocks, which are overwritten by the next. Returns length and checksum of what was there. */
export function readBlocks(
  directory: string,
  name: string,
  visit: (block: Uint8Array) => void = () => undefined,
): SegmentFile {
  const fd = openSync(join(directory, name), 'r');
  try {
    const block = Buffer.allocUnsafe(BLOCK_BYTES);
    let bytes = 0;
    let crc = 0;
    for (;;) {
      const read = readSync(fd, block, 0, BLOCK_BYTES, bytes);
      if (read === 0) return { name, bytes, crc32: crc };
      const part = block.subarray(0, read);
      crc = crc32(part, crc);
      bytes += read;
      visit(part);
    }
  } finally {
    closeSync(fd);
  }
}

/** Makes a file or a directory's entries durable. */
export function syncPath(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
