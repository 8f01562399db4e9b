import type { DataFile, FileSystem } from '../../../src/raft/log/file-system.ts';
import type { EventQueue } from './event-queue.ts';
import type { RandomStream } from './random-streams.ts';
import { type CrashFate, SimulatedInode } from './simulated-inode.ts';
import type { SimulatedProcess } from './simulated-process.ts';

/** How a node's disk behaves. Milliseconds of true time. */
export interface DiskOptions {
  readonly writeMeanMs: number;
  readonly syncMeanMs: number;
  /** What may become of un-synced changes at a crash. */
  readonly fates: readonly CrashFate[];
}

/** What the next operation of a kind meets. */
export type DiskFault = 'ENOSPC' | 'EIO';

type NameChange = { readonly path: string; readonly inode: SimulatedInode | undefined };

function systemError(code: DiskFault | 'ENOENT' | 'EEXIST', path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));

/** The disk of a node; outlives its processes, and forgets what was not synced when one crashes. */
export class SimulatedDisk {
  readonly #queue: EventQueue;
  readonly #random: RandomStream;
  #options: DiskOptions;
  readonly #folders = new Set<string>();
  readonly #names = new Map<string, SimulatedInode>();
  readonly #durableNames = new Map<string, SimulatedInode>();
  /** Changes of names, in order, each group to be seen together: a rename removes one and sets one. */
  #nameChanges: (readonly NameChange[])[] = [];
  #inodes = 0;
  #nextFaults: { write: DiskFault | undefined; sync: DiskFault | undefined } = {
    write: undefined,
    sync: undefined,
  };
  /** No room for anything. */
  isFull = false;
  /** Times as slow as it should be; at least 1. */
  slowness = 1;
  /** The next read gives wrong bytes, or too few, though the right ones are there. */
  misreadsNext: 'wrong' | 'short' | undefined = undefined;
  /** Reads that went wrong. */
  misreads = 0;
  /** Until then no sync ends, in true time. */
  stalledUntilMs = 0;

  constructor(queue: EventQueue, random: RandomStream, options: DiskOptions) {
    this.#queue = queue;
    this.#random = random;
    this.#options = options;
  }

  /** The next write or sync fails. */
  failNext(operation: 'write' | 'sync', fault: DiskFault): void {
    this.#nextFaults[operation] = fault;
  }

  /** Whether it may fail a process, or make it wait for long. */
  get isUnwell(): boolean {
    return this.isFull || this.slowness > 1 || this.stalledUntilMs > this.#queue.nowMs;
  }

  /** No fault is to come any more, and it is fast. */
  heal(): void {
    this.#nextFaults = { write: undefined, sync: undefined };
    this.#options = { ...this.#options, writeMeanMs: 0.1, syncMeanMs: 0.2 };
    this.misreadsNext = undefined;
    this.slowness = 1;
    this.isFull = false;
    this.stalledUntilMs = 0;
  }

  /** The power goes, with the process. */
  crash(): void {
    const fate = this.#random.pick(this.#options.fates);
    const kept =
      fate === 'lost'
        ? 0
        : fate === 'kept'
          ? this.#nameChanges.length
          : this.#random.below(this.#nameChanges.length + 1);
    for (const changes of this.#nameChanges.slice(0, kept)) rename(this.#durableNames, changes);
    this.#nameChanges = [];
    this.#names.clear();
    for (const [path, inode] of this.#durableNames) this.#names.set(path, inode);
    for (const inode of new Set(this.#names.values())) inode.crash(fate, this.#random);
    this.#nextFaults = { write: undefined, sync: undefined };
    this.misreadsNext = undefined;
    this.misreads = 0;
  }

  /** A new, empty disk takes the place. */
  wipe(): void {
    this.#folders.clear();
    this.#names.clear();
    this.#durableNames.clear();
    this.#nameChanges = [];
  }

  /** Files, durable bytes and bytes on their way. */
  get usage(): { readonly files: number; readonly bytes: number } {
    let bytes = 0;
    for (const inode of this.#names.values()) bytes += inode.size;
    return { files: this.#names.size, bytes };
  }

  /** Durable bytes go bad, where that can be told from bytes that were never written; undefined: there are none such. Says what was done. */
  rot(): string | undefined {
    const files = [...this.#durableNames].toSorted(([a], [b]) => (a < b ? -1 : 1));
    // Segments are numbered.
    const newest = files.findLast(([path]) => /\d\.log$/.test(path))?.[1];
    const sizes = files.map(([, inode]) => inode.rottableBytes(inode === newest));
    let left = this.#random.below(1 + sizes.reduce((sum, size) => sum + size, 0));
    const place = sizes.findIndex((size) => (left -= size) < 0);
    const file = files[place];
    if (file === undefined) return undefined;
    const [path, inode] = file;
    const how = this.#random.happens(0.7) ? 'bit' : 'sector';
    const limit = inode.rottableBytes(inode === newest);
    const position = this.#random.below(limit);
    const sectorEnd = position - (position % 512) + 512;
    if (how === 'sector' && sectorEnd > limit) return undefined;
    return inode.rot(position, how, this.#random)
      ? `${how} of byte ${position} of ${path}`
      : undefined;
  }

  /** The disk as a process sees it. */
  mount(process: SimulatedProcess): FileSystem {
    const later = <T>(what: string, run: () => T): Promise<T> =>
      new Promise((resolve, reject) => {
        process.schedule(this.#delay(this.#options.writeMeanMs), `n${process.node} ${what}`, () => {
          try {
            resolve(run());
          } catch (error) {
            reject(error instanceof Error ? error : new Error(String(error)));
          }
        });
      });
    const changed = (changes: readonly NameChange[]): void => {
      rename(this.#names, changes);
      this.#nameChanges.push(changes);
    };
    return {
      makeFolder: (path) =>
        later('makeFolder', () => {
          this.#folders.add(path);
        }),
      list: (path) =>
        later('list', () =>
          [...this.#names.keys()]
            .filter((name) => folderOf(name) === path)
            .map((name) => name.slice(path.length + 1))
            .sort(),
        ),
      open: (path, how) =>
        later(`open ${how}`, () => {
          const present = this.#names.get(path);
          if (how === 'existing') {
            if (present === undefined) throw systemError('ENOENT', path);
            return this.#open(process, path, present);
          }
          if (present !== undefined) throw systemError('EEXIST', path);
          this.#assertRoom(path);
          const inode = new SimulatedInode((this.#inodes += 1));
          changed([{ path, inode }]);
          return this.#open(process, path, inode);
        }),
      rename: (from, to) =>
        later('rename', () => {
          const inode = this.#names.get(from);
          if (inode === undefined) throw systemError('ENOENT', from);
          changed([
            { path: from, inode: undefined },
            { path: to, inode },
          ]);
        }),
      remove: (path) =>
        later('remove', () => {
          if (!this.#names.has(path)) throw systemError('ENOENT', path);
          changed([{ path, inode: undefined }]);
        }),
      syncFolder: (path) => {
        const due = new Set(this.#nameChanges.filter((changes) => inFolder(changes, path)));
        return later('syncFolder', () => {
          for (const changes of due) rename(this.#durableNames, changes);
          this.#nameChanges = this.#nameChanges.filter((changes) => !due.has(changes));
        });
      },
    };
  }

  #read(inode: SimulatedInode, position: number, length: number): Uint8Array {
    const bytes = inode.live.read(position, length);
    const how = this.misreadsNext;
    if (how === undefined || bytes.length === 0) return bytes;
    this.misreadsNext = undefined;
    this.misreads += 1;
    const at = this.#random.below(bytes.length);
    if (how === 'short') return bytes.subarray(0, at);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << this.#random.below(8));
    return bytes;
  }

  #assertRoom(path: string): void {
    if (this.isFull) throw systemError('ENOSPC', path);
  }

  #delay(meanMs: number): number {
    return (0.02 + this.#random.exponential(meanMs)) * this.slowness;
  }

  #takeFault(operation: 'write' | 'sync'): DiskFault | undefined {
    const fault = this.#nextFaults[operation];
    this.#nextFaults[operation] = undefined;
    return fault ?? (this.isFull && operation === 'write' ? 'ENOSPC' : undefined);
  }

  #open(process: SimulatedProcess, path: string, inode: SimulatedInode): DataFile {
    const label = (what: string): string => `n${process.node} ${what}`;
    /** In the order of the calls. */
    const inOrder = (what: string, meanMs: number, fault: DiskFault | undefined, run: () => void) =>
      new Promise<void>((resolve, reject) => {
        const stall = what === 'sync' ? this.stalledUntilMs : 0;
        const atMs = Math.max(this.#queue.nowMs + this.#delay(meanMs), inode.busyUntilMs, stall);
        inode.busyUntilMs = atMs;
        process.scheduleAt(atMs, label(what), () => {
          if (fault !== undefined) {
            reject(systemError(fault, path));
            return;
          }
          run();
          resolve();
        });
      });
    return {
      get size() {
        return inode.size;
      },
      write: (position, bytes) => {
        if (position > inode.size) throw new Error(`a write behind the end of ${path}`);
        const fault = this.#takeFault('write');
        const whole = fault === undefined ? bytes.length : this.#random.below(bytes.length + 1);
        inode.issueWrite(position, bytes.subarray(0, whole));
        return inOrder('write', this.#options.writeMeanMs, fault, () => inode.complete());
      },
      sync: () => {
        const due = inode.unsyncedChanges;
        const generation = inode.changesMadeDurable;
        return inOrder('sync', this.#options.syncMeanMs, this.#takeFault('sync'), () => {
          inode.makeDurable(due - (inode.changesMadeDurable - generation));
        });
      },
      read: (position, length) => this.#read(inode, position, length),
      truncate: (size) => {
        inode.issueTruncate(size);
        return inOrder('truncate', this.#options.writeMeanMs, undefined, () => inode.complete());
      },
      close: () => inOrder('close', this.#options.writeMeanMs, undefined, () => undefined),
    };
  }
}

function rename(names: Map<string, SimulatedInode>, changes: readonly NameChange[]): void {
  for (const { path, inode } of changes) {
    if (inode === undefined) names.delete(path);
    else names.set(path, inode);
  }
}

const inFolder = (changes: readonly NameChange[], folder: string): boolean =>
  changes.some(({ path }) => folderOf(path) === folder);
