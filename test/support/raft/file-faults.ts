import type { DataFile, FileSystem } from '../../../src/raft/log/file-system.ts';

/** A call that changes files; reads are none. */
export interface FileCall {
  readonly name: 'open' | 'write' | 'sync' | 'truncate' | 'rename' | 'remove' | 'syncFolder';
  readonly path: string;
  /** Counts the calls, from 0. */
  readonly number: number;
}

/** How a call ends that does not succeed; a write may leave some of its bytes behind. */
export interface FileFault {
  readonly error: Error;
  /** Bytes of a write that reach the file all the same; absent: none. */
  readonly written?: number;
}

/** Files of which any call may fail: `decide` is asked before each. */
export class FaultyFileSystem implements FileSystem {
  readonly #files: FileSystem;
  readonly #decide: (call: FileCall) => FileFault | undefined;
  #calls = 0;

  constructor(files: FileSystem, decide: (call: FileCall) => FileFault | undefined) {
    this.#files = files;
    this.#decide = decide;
  }

  /** Calls so far. */
  get calls(): number {
    return this.#calls;
  }

  makeFolder(path: string): Promise<void> {
    return this.#files.makeFolder(path);
  }

  list(path: string): Promise<readonly string[]> {
    return this.#files.list(path);
  }

  async open(path: string, how: 'create' | 'existing'): Promise<DataFile> {
    this.#pass('open', path);
    const file = await this.#files.open(path, how);
    return {
      get size() {
        return file.size;
      },
      write: async (position, bytes) => {
        const fault = this.#ask('write', path);
        if (fault === undefined) return file.write(position, bytes);
        await file.write(position, bytes.subarray(0, fault.written ?? 0));
        throw fault.error;
      },
      sync: async () => {
        this.#pass('sync', path);
        await file.sync();
      },
      read: (position, length) => file.read(position, length),
      truncate: async (size) => {
        this.#pass('truncate', path);
        await file.truncate(size);
      },
      close: () => file.close(),
    };
  }

  async rename(from: string, to: string): Promise<void> {
    this.#pass('rename', to);
    await this.#files.rename(from, to);
  }

  async remove(path: string): Promise<void> {
    this.#pass('remove', path);
    await this.#files.remove(path);
  }

  async syncFolder(path: string): Promise<void> {
    this.#pass('syncFolder', path);
    await this.#files.syncFolder(path);
  }

  #ask(name: FileCall['name'], path: string): FileFault | undefined {
    const number = this.#calls;
    this.#calls += 1;
    return this.#decide({ name, path, number });
  }

  #pass(name: FileCall['name'], path: string): void {
    const fault = this.#ask(name, path);
    if (fault !== undefined) throw fault.error;
  }
}
