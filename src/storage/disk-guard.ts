import { statfsSync } from 'node:fs';
import { VectorDbError } from '../base/error.ts';

export interface DiskGuardOptions {
  /** A folder on the disk. */
  readonly path: string;
  /** Bytes that stay free: below that, nothing is written; 0 switches the guard off. */
  readonly minFreeBytes: number;
  /** Bytes free on a folder's disk; {@link freeDiskBytes} but in tests. */
  readonly freeBytes: (path: string) => number;
}

/** Refuses writes while there is still room for the database to tidy up in. */
export class DiskGuard {
  readonly #options: DiskGuardOptions;

  constructor(options: DiskGuardOptions) {
    this.#options = options;
  }

  /** Costs a system call. @throws {VectorDbError} DISK_FULL */
  assertRoom(): void {
    const { path, minFreeBytes, freeBytes } = this.#options;
    if (minFreeBytes === 0) return;
    const free = freeBytes(path);
    if (free < minFreeBytes) {
      throw new VectorDbError(
        'DISK_FULL',
        `the disk of ${path} has ${free} bytes free, fewer than the ${minFreeBytes} that stay free`,
      );
    }
  }
}

/** Bytes that this process may still write to a folder's disk. */
export function freeDiskBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}
