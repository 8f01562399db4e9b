import type { Random } from '../../../src/base/random.ts';
import type { DataFile, FileSystem } from '../../../src/raft/log/file-system.ts';
import { fileFailure, MemoryFileSystem } from './file-memory.ts';

/** A disk writes these many bytes at once or not at all. Far fewer than real ones, so that small files are torn too. */
const SECTOR = 32;

/** A file's bytes as the process sees them, and as they are sure to survive. */
class Content {
  bytes = new Uint8Array();
  durable = new Uint8Array();

  write(position: number, bytes: Uint8Array): void {
    if (position > this.bytes.length) throw new RangeError('a write behind the end of a file');
    const end = Math.max(this.bytes.length, position + bytes.length);
    const grown = new Uint8Array(end);
    grown.set(this.bytes);
    grown.set(bytes, position);
    this.bytes = grown;
  }

  sync(): void {
    this.durable = this.bytes;
  }

  /** What a crash may leave: any of the sectors that were not synced, in a file of any length in between; bytes in between may be zeros. */
  afterCrash(random: Random): Uint8Array<ArrayBuffer> {
    const { bytes, durable } = this;
    const low = Math.min(bytes.length, durable.length);
    const high = Math.max(bytes.length, durable.length);
    const left = new Uint8Array(low + random.below(high - low + 1));
    left.set(durable.subarray(0, left.length));
    const keeps = random.next();
    for (let at = 0; at < left.length; at += SECTOR) {
      if (random.next() < keeps)
        left.set(bytes.subarray(at, Math.min(at + SECTOR, left.length)), at);
    }
    return left;
  }
}

type Names = Map<string, Content>;

/** Files in memory of which a crash leaves only what was synced for sure, and of the rest anything: names in the order in which they changed, bytes in any. */
export class UnsyncedFileSystem implements FileSystem {
  #names: Names = new Map();
  /** As of the last sync of the folder. */
  #durableNames: Names = new Map();
  /** Changes since then, one state each. */
  #pending: Names[] = [];
  readonly #folders = new Set<string>();

  constructor(files: ReadonlyMap<string, Uint8Array> = new Map()) {
    for (const [path, bytes] of files) {
      const content = new Content();
      content.write(0, bytes);
      content.sync();
      this.#names.set(path, content);
      this.#folders.add(path.slice(0, path.lastIndexOf('/')));
    }
    this.#durableNames = new Map(this.#names);
  }

  /** Everything as the process sees it. */
  get files(): ReadonlyMap<string, Uint8Array> {
    return new Map([...this.#names].map(([path, { bytes }]) => [path, bytes.slice()]));
  }

  /** What a crash at this moment may leave. */
  crash(random: Random): ReadonlyMap<string, Uint8Array> {
    const states = [this.#durableNames, ...this.#pending];
    const names = states[random.below(states.length)] ?? this.#durableNames;
    return new Map([...names].map(([path, content]) => [path, content.afterCrash(random)]));
  }

  async makeFolder(path: string): Promise<void> {
    this.#folders.add(path);
  }

  list(path: string): Promise<readonly string[]> {
    const files = new MemoryFileSystem(this.files);
    for (const folder of this.#folders) void files.makeFolder(folder);
    return files.list(path);
  }

  async open(path: string, how: 'create' | 'existing'): Promise<DataFile> {
    const found = this.#names.get(path);
    if (how === 'existing' && found === undefined) throw fileFailure('ENOENT', path);
    if (how === 'create' && found !== undefined) throw fileFailure('EEXIST', path);
    const content = found ?? new Content();
    if (found === undefined) this.#change((names) => names.set(path, content));
    return {
      get size() {
        return content.bytes.length;
      },
      write: async (position, bytes) => content.write(position, bytes),
      sync: async () => content.sync(),
      read: (position, length) => content.bytes.slice(position, position + length),
      truncate: async (size) => {
        content.bytes = content.bytes.slice(0, size);
      },
      close: async () => {},
    };
  }

  async rename(from: string, to: string): Promise<void> {
    const content = this.#names.get(from);
    if (content === undefined) throw fileFailure('ENOENT', from);
    this.#change((names) => {
      names.delete(from);
      names.set(to, content);
    });
  }

  async remove(path: string): Promise<void> {
    if (!this.#names.has(path)) throw fileFailure('ENOENT', path);
    this.#change((names) => names.delete(path));
  }

  async syncFolder(): Promise<void> {
    this.#durableNames = this.#names;
    this.#pending = [];
  }

  #change(change: (names: Names) => void): void {
    this.#names = new Map(this.#names);
    change(this.#names);
    this.#pending.push(this.#names);
  }
}
