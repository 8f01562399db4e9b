import {
  close,
  fdatasync,
  fstat,
  fsync,
  ftruncate,
  mkdir,
  open,
  readdir,
  readSync,
  rename,
  type Stats,
  unlink,
  write,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { promisify } from 'node:util';

import { must } from '../../base/assert.ts';
import type { DataFile, FileSystem } from './file-system.ts';

const openFile = promisify(open);
const closeFile = promisify(close);
const syncData = promisify(fdatasync);
const syncAll = promisify(fsync);
const cutFile = promisify(ftruncate);
const statFile: (file: number) => Promise<Stats> = promisify(fstat);

class NodeFile implements DataFile {
  /** Undefined when it is closed: the system gives the same number to the next file that is opened. */
  #descriptor: number | undefined;
  #size: number;

  constructor(descriptor: number, size: number) {
    this.#descriptor = descriptor;
    this.#size = size;
  }

  get #file(): number {
    return must(this.#descriptor, 'a closed file is not used');
  }

  get size(): number {
    return this.#size;
  }

  async write(position: number, bytes: Uint8Array): Promise<void> {
    let done = 0;
    while (done < bytes.length) done += await this.#writeSome(position + done, bytes, done);
    this.#size = Math.max(this.#size, position + bytes.length);
  }

  async sync(): Promise<void> {
    await syncData(this.#file);
  }

  read(position: number, length: number): Uint8Array {
    const wanted = Math.max(0, Math.min(length, this.#size - position));
    const bytes = new Uint8Array(wanted);
    let done = 0;
    while (done < wanted) {
      const count = readSync(this.#file, bytes, done, wanted - done, position + done);
      if (count === 0) return bytes.subarray(0, done);
      done += count;
    }
    return bytes;
  }

  async truncate(size: number): Promise<void> {
    await cutFile(this.#file, size);
    this.#size = size;
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#descriptor = undefined;
    await closeFile(file);
  }

  /** A system call may write less than it was asked to. */
  #writeSome(position: number, bytes: Uint8Array, from: number): Promise<number> {
    return new Promise((resolve, reject) => {
      write(this.#file, bytes, from, bytes.length - from, position, (error, count) => {
        if (error === null) resolve(count);
        else reject(error);
      });
    });
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await openFile(path, 'r');
  try {
    await syncAll(folder);
  } finally {
    await closeFile(folder);
  }
}

/** The machine's own files. */
export const nodeFileSystem: FileSystem = {
  async makeFolder(path) {
    const first = await promisify(mkdir)(path, { recursive: true });
    if (first === undefined) return;
    // Each new folder is a name in the one above it.
    const top = dirname(resolve(first));
    let above = dirname(resolve(path));
    while (above.length > top.length) {
      await syncFolder(above);
      above = dirname(above);
    }
    await syncFolder(top);
  },

  async list(path) {
    const names = await promisify(readdir)(path);
    return names.toSorted();
  },

  async open(path, how) {
    const file = await openFile(path, how === 'create' ? 'wx+' : 'r+');
    const { size } = await statFile(file);
    return new NodeFile(file, size);
  },

  rename: promisify(rename),
  remove: promisify(unlink),
  syncFolder,
};
