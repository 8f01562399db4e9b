import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';

import { parseKeyPath, keyPathText } from '../payload/key-path.ts';
import { type FieldIndex } from '../payload-index/field-index.ts';
import { openFieldIndex } from '../payload-index/field-index-file.ts';
import type { SealedHandle } from '../segment/index-view.ts';

/** The payload indexes of a sealed segment. Files are opened with the segment and read when a filter first needs them. */
export class SealedFields implements Disposable {
  readonly #directory: string;
  readonly #files = new Map<string, { readonly name: string; fd: number | undefined }>();
  readonly #indexes = new Map<string, FieldIndex>();

  constructor(handle: SealedHandle) {
    this.#directory = handle.directory;
    this.update(handle);
  }

  /** Opens indexes that are new in the handle and closes those it does not have any more. */
  update(handle: SealedHandle): void {
    const wanted = new Map(
      Object.entries(handle.fields).map(([key, name]) => [pathText(key), name]),
    );
    for (const [key, file] of this.#files) {
      if (wanted.get(key) === file.name) continue;
      if (file.fd !== undefined) closeSync(file.fd);
      this.#files.delete(key);
      this.#indexes.delete(key);
    }
    for (const [key, name] of wanted) {
      if (this.#files.has(key)) continue;
      this.#files.set(key, { name, fd: openSync(join(this.#directory, name), 'r') });
    }
  }

  /** By the canonical text of key paths. */
  get all(): ReadonlyMap<string, FieldIndex> {
    for (const [key, file] of this.#files) {
      if (file.fd === undefined) continue;
      this.#indexes.set(key, openFieldIndex(readAll(file.fd)));
      closeSync(file.fd);
      file.fd = undefined;
    }
    return this.#indexes;
  }

  [Symbol.dispose](): void {
    for (const { fd } of this.#files.values()) if (fd !== undefined) closeSync(fd);
    this.#files.clear();
  }
}

const pathText = (key: string): string => keyPathText(parseKeyPath(key, 'field_name'));

function readAll(fd: number): Uint8Array {
  const bytes = new Uint8Array(fstatSync(fd).size);
  for (let done = 0; done < bytes.length;) {
    const read = readSync(fd, bytes, done, bytes.length - done, done);
    if (read === 0) return bytes.subarray(0, done);
    done += read;
  }
  return bytes;
}
