import { closeSync, openSync, readSync } from 'node:fs';

import { assert } from '../../base/assert.ts';
import type { PointKey } from '../../base/point-id.ts';

/** Name of the file inside a segment's directory. */
export const POINTS_FILE = 'points.bin';

/** A row's key and payload, each a part of one new buffer. */
export interface StoredRow {
  readonly key: PointKey;
  readonly payload: Uint8Array;
}

/**
 * Keys and payloads of a sealed segment: key, payload, key, … at the offsets its handle holds. The file stays readable after it was unlinked, until
 * {@link PointsFile[Symbol.dispose]}.
 */
export class PointsFile implements Disposable {
  readonly #fd: number;
  readonly #offsets: Float64Array;

  /** @param offsets - `2 * rows + 1` numbers */
  constructor(path: string, offsets: Float64Array) {
    this.#fd = openSync(path, 'r');
    this.#offsets = offsets;
  }

  key(slot: number): PointKey {
    return this.#read(this.#offset(2 * slot), this.#offset(2 * slot + 1));
  }

  payload(slot: number): Uint8Array {
    return this.#read(this.#offset(2 * slot + 1), this.#offset(2 * slot + 2));
  }

  payloadBytes(slot: number): number {
    return this.#offset(2 * slot + 2) - this.#offset(2 * slot + 1);
  }

  row(slot: number): StoredRow {
    const start = this.#offset(2 * slot);
    const keyBytes = this.#offset(2 * slot + 1) - start;
    const bytes = this.#read(start, this.#offset(2 * slot + 2));
    return { key: bytes.subarray(0, keyBytes), payload: bytes.subarray(keyBytes) };
  }

  /**
   * All rows in [from, to), read in large blocks; what `visit` gets is overwritten afterwards.
   *
   * @param blockBytes - about how much is read at once
   */
  scan(
    from: number,
    to: number,
    visit: (slot: number, key: Uint8Array, payload: Uint8Array) => void,
    blockBytes = 1 << 20,
  ): void {
    let block = Buffer.allocUnsafe(0);
    for (let first = from; first < to;) {
      const start = this.#offset(2 * first);
      let last = first + 1;
      while (last < to && this.#offset(2 * last + 2) - start <= blockBytes) last += 1;
      const bytes = this.#offset(2 * last) - start;
      if (block.length < bytes) block = Buffer.allocUnsafe(Math.max(bytes, blockBytes));
      this.#fill(block, bytes, start);
      for (let slot = first; slot < last; slot += 1) {
        const key = this.#offset(2 * slot) - start;
        const payload = this.#offset(2 * slot + 1) - start;
        const end = this.#offset(2 * slot + 2) - start;
        visit(slot, block.subarray(key, payload), block.subarray(payload, end));
      }
      first = last;
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }

  #offset(index: number): number {
    return this.#offsets[index] as number;
  }

  #read(start: number, end: number): Uint8Array {
    const bytes = Buffer.allocUnsafeSlow(end - start);
    this.#fill(bytes, end - start, start);
    return bytes;
  }

  #fill(into: Uint8Array, bytes: number, position: number): void {
    let done = 0;
    while (done < bytes) {
      const read = readSync(this.#fd, into, done, bytes - done, position + done);
      assert(read > 0, 'points.bin is shorter than its segment says');
      done += read;
    }
  }
}
