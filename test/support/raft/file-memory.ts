import type { DataFile, FileSystem } from '../../../src/raft/log/file-system.ts';

/** An error as the file system would give it. */
export function fileFailure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code, path, syscall: 'file' });
}

class MemoryContent {
  #bytes: Uint8Array;
  size: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.size = bytes.length;
  }

  get bytes(): Uint8Array {
    return this.#bytes.slice(0, this.size);
  }

  write(position: number, bytes: Uint8Array): void {
    if (position > this.size) throw new RangeError('a write behind the end of a file');
    const end = position + bytes.length;
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(end, 2 * this.#bytes.length, 256));
      larger.set(this.#bytes.subarray(0, this.size));
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, position);
    this.size = Math.max(this.size, end);
  }

  read(position: number, length: number): Uint8Array {
    return this.#bytes.slice(position, Math.min(this.size, position + length));
  }
}

class MemoryFile implements DataFile {
  readonly #content: MemoryContent;
  #isOpen = true;

  constructor(content: MemoryContent) {
    this.#content = content;
  }

  get size(): number {
    return this.#content.size;
  }

  async write(position: number, bytes: Uint8Array): Promise<void> {
    this.#assertOpen();
    this.#content.write(position, bytes);
  }

  async sync(): Promise<void> {
    this.#assertOpen();
  }

  read(position: number, length: number): Uint8Array {
    this.#assertOpen();
    return this.#content.read(position, length);
  }

  async truncate(size: number): Promise<void> {
    this.#assertOpen();
    this.#content.size = Math.min(size, this.size);
  }

  async close(): Promise<void> {
    this.#isOpen = false;
  }

  #assertOpen(): void {
    if (!this.#isOpen) throw fileFailure('EBADF', 'a closed file');
  }
}

/** Files in memory without faults; tests look at their bytes and change them. Everything is durable at once. */
export class MemoryFileSystem implements FileSystem {
  readonly #files = new Map<string, MemoryContent>();
  readonly #folders = new Set<string>();

  /** @param files - bytes by path */
  constructor(files: ReadonlyMap<string, Uint8Array> = new Map()) {
    for (const [path, bytes] of files) {
      this.#files.set(path, new MemoryContent(new Uint8Array(bytes)));
      const parts = path.split('/');
      for (let depth = 1; depth < parts.length; depth += 1) {
        this.#folders.add(parts.slice(0, depth).join('/'));
      }
    }
  }

  /** Copies of all files, by path, in the order of paths. */
  get files(): ReadonlyMap<string, Uint8Array> {
    const paths = [...this.#files.keys()].toSorted();
    return new Map(paths.map((path) => [path, this.#content(path).bytes]));
  }

  async makeFolder(path: string): Promise<void> {
    this.#folders.add(path);
  }

  async list(path: string): Promise<readonly string[]> {
    if (!this.#folders.has(path)) throw fileFailure('ENOENT', path);
    const prefix = `${path}/`;
    const names = [...this.#files.keys(), ...this.#folders]
      .filter((each) => each.startsWith(prefix))
      .map((each) => each.slice(prefix.length).split('/')[0] ?? '');
    return [...new Set(names)].toSorted();
  }

  async open(path: string, how: 'create' | 'existing'): Promise<DataFile> {
    if (how === 'existing') return new MemoryFile(this.#content(path));
    if (this.#files.has(path)) throw fileFailure('EEXIST', path);
    const content = new MemoryContent(new Uint8Array());
    this.#files.set(path, content);
    return new MemoryFile(content);
  }

  async rename(from: string, to: string): Promise<void> {
    const content = this.#content(from);
    this.#files.delete(from);
    this.#files.set(to, content);
  }

  async remove(path: string): Promise<void> {
    this.#content(path);
    this.#files.delete(path);
  }

  async syncFolder(path: string): Promise<void> {
    if (!this.#folders.has(path)) throw fileFailure('ENOENT', path);
  }

  #content(path: string): MemoryContent {
    const content = this.#files.get(path);
    if (content === undefined) throw fileFailure('ENOENT', path);
    return content;
  }
}
